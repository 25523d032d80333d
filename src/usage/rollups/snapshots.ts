import { plainArray, textArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import type { CountedEvent } from '../measured-event.js';
import type { PointChange } from './change-points.js';
import { nameOf, type PointRow } from './level-rows.js';

/*
 * A snapshot is a point at zero of every resource that it does not list, also of one that is heard of later. A resource has the zeros of all
 * snapshots since its first point. Snapshots of an account and meter keep its other events out while they are stored, by the gate's row.
 */

interface Snapshot {
  readonly accountId: string;
  readonly meter: CatalogMeter;
  readonly at: Instant;
  readonly ident: string;
  readonly sequence: string;
  readonly source: string;
  readonly id: string;
  readonly running: readonly string[];
}

/** The zeros that new snapshots set, and those that earlier ones set for the points that come now. Stores the snapshots. */
export async function zerosOfSnapshots(tx: Tx, events: readonly CountedEvent[], points: readonly PointChange[]): Promise<PointChange[]> {
  const snapshots = events.flatMap(snapshotsIn);
  const concerned = points.filter(({ meter }) => meter.snapshotType !== undefined);
  if (snapshots.length + concerned.length === 0) return [];
  const meters = new Map(
    [...snapshots.map(({ meter }) => meter), ...concerned.map(({ meter }) => meter)].map((meter) => [meter.id, meter]),
  );
  await passGates(
    tx,
    concerned.map(({ point }) => point),
    snapshots,
  );
  await insertSnapshots(tx, snapshots);
  const firsts = new Map<string, PointRow>();
  for (const { point } of concerned) {
    const before = firsts.get(nameOf(point));
    if (before === undefined || point.at < before.at) firsts.set(nameOf(point), point);
  }
  const zeros = [...(await zerosFor(tx, [...firsts.values()])), ...(await zerosBy(tx, snapshots))];
  const once = new Map(zeros.map((zero) => [`${nameOf(zero)} ${zero.ident}`, zero]));
  return [...once.values()].flatMap((point): PointChange[] => {
    const meter = meters.get(point.meterId);
    return meter ? [{ meter, point: { ...point, value: '0', group: '' }, change: 'added', counts: false }] : [];
  });
}

/** The zeros of snapshots that are no more. */
export async function removeSnapshots(tx: Tx, events: readonly CountedEvent[]): Promise<PointChange[]> {
  const removed: PointChange[] = [];
  for (const snapshot of events.flatMap(snapshotsIn)) {
    const { accountId, meter, at, ident } = snapshot;
    await passGates(tx, [], [snapshot]);
    const key = [accountId, meter.id, formatInstant(at), ident];
    await tx.query('delete from usage_snapshot where account_id = $1 and meter = $2 and at = $3 and ident = $4', key);
    const points = await tx.query<Omit<PointRow, 'value' | 'group'>[]>(
      `select ${ZERO} from usage_resource r join usage_point s on s.account_id = r.account_id and s.meter = r.meter and s.resource = r.resource
         and s.at = $3 and s.ident = $4
       where r.account_id = $1 and r.meter = $2`,
      key,
    );
    for (const point of points) removed.push({ meter, point: { ...point, value: '0', group: '' }, change: 'removed', counts: false });
  }
  return removed;
}

const snapshotsIn = ({ accountId, ident, event, measures }: CountedEvent): Snapshot[] =>
  measures.flatMap(({ meter, measure }) => {
    if (measure.kind !== 'snapshot') return [];
    const { time: at, source, id, sequence = '' } = event;
    return [{ accountId, meter, at, ident, sequence, source, id, running: measure.running }];
  });

/** Points pass together, a snapshot alone. In the order of accounts and meters. */
async function passGates(tx: Tx, points: readonly PointRow[], snapshots: readonly Snapshot[]): Promise<void> {
  const alone = new Set(snapshots.map(({ accountId, meter }) => `${accountId} ${String(meter.id)}`));
  const gates = [...new Set([...alone, ...points.map(({ accountId, meterId }) => `${accountId} ${String(meterId)}`)])].sort();
  const [accountIds, meterIds] = [gates.map((gate) => gate.split(' ')[0] ?? ''), gates.map((gate) => gate.split(' ')[1] ?? '')];
  await tx.query('insert into usage_snapshot_gate (account_id, meter) select * from unnest($1::uuid[], $2::int[]) on conflict do nothing', [
    plainArray(accountIds),
    plainArray(meterIds),
  ]);
  for (const [i, gate] of gates.entries())
    await tx.query(`select 1 from usage_snapshot_gate where account_id = $1 and meter = $2 for ${alone.has(gate) ? 'update' : 'share'}`, [
      accountIds[i],
      meterIds[i],
    ]);
}

async function insertSnapshots(tx: Tx, snapshots: readonly Snapshot[]): Promise<void> {
  for (const { accountId, meter, at, ident, sequence, source, id, running } of snapshots)
    await tx.query(
      `insert into usage_snapshot (account_id, meter, at, ident, sequence, source, id, running) values ($1, $2, $3, $4, $5, $6, $7, $8::text[])`,
      [accountId, meter.id, formatInstant(at), ident, sequence, source, id, textArray(running)],
    );
}

const ZERO = `r.account_id as "accountId", r.meter as "meterId", r.resource, s.at, s.ident, s.sequence, s.source, s.id`;
const NOT_YET = `not (r.resource = any(s.running)) and not exists (
  select 1 from usage_point p where p.account_id = r.account_id and p.meter = r.meter and p.resource = r.resource and p.at = s.at and p.ident = s.ident)`;

/** What snapshots from these points on set for their resources, and is not there yet. */
const zerosFor = (tx: Tx, points: readonly PointRow[]): Promise<Omit<PointRow, 'value' | 'group'>[]> =>
  tx.query(
    `select ${ZERO} from unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[]) as r(account_id, meter, resource, at)
     join usage_snapshot s on s.account_id = r.account_id and s.meter = r.meter and s.at >= r.at where ${NOT_YET}`,
    [
      plainArray(points.map(({ accountId }) => accountId)),
      plainArray(points.map(({ meterId }) => meterId)),
      textArray(points.map(({ resource }) => resource)),
      plainArray(points.map(({ at }) => formatInstant(at))),
    ],
  );

/** What these snapshots set for the resources that are known. */
const zerosBy = (tx: Tx, snapshots: readonly Snapshot[]): Promise<Omit<PointRow, 'value' | 'group'>[]> =>
  tx.query(
    `select ${ZERO} from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::uuid[]) as k(account_id, meter, at, ident)
     join usage_snapshot s on s.account_id = k.account_id and s.meter = k.meter and s.at = k.at and s.ident = k.ident
     join usage_resource r on r.account_id = k.account_id and r.meter = k.meter where ${NOT_YET}`,
    [
      plainArray(snapshots.map(({ accountId }) => accountId)),
      plainArray(snapshots.map(({ meter }) => meter.id)),
      plainArray(snapshots.map(({ at }) => formatInstant(at))),
      plainArray(snapshots.map(({ ident }) => ident)),
    ],
  );
