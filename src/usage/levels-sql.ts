import { ADMITTED, ASKED, GROUP_VALUES, TIES } from './events-sql.js';

/*
 * The integral of a level, in units times microseconds. A point of a resource holds until the resource's next point, whatever group or filter
 * that one belongs to: +v where it begins, -v where it ends. In mode delta an event is one jump, for good. Jumps before the range add up to the
 * level that is carried in. As for events, and $8 the resource's property, $9 the mode, $10 the free level; $11 the meter's own conditions,
 * which decide what is a point at all.
 */
export const LEVELS = `${ASKED},
  points as (
    select a.idx, a.lo, a.hi, ${GROUP_VALUES} as group_values, ${ADMITTED} as admitted, e.event_time as t, usage_number(e.data, $7) as v,
      lead(e.event_time) over (partition by a.idx, coalesce(usage_text(e.data, $8), '') order by e.event_time, ${TIES}) as until
    from asked a join usage_event e on e.account_id = a.account_id and e.type = $4 and e.event_time < a.hi
    where ${ADMITTED.replace('$5', '$11')}),
  jumps as (
    select idx, lo, hi, group_values, t, coalesce(v, 0) as d, (t >= lo)::int as counts from points where admitted
    union all
    select idx, lo, hi, group_values, until, -coalesce(v, 0), 0 from points where admitted and until is not null and $9 = 'level'),
  steps as (
    select idx, hi, group_values, greatest(t, lo) as t, sum(d) as d, sum(counts) as counts
    from jumps group by idx, hi, group_values, greatest(t, lo)),
  levels as (
    select idx, group_values, counts,
      sum(d) over moments as level,
      (extract(epoch from lead(t, 1, hi) over moments) - extract(epoch from t)) * 1000000 as micros
    from steps window moments as (partition by idx, group_values order by t))
  select idx, group_values as "groupValues", sum(counts)::bigint as events, 0::bigint as values,
    sum(level * micros)::text as quantity, sum(case when $10::numeric is null then level else greatest(level - $10::numeric, 0) end * micros)::text as billable
  from levels group by idx, group_values
  having cardinality(group_values) = 0 or sum(counts) > 0 or sum(level * micros) <> 0
  order by idx, group_values`;
