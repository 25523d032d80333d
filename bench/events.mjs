/* Usage events put into the tables by the service's own code, as its intake does. */
import { accountIdFor } from '../dist/src/common/ids.js';
import { measureOf } from '../dist/src/domain/metering/measures.js';
import { storeEvents } from '../dist/src/usage/intake/store-events.js';
import { compact } from '../dist/src/usage/rollups/compact.js';
import { countLevels } from '../dist/src/usage/rollups/count-levels.js';

export const BATCH = 5_000;

/** Stores events, in batches; now and then what is at the end of the rollups is added up, as a worker does all the time. `toEvent` makes the i-th. */
export async function storeAll(database, { count, now, meters, toEvent }) {
  for (let from = 0; from < count; from += BATCH) {
    const events = Array.from({ length: Math.min(BATCH, count - from) }, (_, j) => {
      const event = toEvent(from + j);
      const measures = meters
        .filter((meter) => meter.eventType === event.type)
        .map((meter) => ({ meter, measure: measureOf(meter, event) }));
      return { accountId: accountIdFor(event.subject), event, measures };
    });
    await database.transaction(async (tx) => {
      const stored = await storeEvents(tx, events, now);
      await countLevels(tx, stored.events);
    });
    if ((from / BATCH) % 20 === 19) await addUp(database);
  }
}

export async function addUp(database) {
  while ((await database.transaction((tx) => compact(tx, 50_000))).more);
}

/** The meters of a database, as intake knows them. */
export async function metersOf(pool) {
  const { rows } = await pool.query('select id, key, definition from meter');
  return rows.map(({ id, key, definition }) => ({ id, key, ...definition, inUse: true, filling: false }));
}
