import { instantArray, int4Array, int8Array, plainArray, textArray, uuidArray } from '../../common/database/arrays.js';
import { prepared, type Tx } from '../../common/database/database.js';
import type { Instant } from '../../domain/instant.js';
import { hourOf } from '../quantities/spans.js';

/** A resource of a level meter. */
export interface ResourceKey {
  readonly accountId: string;
  readonly meterId: number;
  readonly resource: string;
}

/** A point of a resource, with what orders it among others of its instant. */
export interface PointRow extends ResourceKey {
  readonly at: Instant;
  readonly ident: string;
  readonly sequence: string;
  readonly source: string;
  readonly id: string;
  readonly value: string;
  readonly group: string;
}

/** The last point of a resource, where it has one. */
export interface LastPoint {
  readonly at: Instant | null;
  readonly value: string | null;
  readonly group: string | null;
}

export interface ResourceRow extends ResourceKey, LastPoint {}

/** A change of a group's level, by `plus` less `minus`, and how many events come to be counted with it. */
export interface JumpRow {
  readonly accountId: string;
  readonly meterId: number;
  readonly at: Instant;
  readonly group: string;
  readonly plus: string;
  readonly minus: string;
  readonly points: number;
}

const keysOf = (rows: readonly ResourceKey[]): Buffer[] => [
  uuidArray(rows.map(({ accountId }) => accountId)),
  int4Array(rows.map(({ meterId }) => meterId)),
  textArray(rows.map(({ resource }) => resource)),
];

const LOCK = `
  select k.n::int, r.at, r.value::text, r.grp as "group"
  from unnest($1::uuid[], $2::int[], $3::text[]) with ordinality as k(account_id, meter, resource, n)
  join usage_resource r on r.account_id = k.account_id and r.meter = k.meter and r.resource = k.resource
  order by k.n for update of r`;

const ADD = `
  insert into usage_resource (account_id, meter, resource)
  select * from unnest($1::uuid[], $2::int[], $3::text[]) on conflict do nothing`;

/** The last points of the resources, locked until the transaction ends, in the order given; those that were not known come to be. */
export async function lockResources(tx: Tx, keys: readonly ResourceKey[]): Promise<LastPoint[]> {
  const found = await locked(tx, keys);
  if (found.length === keys.length) return found;
  const known = new Set(found.map(({ n }) => n - 1));
  await prepared(tx, { name: 'usage-resources-add', text: ADD, values: keysOf(keys.filter((_key, i) => !known.has(i))) });
  return locked(tx, keys);
}

const locked = (tx: Tx, keys: readonly ResourceKey[]): Promise<(LastPoint & { readonly n: number })[]> =>
  prepared(tx, { name: 'usage-resources-lock', text: LOCK, values: keysOf(keys) });

/** Tells resources apart. */
export const nameOf = ({ accountId, meterId, resource }: ResourceKey): string => `${accountId} ${String(meterId)} ${resource}`;

const POINT = `p.account_id as "accountId", p.meter as "meterId", p.resource, p.at, p.ident, p.sequence, p.source, p.id, p.value::text, p.grp as "group"`;
/* Of several points at one instant the last one holds. */
const LAST_FIRST = `p.sequence collate "C" desc, p.source collate "C" desc, p.id collate "C" desc`;
const SAME = `p.account_id = k.account_id and p.meter = k.meter and p.resource = k.resource`;
const CHANGED = `unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[]) as k(account_id, meter, resource, at)`;

/* For each instant: the point that holds before it, all at it, and the one that holds after it. Relies on usage_point_pk. */
const NEIGHBOURS = `
  select distinct on ("accountId", "meterId", resource, ident) n.* from ${CHANGED} cross join lateral (
    (select ${POINT} from usage_point p where ${SAME} and p.at < k.at order by p.at desc, ${LAST_FIRST} limit 1)
    union all (select ${POINT} from usage_point p where ${SAME} and p.at = k.at)
    union all (select ${POINT} from usage_point p where ${SAME} and p.at > k.at order by p.at, ${LAST_FIRST} limit 1)) n`;

/* Whether the level is zero at the instant of the point. */
const ENDS_RUN = `
  p.value = 0 and not exists (
    select 1 from usage_point q
    where q.account_id = p.account_id and q.meter = p.meter and q.resource = p.resource and q.at = p.at and q.value <> 0
      and (q.sequence collate "C", q.source collate "C", q.id collate "C") > (p.sequence collate "C", p.source collate "C", p.id collate "C"))`;

/* For each instant: the whole runs around it, from the last instant at zero before it to the first one after it. */
const RUNS = `
  select distinct on ("accountId", "meterId", resource, ident) n.* from ${CHANGED} cross join lateral (
    select ${POINT} from usage_point p where ${SAME}
      and p.at >= coalesce((select max(p.at) from usage_point p where ${SAME} and p.at < k.at and ${ENDS_RUN}), '-infinity')
      and p.at <= coalesce((select min(p.at) from usage_point p where ${SAME} and p.at > k.at and ${ENDS_RUN}), 'infinity')) n`;

/** The points that a change at these instants may concern. */
export function pointsAround(
  tx: Tx,
  changed: readonly (ResourceKey & { readonly at: Instant })[],
  wholeRuns: boolean,
): Promise<PointRow[]> {
  const values = [...keysOf(changed), instantArray(changed.map(({ at }) => at))];
  return prepared<PointRow>(
    tx,
    wholeRuns ? { name: 'usage-runs', text: RUNS, values } : { name: 'usage-neighbours', text: NEIGHBOURS, values },
  );
}

const INSERT_POINTS = `
  insert into usage_point (account_id, meter, resource, at, ident, sequence, source, id, value, grp)
  select a, m, r, t, ident, sequence, source, id, value, grp
  from unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::numeric[], $10::text[])
    as p(a, m, r, t, ident, sequence, source, id, value, grp)`;

export async function insertPoints(tx: Tx, points: readonly PointRow[]): Promise<void> {
  if (points.length === 0) return;
  await prepared(tx, {
    name: 'usage-points',
    text: INSERT_POINTS,
    values: [
      ...keysOf(points),
      instantArray(points.map(({ at }) => at)),
      uuidArray(points.map(({ ident }) => ident)),
      textArray(points.map(({ sequence }) => sequence)),
      textArray(points.map(({ source }) => source)),
      textArray(points.map(({ id }) => id)),
      plainArray(points.map(({ value }) => value)),
      textArray(points.map(({ group }) => group)),
    ],
  });
}

export async function deletePoints(tx: Tx, points: readonly PointRow[]): Promise<void> {
  if (points.length === 0) return;
  await tx.query(
    `delete from usage_point p using unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::uuid[]) as k(account_id, meter, resource, at, ident)
     where ${SAME} and p.at = k.at and p.ident = k.ident`,
    [...keysOf(points), instantArray(points.map(({ at }) => at)), uuidArray(points.map(({ ident }) => ident))],
  );
}

const UPDATE_RESOURCES = `
  update usage_resource r set at = k.at, value = k.value, grp = k.grp
  from unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::numeric[], $6::text[]) as k(account_id, meter, resource, at, value, grp)
  where r.account_id = k.account_id and r.meter = k.meter and r.resource = k.resource`;

export async function updateResources(tx: Tx, rows: readonly ResourceRow[]): Promise<void> {
  if (rows.length === 0) return;
  await prepared(tx, {
    name: 'usage-resources-set',
    text: UPDATE_RESOURCES,
    values: [
      ...keysOf(rows),
      instantArray(rows.map(({ at }) => at)),
      plainArray(rows.map(({ value }) => value)),
      textArray(rows.map(({ group }) => group)),
    ],
  });
}

const JUMPS = `
  unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::bigint[], $6::text[], $7::numeric[], $8::numeric[], $9::int[])
    as j(a, m, t, h, o, g, p, l, n)`;

/* The jumps and their sums by hour, appended. o is the microseconds of the instant t since the hour h. */
const APPEND_JUMPS = `
  with given as materialized (select a, m, t, h, o, g, p - l as d, n from ${JUMPS} where p <> l or n <> 0),
  jumps as (
    insert into usage_jump (account_id, meter, at, grp, jump, points)
    select a, m, t, g, d, n from given)
  insert into usage_level_tail (account_id, meter, hour, grp, jump, moment, points)
  select a, m, h, g, d, d * o, n from given`;

/* The same where several fall into one hour: they are added up. */
const ADD_UP_JUMPS = `
  with given as materialized (
    select a, m, t, h, o, g, sum(p - l) as d, sum(n) as n from ${JUMPS} group by a, m, t, h, o, g),
  jumps as (
    insert into usage_jump (account_id, meter, at, grp, jump, points)
    select a, m, t, g, d, n from given where d <> 0 or n <> 0)
  insert into usage_level_tail (account_id, meter, hour, grp, jump, moment, points)
  select a, m, h, g, sum(d), sum(d * o), sum(n) from given where d <> 0 or n <> 0 group by a, m, h, g`;

export async function insertJumps(tx: Tx, jumps: readonly JumpRow[]): Promise<void> {
  if (jumps.length === 0) return;
  const hours = jumps.map(({ at }) => hourOf(at));
  const places = new Set(jumps.map(({ accountId, meterId, group }, i) => `${accountId} ${String(meterId)} ${String(hours[i])} ${group}`));
  const statement =
    places.size === jumps.length ? { name: 'usage-jumps-append', text: APPEND_JUMPS } : { name: 'usage-jumps-add-up', text: ADD_UP_JUMPS };
  await prepared(tx, {
    ...statement,
    values: [
      uuidArray(jumps.map(({ accountId }) => accountId)),
      int4Array(jumps.map(({ meterId }) => meterId)),
      instantArray(jumps.map(({ at }) => at)),
      instantArray(hours),
      int8Array(jumps.map(({ at }, i) => at - (hours[i] ?? at))),
      textArray(jumps.map(({ group }) => group)),
      plainArray(jumps.map(({ plus }) => plus)),
      plainArray(jumps.map(({ minus }) => minus)),
      int4Array(jumps.map(({ points }) => points)),
    ],
  });
}
