import { plainArray, textArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant } from '../../domain/instant.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import type { CountedEvent } from '../measured-event.js';
import { type CountedNumber, recountHours } from './recount-hours.js';

const appendSql = (sign: 1 | -1): string => `
  insert into usage_rollup_tail (account_id, meter, hour, grp, events, numbers, total, least, greatest)
  select a, m, date_bin('1 hour', t, 'epoch'), g, ${String(sign)} * count(*), ${String(sign)} * count(v), ${String(sign)} * coalesce(sum(v), 0),
    ${sign === 1 ? 'min(v), max(v)' : 'null, null'}
  from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::numeric[]) as n(a, m, t, g, v)
  group by 1, 2, 3, 4`;

/** Counts events for the meters that they are numbers to. `storeEvents` does so by itself. */
export async function countNumbers(tx: Tx, events: readonly CountedEvent[]): Promise<void> {
  await append(tx, numbersIn(events), 1);
}

/**
 * Takes back what was counted. A sum is less by the number; what the least or the greatest of an hour is without one must be found anew,
 * from the events that are left: so they are to be voided before.
 */
export async function uncountNumbers(tx: Tx, events: readonly CountedEvent[]): Promise<void> {
  const numbers = numbersIn(events);
  await append(
    tx,
    numbers.filter(({ meter }) => !isExtreme(meter)),
    -1,
  );
  await recountHours(
    tx,
    numbers.filter(({ meter }) => isExtreme(meter)),
  );
}

const isExtreme = ({ aggregation }: CatalogMeter): boolean => aggregation === 'min' || aggregation === 'max';

const numbersIn = (events: readonly CountedEvent[]): CountedNumber[] =>
  events.flatMap((counted) =>
    counted.measures.flatMap(({ meter, measure }) => (measure.kind === 'number' ? [{ counted, meter, measure }] : [])),
  );

async function append(tx: Tx, numbers: readonly CountedNumber[], sign: 1 | -1): Promise<void> {
  if (numbers.length === 0) return;
  await tx.query(appendSql(sign), [
    plainArray(numbers.map(({ counted }) => counted.accountId)),
    plainArray(numbers.map(({ meter }) => meter.id)),
    plainArray(numbers.map(({ counted }) => formatInstant(counted.event.time))),
    textArray(numbers.map(({ measure }) => measure.group)),
    plainArray(numbers.map(({ measure }) => measure.value)),
  ]);
}
