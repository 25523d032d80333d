import type { Tx } from '../../common/database/database.js';
import type { Instant } from '../../domain/instant.js';
import type { MetersService } from '../../meters/meters.service.js';
import type { MeasuredEvent } from '../measured-event.js';
import { countLevels } from '../rollups/count-levels.js';
import { type Stored, storeEvents } from './store-events.js';

/** Stores events and counts those that are new. The transaction holds the ingest lock, and the events were measured by the meters as they are. */
export async function storeAndCount(tx: Tx, meters: MetersService, events: readonly MeasuredEvent[], now: Instant): Promise<Stored> {
  const unused = new Set(events.flatMap(({ measures }) => measures.flatMap(({ meter }) => (meter.inUse ? [] : [meter.key]))));
  if (unused.size > 0) await meters.markUsed(tx, [...unused]);
  const stored = await storeEvents(tx, events, now);
  await countLevels(tx, stored.events);
  return stored;
}
