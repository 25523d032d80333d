import type { CheckScope, Difference } from '../../common/checks.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import { conditionsOf, groupValuesSql } from '../quantities/dimensions.js';
import { admittedSql, groupsOfEventSql, NOT_VOIDED } from '../quantities/events-sql.js';
import { subtracts } from '../quantities/rollup-sql.js';

const ACCOUNTS_AT_ONCE = 500;

interface Hour {
  readonly account: string;
  readonly hour: Instant;
  readonly groups: readonly string[];
  readonly kept: string;
  readonly wanted: string;
}

const IN_SCOPE = (instant: string): string =>
  `($2::timestamptz is null or ${instant} >= $2) and ($3::timestamptz is null or ${instant} < $3)`;

/* Hours of archived months have no events to be compared with. */
const NOT_ARCHIVED = `
  not exists (select from usage_archive a where a.restored_at is null and a.month = to_char(h.hour at time zone 'UTC', 'YYYY-MM'))`;

const differing = (kept: string, wanted: string): string => `
  select coalesce(c.key, h.account_id::text) as account, h.hour, h.groups, ${kept} as kept, ${wanted} as wanted
  from hours h left join account c on c.id = h.account_id
  where ${kept} is distinct from ${wanted} and ${NOT_ARCHIVED} order by 1, 2, 3`;

const FACETS = { count: 'events', sum: 'total', average: 'total', min: 'least', max: 'greatest' } as const;

/* $1 accounts, $2 from, $3 to, $4 the meter, $5 the event type, $6 conditions, $7 group-by properties, $8 the value's property. */
const numbersSql = (meter: CatalogMeter): string => {
  const facet = FACETS[meter.aggregation as keyof typeof FACETS];
  const shown = (of: string): string =>
    `concat_ws(' ', coalesce(${of}_events, 0), 'events,', coalesce(${of}_numbers, 0), 'numbers', '${facet}', trim_scale(${of}_${facet}::numeric))`;
  const columns = ['events', 'numbers', 'total', 'least', 'greatest'];
  return `
    with kept as (
      select account_id, hour, ${groupValuesSql(meter, { groupBy: meter.groupBy ?? [] })} as groups, sum(events) as kept_events,
        sum(numbers) as kept_numbers, sum(total) as kept_total, min(least) as kept_least, max(greatest) as kept_greatest
      from (select account_id, meter, hour, grp, ${columns.join(', ')} from usage_rollup
        union all select account_id, meter, hour, grp, ${columns.join(', ')} from usage_rollup_tail) r
      where account_id = any($1::uuid[]) and meter = $4 and ${IN_SCOPE('hour')}
      group by 1, 2, 3 having sum(events) <> 0),
    wanted as (
      select e.account_id, date_bin('1 hour', e.event_time, 'epoch') as hour, ${groupsOfEventSql('$7')} as groups, count(*) as wanted_events,
        count(v.n) as wanted_numbers, coalesce(sum(v.n), 0) as wanted_total, min(v.n) as wanted_least, max(v.n) as wanted_greatest
      from usage_event e cross join lateral (select usage_number(e.data, $8) as n) v
      where e.account_id = any($1::uuid[]) and e.type = $5 and ${IN_SCOPE(`date_bin('1 hour', e.event_time, 'epoch')`)}
        and ${admittedSql('$6')} and ${NOT_VOIDED}
      group by 1, 2, 3),
    hours as (select * from kept full join wanted using (account_id, hour, groups))
    ${differing(shown('kept'), shown('wanted'))}`;
};

/* $1 accounts, $2 from, $3 to, $4 the meter. The sums by hour and the sums by month against the jumps themselves. */
const LEVELS = `
  with kept as (
    select account_id, hour, grp, sum(jump) as kept_jump, sum(moment) as kept_moment, sum(points) as kept_points
    from (select account_id, meter, hour, grp, jump, moment, points from usage_level_cell
      union all select account_id, meter, hour, grp, jump, moment, points from usage_level_tail) c
    where account_id = any($1::uuid[]) and meter = $4 and ${IN_SCOPE('hour')} group by 1, 2, 3),
  wanted as (
    select account_id, date_bin('1 hour', at, 'epoch') as hour, grp, sum(jump) as wanted_jump,
      sum(jump * extract(epoch from at - date_bin('1 hour', at, 'epoch')) * 1000000) as wanted_moment, sum(points) as wanted_points
    from usage_jump where account_id = any($1::uuid[]) and meter = $4 and ${IN_SCOPE(`date_bin('1 hour', at, 'epoch')`)} group by 1, 2, 3),
  hours as (select *, array[grp] as groups from kept full join wanted using (account_id, hour, grp))
  ${differing(levelShown('kept'), levelShown('wanted'))}`;

function levelShown(of: string): string {
  const part = (name: string): string => `trim_scale(coalesce(${of}_${name}, 0)::numeric)`;
  return `concat_ws(' ', 'jumps of', ${part('jump')}, 'with moment', ${part('moment')}, 'by', ${part('points')}, 'points')`;
}

/** Sums by hour of one meter that are not what its events, or its jumps, come to. */
export async function* rollupDifferences(tx: Tx, meter: CatalogMeter, { accountId, from, to }: CheckScope): AsyncGenerator<Difference> {
  const isLevel = meter.aggregation === 'time_weighted';
  if (!isLevel && !(meter.aggregation in FACETS)) return;
  const bounds = [from, to].map((at) => (at === undefined ? null : formatInstant(at)));
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const ids = accountId === undefined ? await accountsAfter(tx, after) : [accountId];
    const rows = isLevel
      ? await tx.query<Hour[]>(LEVELS, [ids, ...bounds, meter.id])
      : await tx.query<Hour[]>(numbersSql(meter), [
          ids,
          ...bounds,
          meter.id,
          meter.eventType,
          JSON.stringify(conditionsOf(meter.filter)),
          meter.groupBy ?? [],
          meter.value ?? '',
        ]);
    for (const { account, hour, groups, kept, wanted } of rows)
      yield {
        subject: `meter ${meter.key} of ${account} in the hour of ${formatInstant(hour)}${groups.join('') === '' ? '' : ` (${groups.join(', ')})`}`,
        detail: `is ${kept}, but should be ${wanted}${subtracts(meter) || isLevel ? '' : ' (of those that count)'}`,
      };
    const last = ids.at(-1);
    if (accountId !== undefined || last === undefined || ids.length < ACCOUNTS_AT_ONCE) return;
    after = last;
  }
}

const accountsAfter = async (tx: Tx, after: string): Promise<string[]> =>
  (await tx.query<{ id: string }[]>(`select id from account where id > $1 order by id limit ${String(ACCOUNTS_AT_ONCE)}`, [after])).map(
    ({ id }) => id,
  );
