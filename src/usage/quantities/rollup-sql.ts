import type { Meter } from '../../domain/catalog.js';
import type { UsageQuestion } from '../../domain/metering/question.js';
import { groupFilterSql, groupValuesSql } from './dimensions.js';
import { admittedSql, groupsOfEventSql, NOT_VOIDED } from './events-sql.js';

/*
 * $1 accounts, $2 hours from, $3 hours to (one of each a question); $4 the meter; $5 the values that the question's filter admits;
 * of the edges $6 question, $7 account, $8 start, $9 end, $10 sign; $11 the event type, $12 conditions on events, $13 group-by properties,
 * $14 the value's property. Relies on usage_rollup_pk, usage_rollup_tail_by_account and usage_event_pk.
 */
export const rollupSql = (meter: Meter, question: UsageQuestion): string => `
  with asked as (
    select idx::int as idx, account_id, lo, hi from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) with ordinality as q(account_id, lo, hi, idx)),
  hours as (
    select a.idx, r.grp, r.events, r.numbers, r.total, r.least, r.greatest
    from asked a join usage_rollup r on r.account_id = a.account_id and r.meter = $4 and r.hour >= a.lo and r.hour < a.hi
    union all
    select a.idx, r.grp, r.events, r.numbers, r.total, r.least, r.greatest
    from asked a join usage_rollup_tail r on r.account_id = a.account_id and r.meter = $4 and r.hour >= a.lo and r.hour < a.hi),
  edges as (
    select * from unnest($6::int[], $7::uuid[], $8::timestamptz[], $9::timestamptz[], $10::int[]) as x(idx, account_id, lo, hi, sign)),
  counted as (
    select idx, ${groupValuesSql(meter, question)} as group_values, events, numbers, total, least, greatest
    from hours where ${groupFilterSql(meter, question, '$5')}
    union all
    select x.idx, ${groupsOfEventSql('$13')}, x.sign, x.sign * (v.n is not null)::int, x.sign * coalesce(v.n, 0), v.n, v.n
    from edges x
    join usage_event e on e.account_id = x.account_id and e.type = $11 and e.event_time >= x.lo and e.event_time < x.hi
    cross join lateral (select usage_number(e.data, $14) as n) v
    where ${admittedSql('$12')} and ${NOT_VOIDED})
  select idx, group_values as "groupValues", sum(events)::bigint as events, sum(numbers)::bigint as values,
    ${PICKED[meter.aggregation] ?? 'null'} as quantity, null as billable
  from counted group by idx, group_values having sum(events) > 0`;

const PICKED: Readonly<Partial<Record<Meter['aggregation'], string>>> = {
  count: 'sum(events)::text',
  sum: 'sum(total)::text',
  average: 'case when sum(numbers) > 0 then sum(total)::text end',
  max: 'max(greatest)::text',
  min: 'min(least)::text',
};

/** Whether a meter's quantity can be added up from its hours. */
export const isAdditive = ({ aggregation }: Meter): boolean => aggregation in PICKED;

/** Whether what was counted can be taken off again. */
export const subtracts = ({ aggregation }: Meter): boolean => ['count', 'sum', 'average'].includes(aggregation);
