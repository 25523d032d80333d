import type { Tx } from '../../common/database/database.js';
import { levelRulesOf } from '../../domain/metering/level-answer.js';
import { difference, jumpsOf, type LevelJump, stepsOfNext } from '../../domain/metering/levels.js';
import { compareEvents } from '../../domain/metering/meter-event.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import {
  deletePoints,
  insertJumps,
  insertPoints,
  type JumpRow,
  type LastPoint,
  lockResources,
  nameOf,
  type PointRow,
  pointsAround,
  type ResourceKey,
  type ResourceRow,
  updateResources,
} from './level-rows.js';

/** Points that come to be, and points that were and are no more. */
export interface PointChange {
  readonly meter: CatalogMeter;
  readonly point: PointRow;
  readonly change: 'added' | 'removed';
  /** Whether the point is an event that counts; a snapshot's zero is not. */
  readonly counts: boolean;
}

interface ChangedResource {
  readonly key: ResourceKey;
  readonly meter: CatalogMeter;
  readonly changes: readonly PointChange[];
}

/**
 * Keeps what the points of resources amount to in step with them. Resources are locked in one order. A point behind a resource's last one,
 * which is what nearly all are, needs nothing but that one; any other needs its neighbours. What is written is the difference between the
 * jumps of the points as they were and as they are.
 */
export async function changePoints(tx: Tx, changes: readonly PointChange[]): Promise<void> {
  const kept = changes.filter(({ meter }) => meter.mode !== 'delta');
  const changed = byResource(kept);
  const rows =
    changed.length === 0
      ? []
      : await lockResources(
          tx,
          changed.map(({ key }) => key),
        );
  const inside = changed.filter((resource, i) => !isAppend(resource, rows[i]));
  const around = inside.length === 0 ? new Map<string, PointRow[]>() : await neighbours(tx, inside);
  const jumps = changes.filter(({ meter }) => meter.mode === 'delta').flatMap(jumpsOfDelta);
  const lasts: ResourceRow[] = [];
  for (const [i, resource] of changed.entries()) {
    const row = rows[i];
    const [next, ...others] = resource.changes;
    if (next && others.length === 0 && endsByNextAlone(resource.meter) && isAppend(resource, row)) {
      jumps.push(...jumpsOfAppend(next, row));
      lasts.push(next.point);
      continue;
    }
    const { jumps: made, last } = changeOf(resource, row, around.get(nameOf(resource.key)));
    jumps.push(...made.map((jump) => jumpRow(resource.key, jump)), ...resource.changes.flatMap(countOf));
    if (last !== undefined) lasts.push({ ...resource.key, at: last?.at ?? null, value: last?.value ?? null, group: last?.group ?? null });
  }
  await deletePoints(
    tx,
    kept.flatMap(({ change, point }) => (change === 'removed' ? [point] : [])),
  );
  await insertPoints(
    tx,
    kept.flatMap(({ change, point }) => (change === 'added' ? [point] : [])),
  );
  await insertJumps(tx, jumps);
  await updateResources(tx, lasts);
}

/** Whether nothing but a resource's next point ends its level. */
const endsByNextAlone = ({ staleAfter, roundRunsUpTo }: CatalogMeter): boolean => staleAfter === undefined && roundRunsUpTo === undefined;

/** What the changes of a resource amount to, by the points around them, or by its last one. */
function changeOf(
  { key, meter, changes }: ChangedResource,
  row: LastPoint | undefined,
  around: readonly PointRow[] | undefined,
): { readonly jumps: LevelJump[]; readonly last: PointRow | null | undefined } {
  const before = around ?? lastOf(key, row);
  const removed = new Set(changes.flatMap(({ change, point }) => (change === 'removed' ? [point.ident] : [])));
  const added = changes.flatMap(({ change, point }) => (change === 'added' ? [point] : []));
  const after = [...before.filter(({ ident }) => !removed.has(ident)), ...added].sort(inOrder);
  const rules = levelRulesOf(meter);
  return { jumps: difference(jumpsOf(before, rules), jumpsOf(after, rules)), last: lastAfter(row, after, changes) };
}

function byResource(changes: readonly PointChange[]): ChangedResource[] {
  const found = new Map<string, { key: ResourceKey; meter: CatalogMeter; changes: PointChange[] }>();
  for (const change of changes) {
    const { accountId, meterId, resource } = change.point;
    const name = nameOf(change.point);
    const known = found.get(name);
    if (known) known.changes.push(change);
    else found.set(name, { key: { accountId, meterId, resource }, meter: change.meter, changes: [change] });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource);
}

/** The points around the changes, in order. */
async function neighbours(tx: Tx, changed: readonly ChangedResource[]): Promise<Map<string, PointRow[]>> {
  const found = new Map<string, PointRow[]>(changed.map(({ key }) => [nameOf(key), []]));
  for (const wholeRuns of [false, true]) {
    const wanted = changed.filter(({ meter }) => (meter.roundRunsUpTo !== undefined) === wholeRuns);
    if (wanted.length === 0) continue;
    const instants = wanted.flatMap(({ key, changes }) => [...new Set(changes.map(({ point }) => point.at))].map((at) => ({ ...key, at })));
    for (const point of await pointsAround(tx, instants, wholeRuns)) found.get(nameOf(point))?.push(point);
  }
  for (const points of found.values()) points.sort(inOrder);
  return found;
}

/** Whether all that changes comes behind the last point. Rounded runs look further back. */
const isAppend = ({ meter, changes }: ChangedResource, row: LastPoint | undefined): boolean =>
  meter.roundRunsUpTo === undefined &&
  changes.every(({ change, point }) => change === 'added' && (row?.at === null || row?.at === undefined || point.at > row.at));

/** The last point as it stands beside the resource; its place among others of its instant does not matter to what comes later. */
const lastOf = (key: ResourceKey, row: LastPoint | undefined): PointRow[] =>
  row === undefined || row.at === null
    ? []
    : [
        {
          accountId: key.accountId,
          meterId: key.meterId,
          resource: key.resource,
          at: row.at,
          value: row.value ?? '0',
          group: row.group ?? '',
          ident: '',
          sequence: '',
          source: '',
          id: '',
        },
      ];

/** The resource's last point from now on; `undefined` where it stays what it was, null where there is none. */
function lastAfter(row: LastPoint | undefined, after: readonly PointRow[], own: readonly PointChange[]): PointRow | null | undefined {
  const last = after.at(-1);
  const at = row?.at ?? null;
  const isGone = at !== null && own.some(({ change, point }) => change === 'removed' && point.at === at);
  if (last === undefined) return isGone ? null : undefined;
  return at === null || isGone || last.at >= at ? last : undefined;
}

const inOrder = (a: PointRow, b: PointRow): number => compareEvents({ ...a, time: a.at }, { ...b, time: b.at });

/** A point behind all others of its resource, and what it adds. */
function jumpsOfAppend({ point, counts }: PointChange, row: LastPoint | undefined): JumpRow[] {
  const { accountId, meterId, at } = point;
  const steps = stepsOfNext(lastOf(point, row)[0], point);
  return steps.map((step, i) => ({ accountId, meterId, at, ...step, points: counts && i === steps.length - 1 ? 1 : 0 }));
}

const jumpRow = ({ accountId, meterId }: ResourceKey, { at, group, by }: LevelJump): JumpRow => ({
  accountId,
  meterId,
  at,
  group,
  plus: by,
  minus: '0',
  points: 0,
});

/** Of a change that counts: that one event more, or less, is counted. */
const countOf = ({ point, change, counts }: PointChange): JumpRow[] =>
  counts ? [{ ...jumpRow(point, { at: point.at, group: point.group, by: '0' }), points: change === 'added' ? 1 : -1 }] : [];

/** A change that is added to the level has no neighbours: its jump is its own. */
function jumpsOfDelta(given: PointChange): JumpRow[] {
  const { meter, point, change } = given;
  const jumps = jumpsOf([point], levelRulesOf(meter));
  const made = difference(change === 'added' ? [] : jumps, change === 'added' ? jumps : []);
  return [...made.map((jump) => jumpRow(point, jump)), ...countOf(given)];
}
