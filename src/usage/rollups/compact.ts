import { instantArray, int4Array, textArray, uuidArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import type { Instant } from '../../domain/instant.js';

/** One compaction at a time, and none while an hour is counted anew. */
const COMPACTION_LOCK = 727012;

/** Waits for a compaction that runs, and keeps others from running until the transaction ends. */
export async function stopCompaction(tx: Tx): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [COMPACTION_LOCK]);
}

/** A part of an account's usage that has changed. */
export interface TouchedUsage {
  readonly accountId: string;
  readonly meterId: number;
}

/*
 * Rows are taken from the tail and added to the row of their hour in one statement: whoever asks meanwhile sees all of them in one place or
 * in the other.
 */
const NUMBERS = `
  with taken as (
    delete from usage_rollup_tail
    where ctid = any(array(select ctid from usage_rollup_tail order by account_id, meter, hour limit $1)) returning *),
  added as (
    insert into usage_rollup as r (account_id, meter, hour, grp, events, numbers, total, least, greatest)
    select account_id, meter, hour, grp, sum(events), sum(numbers), sum(total), min(least), max(greatest)
    from taken group by account_id, meter, hour, grp order by account_id, meter, hour, grp
    on conflict (account_id, meter, hour, grp) do update set events = r.events + excluded.events, numbers = r.numbers + excluded.numbers,
      total = r.total + excluded.total, least = least(r.least, excluded.least), greatest = greatest(r.greatest, excluded.greatest))
  select account_id as "accountId", meter as "meterId", count(*)::int as rows from taken group by 1, 2`;

const LEVELS = `
  with taken as (
    delete from usage_level_tail
    where ctid = any(array(select ctid from usage_level_tail order by account_id, meter, hour limit $1)) returning *),
  hours as (
    insert into usage_level_cell as c (account_id, meter, hour, grp, jump, moment, points, least, greatest)
    select account_id, meter, hour, grp, sum(jump), sum(moment), sum(points), 0, 0
    from taken group by account_id, meter, hour, grp order by account_id, meter, hour, grp
    on conflict (account_id, meter, hour, grp) do update set jump = c.jump + excluded.jump, moment = c.moment + excluded.moment,
      points = c.points + excluded.points
    returning account_id, meter, hour, grp),
  months as (
    insert into usage_level_month as m (account_id, meter, month, grp, jump)
    select account_id, meter, date_trunc('month', hour, 'UTC'), grp, sum(jump) from taken group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (account_id, meter, month, grp) do update set jump = m.jump + excluded.jump)
  select account_id as "accountId", meter as "meterId", hour, grp as "group", (select count(*)::int from taken) as rows from hours`;

/* How far the level rises and falls within each hour. Jumps that are not yet added up do no harm: their hours are read jump by jump. */
const BOUNDS = `
  update usage_level_cell c set least = b.least, greatest = b.greatest
  from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[]) as k(account_id, meter, hour, grp)
  cross join lateral (
    select least(min(level), 0) as least, greatest(max(level), 0) as greatest
    from (
      select sum(j.jump) over (order by j.at) as level from usage_jump j
      where j.account_id = k.account_id and j.meter = k.meter and j.grp = k.grp and j.at >= k.hour and j.at < k.hour + interval '1 hour') l) b
  where c.account_id = k.account_id and c.meter = k.meter and c.hour = k.hour and c.grp = k.grp`;

/** From so many jumps on in an hour, and where they come back to the same levels so often, it is worth while to keep how long each level stood. */
const [SPANS_JUMPS_MIN, SPANS_REUSE_MIN] = [32, 4];

/*
 * How long the level of all groups together stood how high, within each hour that has many jumps and few levels: a free level that such an
 * hour crosses need not read the jumps.
 */
const SPANS = `
  with hours as (select distinct * from unnest($1::uuid[], $2::int[], $3::timestamptz[]) as k(account_id, meter, hour)),
  stood as materialized (
    select k.account_id, k.meter, k.hour, s.rises, s.micros
    from hours k cross join lateral (
      select array_agg(rise order by rise) as rises, array_agg(micros order by rise) as micros, sum(jumps) as jumps
      from (
        select rise, (sum(extract(epoch from until - at)) * 1000000)::bigint as micros, sum(jumps) as jumps
        from (
          select at, jumps, sum(jump) over (order by at) as rise, lead(at, 1, k.hour + interval '1 hour') over (order by at) as until
          from (
            select at, sum(jump) as jump, count(*) as jumps
            from (
              select k.hour as at, 0::numeric as jump
              union all
              select j.at, j.jump from usage_jump j
              where j.account_id = k.account_id and j.meter = k.meter and j.at >= k.hour and j.at < k.hour + interval '1 hour') j
            group by at) j) j
        group by rise) j) s
    where s.jumps >= ${String(SPANS_JUMPS_MIN)} and s.jumps >= ${String(SPANS_REUSE_MIN)} * cardinality(s.rises)),
  others as (
    delete from usage_level_span s using hours k
    where s.account_id = k.account_id and s.meter = k.meter and s.hour = k.hour
      and not exists (select from stood n where n.account_id = k.account_id and n.meter = k.meter and n.hour = k.hour))
  insert into usage_level_span (account_id, meter, hour, rises, micros)
  select * from stood order by account_id, meter, hour
  on conflict (account_id, meter, hour) do update set rises = excluded.rises, micros = excluded.micros`;

/**
 * Adds up to `limit` appended rows of each kind to their hours.
 * @returns what was touched, and whether more is left; nothing where another compaction runs
 */
export async function compact(tx: Tx, limit: number): Promise<{ readonly touched: readonly TouchedUsage[]; readonly more: boolean }> {
  const [lock] = await tx.query<{ taken: boolean }[]>('select pg_try_advisory_xact_lock($1) as taken', [COMPACTION_LOCK]);
  if (lock?.taken !== true) return { touched: [], more: false };
  const numbers = await tx.query<(TouchedUsage & { readonly rows: number })[]>(NUMBERS, [limit]);
  const cells = await tx.query<(TouchedUsage & { readonly hour: Instant; readonly group: string; readonly rows: number })[]>(LEVELS, [
    limit,
  ]);
  if (cells.length > 0) {
    const hours = [
      uuidArray(cells.map(({ accountId }) => accountId)),
      int4Array(cells.map(({ meterId }) => meterId)),
      instantArray(cells.map(({ hour }) => hour)),
    ];
    await tx.query(BOUNDS, [...hours, textArray(cells.map(({ group }) => group))]);
    await tx.query(SPANS, hours);
  }
  const taken = numbers.reduce((sum, { rows }) => sum + rows, 0);
  const touched = new Map(
    [...numbers, ...cells].map(({ accountId, meterId }) => [`${accountId} ${String(meterId)}`, { accountId, meterId }]),
  );
  return { touched: [...touched.values()], more: taken === limit || cells[0]?.rows === limit };
}
