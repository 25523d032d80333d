import { plainArray, textArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant } from '../../domain/instant.js';
import type { NumberMeasure } from '../../domain/metering/measures.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import { notYetFilledSql } from '../fills/fill-rows.js';
import { refuseArchivedRange } from '../archive/archived.js';
import type { CountedEvent } from '../measured-event.js';
import { conditionsOf } from '../quantities/dimensions.js';
import { admittedSql, NOT_VOIDED } from '../quantities/events-sql.js';
import { stopCompaction } from './compact.js';

/** A number that an event is to a meter. */
export interface CountedNumber {
  readonly counted: CountedEvent;
  readonly meter: CatalogMeter;
  readonly measure: NumberMeasure;
}

/*
 * All that is known of some hours of a meter is replaced by what their events say. One statement, and so one snapshot: what is being stored
 * meanwhile is neither taken away nor counted, and adds itself. Appended, as a row cannot be taken out and put in again by one statement.
 * $1 accounts, $2 hours, $3 groups; $4 the meter, $5 its event type, $6 its value, $7 its conditions, $8 its groupBy. Relies on usage_event_pk.
 */
const RECOUNT = `
  with touched as (
    select distinct a as account_id, date_bin('1 hour', t, 'epoch') as hour, g as grp from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as u(a, t, g)),
  gone as (
    delete from usage_rollup r using touched t where r.account_id = t.account_id and r.meter = $4 and r.hour = t.hour and r.grp = t.grp),
  gone_from_tail as (
    delete from usage_rollup_tail r using touched t where r.account_id = t.account_id and r.meter = $4 and r.hour = t.hour and r.grp = t.grp)
  insert into usage_rollup_tail (account_id, meter, hour, grp, events, numbers, total, least, greatest)
  select t.account_id, $4::int, t.hour, t.grp, count(*), count(v.n), coalesce(sum(v.n), 0), min(v.n), max(v.n)
  from touched t
  join usage_event e on e.account_id = t.account_id and e.type = $5 and e.event_time >= t.hour and e.event_time < t.hour + interval '1 hour'
  cross join lateral (select usage_number(e.data, $6) as n) v
  where ${admittedSql('$7')} and ${NOT_VOIDED} and not ${notYetFilledSql('$4')}
    and case when t.grp = '' then true else t.grp::jsonb = (
      select jsonb_agg(usage_text(e.data, p.property) order by p.n) from unnest($8::text[]) with ordinality as p(property, n)) end
  group by t.account_id, t.hour, t.grp`;

/** Counts the hours of these numbers anew. @throws Refusal `usage_archived` where some of their events are archived */
export async function recountHours(tx: Tx, numbers: readonly CountedNumber[]): Promise<void> {
  if (numbers.length === 0) return;
  await stopCompaction(tx);
  const meters = new Map<number, CatalogMeter>(numbers.map(({ meter }) => [meter.id, meter]));
  for (const meter of [...meters.values()].sort((a, b) => a.id - b.id)) {
    const own = numbers.filter((number) => number.meter.id === meter.id);
    await tx.query(RECOUNT, [
      plainArray(own.map(({ counted }) => counted.accountId)),
      plainArray(own.map(({ counted }) => formatInstant(counted.event.time))),
      textArray(own.map(({ measure }) => measure.group)),
      meter.id,
      meter.eventType,
      meter.value ?? '',
      JSON.stringify(conditionsOf(meter.filter)),
      textArray(meter.groupBy ?? []),
    ]);
  }
  for (const { counted, meter } of numbers) {
    const { time } = counted.event;
    await refuseArchivedRange(tx, { from: time, to: time + 1n, types: [meter.eventType] });
  }
}
