import { plainArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { canonicalText } from '../../domain/metering/filter.js';
import { levelRulesOf } from '../../domain/metering/level-answer.js';
import { groupNamed } from '../../domain/metering/question.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import { hourOf } from '../quantities/spans.js';
import type { LevelView } from './levels.dto.js';

/** A level of one meter, by the name that its list goes on behind: its resource, or its group. */
export interface LevelRow {
  readonly meterId: number;
  readonly name: string;
  readonly value: string;
  readonly group: string;
  readonly at: Instant | null;
}

interface Wanted {
  readonly accountId: string;
  readonly meters: readonly CatalogMeter[];
  readonly now: Instant;
  readonly after: { readonly meterId: number; readonly name: string };
  readonly limit: number;
}

const POINTS = 'usage_point p where p.account_id = r.account_id and p.meter = r.meter and p.resource = r.resource and p.at <= $4';
const TIES = `p.at desc, p.sequence collate "C" desc, p.source collate "C" desc, p.id collate "C" desc`;

/*
 * Whatever has a level: resources by their last point up to now, which is the one that stands beside them unless that lies ahead; groups of
 * changes by their sum. $1 the account, $2 meters that set levels, $3 meters that add changes up, $4 now, $5 its hour; $6 the meter and $7 the
 * name to go on behind, $8 how many. Those at zero are passed over, which reads them. Relies on usage_resource_pk, usage_point_pk and the keys of
 * the sums.
 */
const LEVELS = `
  with sums as (
    select meter, grp, jump from usage_level_month
    where account_id = $1 and meter = any($3::int[]) and month < date_trunc('month', $5::timestamptz, 'UTC')
    union all
    select meter, grp, jump from usage_level_cell
    where account_id = $1 and meter = any($3::int[]) and hour >= date_trunc('month', $5::timestamptz, 'UTC') and hour < $5::timestamptz
    union all
    select meter, grp, jump from usage_level_tail where account_id = $1 and meter = any($3::int[]) and hour < $5::timestamptz
    union all
    select meter, grp, jump from usage_jump where account_id = $1 and meter = any($3::int[]) and at >= $5::timestamptz and at <= $4::timestamptz)
  (select r.meter as "meterId", r.resource as name, l.value::text, l.grp as "group", l.at
   from usage_resource r cross join lateral (
     select r.value, r.grp, r.at where r.at <= $4::timestamptz
     union all
     (select p.value, p.grp, p.at from ${POINTS}::timestamptz and r.at > $4::timestamptz order by ${TIES} limit 1)) l
   where r.account_id = $1 and r.meter = any($2::int[]) and (r.meter, r.resource) > ($6::int, $7::text) and l.value <> 0
   order by r.meter, r.resource limit $8)
  union all
  (select meter, grp, sum(jump)::text, grp, null from sums
   where (meter, grp) > ($6::int, $7::text) group by meter, grp having sum(jump) <> 0 order by meter, grp limit $8)
  order by 1, 2 limit $8`;

/** What runs, in the order of meters and names. */
export function levelRows(tx: Tx, { accountId, meters, now, after, limit }: Wanted): Promise<LevelRow[]> {
  const idsOf = (mode: string): string => plainArray(meters.filter((meter) => meter.mode === mode).map(({ id }) => id));
  return tx.query<LevelRow[]>(LEVELS, [
    accountId,
    idsOf('level'),
    idsOf('delta'),
    formatInstant(now),
    formatInstant(hourOf(now)),
    after.meterId,
    after.name,
    limit,
  ]);
}

/** A level as it stands now: by the meter's rule on resources that nothing is heard of, and without the drawing out of runs. */
export function levelView({ name, value, group, at }: LevelRow, meter: CatalogMeter, now: Instant): LevelView {
  const { staleAfterMicros } = levelRulesOf(meter);
  const end = at === null || staleAfterMicros === undefined ? null : at + staleAfterMicros;
  const stale = end !== null && end <= now;
  const reported = canonicalText(value);
  return {
    meter: meter.key,
    resource: meter.mode === 'delta' || meter.resource === undefined ? null : name,
    group: groupNamed(meter.groupBy, group),
    level: stale ? '0' : reported,
    reported,
    since: at === null ? null : formatInstant(at),
    endsAt: end === null ? null : formatInstant(end),
    stale,
  };
}
