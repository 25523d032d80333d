import type { Meter } from '../../domain/catalog.js';
import type { UsageQuestion } from '../../domain/metering/question.js';
import { admitsAll, groupFilterSql, groupValuesSql } from './dimensions.js';

const micros = (interval: string): string => `(extract(epoch from ${interval}) * 1000000)`;
const monthOf = (at: string): string => `date_trunc('month', ${at}, 'UTC')`;

/*
 * The integral of a level over [from, to): the level at the start for the whole of it, and every jump for what then is left of it. A jump of
 * an hour that lies in the range is in the hour's row: jump x (to - hour) - moment. $1 accounts, $2 from, $3 to, $4 hours from, $5 hours to;
 * $6 the meter, $7 the values that the question's filter admits; of the edges $8 question, $9 start, $10 end, $11 sign in what is carried in,
 * $12 sign in what is inside.
 */
export const levelSql = (meter: Meter, question: UsageQuestion): string => `
  with asked as (
    select idx::int as idx, account_id, lo, hi, h0, h1
    from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[]) with ordinality as q(account_id, lo, hi, h0, h1, idx)),
  parts as (
    select a.idx, m.grp, m.jump as carried, 0 as inside, 0 as points
    from asked a join usage_level_month m on m.account_id = a.account_id and m.meter = $6 and m.month < ${monthOf('a.h0')}
    union all
    select a.idx, c.grp, c.jump, 0, 0
    from asked a join usage_level_cell c on c.account_id = a.account_id and c.meter = $6 and c.hour >= ${monthOf('a.h0')} and c.hour < a.h0
    union all
    select a.idx, c.grp, c.jump, 0, 0
    from asked a join usage_level_tail c on c.account_id = a.account_id and c.meter = $6 and c.hour < a.h0
    union all
    select a.idx, c.grp, 0, c.jump * ${micros('a.hi - c.hour')} - c.moment, c.points
    from asked a join usage_level_cell c on c.account_id = a.account_id and c.meter = $6 and c.hour >= a.h0 and c.hour < a.h1
    union all
    select a.idx, c.grp, 0, c.jump * ${micros('a.hi - c.hour')} - c.moment, c.points
    from asked a join usage_level_tail c on c.account_id = a.account_id and c.meter = $6 and c.hour >= a.h0 and c.hour < a.h1
    union all
    select a.idx, j.grp, x.carried * j.jump, x.inside * j.jump * ${micros('a.hi - j.at')}, x.inside * j.points
    from unnest($8::int[], $9::timestamptz[], $10::timestamptz[], $11::int[], $12::int[]) as x(idx, lo, hi, carried, inside)
    join asked a on a.idx = x.idx
    join usage_jump j on j.account_id = a.account_id and j.meter = $6 and j.at >= x.lo and j.at < x.hi),
  grouped as (
    select idx, ${groupValuesSql(meter, question)} as group_values, sum(carried) as carried, sum(inside) as inside, sum(points) as points
    from parts where ${groupFilterSql(meter, question, '$7')} group by 1, 2)
  select g.idx, group_values as "groupValues", points::bigint as events, 0::bigint as values,
    (carried * ${micros('a.hi - a.lo')} + inside)::text as quantity, null as billable
  from grouped g join asked a on a.idx = g.idx
  where cardinality(group_values) = 0 or points > 0 or carried * ${micros('a.hi - a.lo')} + inside <> 0`;

/*
 * The integral of what of a level lies above a free one, $8. $1 accounts, $2 from, $3 to, $4 the hour of the start, $5 the full hour at or after
 * the end; $6 the meter, $7 the values that the filter admits. An hour that stays above the free level, or below it, is taken as a whole; of
 * one that crosses it is known how long each level stood, where it has many jumps and all groups are admitted. Jumps are read of the others
 * that cross it, of the first and the last, and of those that were not added up yet.
 */
export const freeLevelSql = (meter: Meter, question: UsageQuestion): string => {
  const admitted = groupFilterSql(meter, question, '$7');
  return `
  with asked as (
    select idx::int as idx, account_id, lo, hi, h0, h1
    from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[]) with ordinality as q(account_id, lo, hi, h0, h1, idx)),
  carried as materialized (
    select a.idx, coalesce(
      (select sum(m.jump) from usage_level_month m where m.account_id = a.account_id and m.meter = $6 and m.month < ${monthOf('a.h0')} and ${admitted}), 0)
      + coalesce((select sum(c.jump) from usage_level_cell c where c.account_id = a.account_id and c.meter = $6
          and c.hour >= ${monthOf('a.h0')} and c.hour < a.h0 and ${admitted}), 0)
      + coalesce((select sum(c.jump) from usage_level_tail c where c.account_id = a.account_id and c.meter = $6 and c.hour < a.h0 and ${admitted}), 0) as level
    from asked a),
  hours as (
    select idx, hour, sum(jump) as jump, sum(moment) as moment, sum(least) as least, sum(greatest) as greatest, bool_or(raw) as raw
    from (
      select a.idx, c.hour, c.jump, c.moment, c.least, c.greatest, false as raw
      from asked a join usage_level_cell c on c.account_id = a.account_id and c.meter = $6 and c.hour >= a.h0 and c.hour < a.h1 where ${admitted}
      union all
      select a.idx, c.hour, c.jump, c.moment, 0, 0, true
      from asked a join usage_level_tail c on c.account_id = a.account_id and c.meter = $6 and c.hour >= a.h0 and c.hour < a.h1 where ${admitted}
      union all
      select a.idx, a.h0, 0, 0, 0, 0, false from asked a) c
    group by idx, hour),
  levels as (
    select h.*, h.hour + interval '1 hour' as until, a.account_id, a.lo, a.hi,
      k.level + coalesce(sum(h.jump) over (partition by h.idx order by h.hour rows between unbounded preceding and 1 preceding), 0) as level,
      coalesce(lead(h.hour) over (partition by h.idx order by h.hour), a.h1) as next
    from hours h join asked a on a.idx = h.idx join carried k on k.idx = h.idx),
  judged as (
    select l.*, s.rises, s.micros, case
        when raw or l.hour < lo or until > hi then 'read'
        when level + least >= $8::numeric then 'above'
        when level + greatest <= $8::numeric then 'below'
        when rises is not null then 'spans'
        else 'read' end as how
    from levels l left join usage_level_span s on ${String(admitsAll(question))} and s.account_id = l.account_id and s.meter = $6 and s.hour = l.hour),
  read as (
    select j.idx, j.hour, j.lo, j.hi, j.until, j.level, s.at, s.jump
    from judged j cross join lateral (
      select j.hour as at, 0::numeric as jump
      union all
      select u.at, u.jump from usage_jump u
      where u.account_id = j.account_id and u.meter = $6 and u.at >= j.hour and u.at < j.until and u.at < j.hi and ${admitted}) s
    where j.how = 'read'),
  steps as (
    select idx, lo, hi, until, at, level + sum(jump) over moments as level, lead(at) over moments as next_at
    from read window moments as (partition by idx, hour order by at rows unbounded preceding)),
  parts as (
    select idx, (level - $8::numeric) * 3600000000 + jump * 3600000000 - moment as area from judged where how = 'above'
    union all
    select idx, greatest(level + s.rise - $8::numeric, 0) * s.micros
    from judged j cross join lateral unnest(j.rises, j.micros) as s(rise, micros) where how = 'spans'
    union all
    select idx, greatest(level + jump - $8::numeric, 0) * greatest(${micros('least(next, hi) - greatest(until, lo)')}, 0) from judged
    union all
    select idx, greatest(level - $8::numeric, 0) * greatest(${micros('least(coalesce(next_at, until), until, hi) - greatest(at, lo)')}, 0) from steps)
  select idx, sum(area)::text as billable from parts group by idx`;
};
