import type { Aggregation } from '../domain/catalog.js';

/*
 * $1 accounts, $2 from, $3 to (one of each a question), $4 the event type, $5 conditions [{ property, admitted }], $6 group-by properties,
 * $7 the value's property. Every question reads its own range of usage_event_by_type.
 */
export const ASKED = `
  with asked as (
    select idx::int as idx, account_id, lo, hi
    from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) with ordinality as q(account_id, lo, hi, idx))`;

export const ADMITTED = `
  not exists (
    select 1 from jsonb_to_recordset($5::jsonb) as c(property text, admitted jsonb)
    where not coalesce(c.admitted ? usage_text(e.data, c.property), false))`;

export const GROUP_VALUES = `
  array(select coalesce(usage_text(e.data, g.property), '') from unnest($6::text[]) with ordinality as g(property, n) order by g.n)`;

/** The order of events at one instant, as the domain has it. */
export const TIES = `sequence collate "C", source collate "C", id collate "C"`;

export const EVENTS = `${ASKED},
  counted as (
    select a.idx, ${GROUP_VALUES} as group_values, e.event_time, e.sequence, e.source, e.id,
      usage_number(e.data, $7) as n, usage_text(e.data, $7) as t
    from asked a join usage_event e on e.account_id = a.account_id and e.type = $4 and e.event_time >= a.lo and e.event_time < a.hi
    where ${ADMITTED})`;

const quantity = (expression: string): string => `
  select idx, group_values as "groupValues", count(*) as events, count(n) as values, (${expression})::text as quantity, null as billable
  from counted group by idx, group_values order by idx, group_values`;

/** How events in the range become one number; an average is divided outside, as a fraction. */
export const PICKED: Readonly<Record<Exclude<Aggregation, 'time_weighted'>, string>> = {
  count: quantity('count(*)'),
  sum: quantity('coalesce(sum(n), 0)'),
  max: quantity('max(n)'),
  min: quantity('min(n)'),
  latest: quantity(
    `(array_agg(n order by event_time desc, sequence collate "C" desc, source collate "C" desc, id collate "C" desc) filter (where n is not null))[1]`,
  ),
  average: quantity('sum(n)'),
  unique: quantity('count(distinct t)'),
  percentile: quantity('(array_agg(n order by n) filter (where n is not null))[ceil($8::numeric * count(n) / 100)::int]'),
};
