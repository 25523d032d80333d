import type { Tx } from '../../common/database/database.js';
import type { CountedEvent } from '../measured-event.js';
import { changePoints, type PointChange } from './change-points.js';
import type { PointRow } from './level-rows.js';
import { removeSnapshots, zerosOfSnapshots } from './snapshots.js';

/** Counts events for the level meters that they are points of. In the transaction that stores them, or that fills a new meter. */
export async function countLevels(tx: Tx, events: readonly CountedEvent[]): Promise<void> {
  const changes = pointChanges(events, 'added');
  const zeros = await zerosOfSnapshots(tx, events, changes);
  if (changes.length + zeros.length > 0) await changePoints(tx, [...changes, ...zeros]);
}

/** Takes back what `countLevels` counted. */
export async function uncountLevels(tx: Tx, events: readonly CountedEvent[]): Promise<void> {
  const changes = pointChanges(events, 'removed');
  const zeros = await removeSnapshots(tx, events);
  if (changes.length + zeros.length > 0) await changePoints(tx, [...changes, ...zeros]);
}

const pointChanges = (events: readonly CountedEvent[], change: PointChange['change']): PointChange[] =>
  events.flatMap((stored) =>
    stored.measures.flatMap(({ meter, measure }): PointChange[] => {
      if (measure.kind !== 'point') return [];
      const { resource, group, value } = measure;
      const { time: at, source, id, sequence = '' } = stored.event;
      const point: PointRow = {
        accountId: stored.accountId,
        meterId: meter.id,
        resource,
        at,
        ident: stored.ident,
        sequence,
        source,
        id,
        value,
        group,
      };
      return [{ meter, point, change, counts: true }];
    }),
  );
