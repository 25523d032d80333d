import type { Meter } from '../../domain/catalog.js';

/** SQL that lets the events pass whose data has one of the admitted values in each property; the parameter is a list of conditions. */
export const admittedSql = (parameter: string): string => `
  not exists (
    select 1 from jsonb_to_recordset(${parameter}::jsonb) as c(property text, admitted jsonb)
    where not coalesce(c.admitted ? usage_text(e.data, c.property), false))`;

/** SQL for the values of the properties in a list. */
export const groupsOfEventSql = (parameter: string): string => `
  array(select coalesce(usage_text(e.data, g.property), '') from unnest(${parameter}::text[]) with ordinality as g(property, n) order by g.n)`;

export const NOT_VOIDED = `
  not exists (
    select 1 from usage_void v
    where v.account_id = e.account_id and v.type = e.type and v.event_time = e.event_time and v.event_seq = e.event_seq)`;

/*
 * From the events themselves, for what cannot be added up. $1 accounts, $2 from, $3 to (one of each a question), $4 the event type, $5 conditions,
 * $6 group-by properties, $7 the value's property, $8 the percentile. Every question reads its own range of usage_event_pk.
 */
export const eventsSql = ({ aggregation }: Meter): string => `
  with asked as (
    select idx::int as idx, account_id, lo, hi
    from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) with ordinality as q(account_id, lo, hi, idx)),
  counted as (
    select a.idx, ${groupsOfEventSql('$6')} as group_values, e.event_time, e.sequence, e.source, e.id,
      usage_number(e.data, $7) as n, usage_text(e.data, $7) as t
    from asked a join usage_event e on e.account_id = a.account_id and e.type = $4 and e.event_time >= a.lo and e.event_time < a.hi
    where ${admittedSql('$5')} and ${NOT_VOIDED})
  select idx, group_values as "groupValues", count(*) as events, count(n) as values, (${PICKED[aggregation] ?? 'null'})::text as quantity, null as billable
  from counted where $8::text is not null group by idx, group_values order by idx, group_values`;

/** How the events in the range become one number; an average is divided outside, as a fraction. */
const PICKED: Readonly<Partial<Record<Meter['aggregation'], string>>> = {
  count: 'count(*)',
  sum: 'coalesce(sum(n), 0)',
  max: 'max(n)',
  min: 'min(n)',
  latest: `(array_agg(n order by event_time desc, sequence collate "C" desc, source collate "C" desc, id collate "C" desc) filter (where n is not null))[1]`,
  average: 'sum(n)',
  unique: 'count(distinct t)',
  percentile: '(array_agg(n order by n) filter (where n is not null))[ceil($8::numeric * count(n) / 100)::int]',
};
