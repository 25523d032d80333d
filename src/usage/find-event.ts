import type { Tx } from '../common/database/database.js';
import { namedBy, type NamedThing, namingId } from '../common/ids.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { archiveOf, eventArchived } from './archive/archived.js';
import { identOf } from './identity.js';
import type { StoredEventView } from './usage.dto.js';

type EventRow = Omit<StoredEventView, 'eventId' | 'time' | 'receivedAt' | 'subject'> & {
  readonly time: Instant;
  readonly receivedAt: Instant;
};

const FIND = `
  select e.id, e.source, e.type, e.event_time as time, e.data, e.received_at as "receivedAt"
  from event_identity i
  join usage_event e on e.account_id = i.account_id and e.event_time = i.event_time and e.event_seq = i.event_seq
  where i.account_id = $1 and i.ident = $2`;

/** The `evt_` id: it is derived from the account, the source and the id, and so needs no look-up. */
export const eventIdOf = (named: NamedThing): string => namingId('evt', named);

/** @throws Refusal `event_not_found` */
export function eventNamedBy(eventId: string): NamedThing {
  const named = namedBy('evt', eventId);
  if (!named) throw eventNotFound(eventId);
  return named;
}

export const eventNotFound = (eventId: string): Refusal =>
  new Refusal('not_found', 'event_not_found', `There is no event "${eventId}": look it up by GET /v2/usage/events?account=&source=&id=.`);

/** The event that an account's reporter sent under that id; one row of each primary key. @throws Refusal `event_archived` */
export async function findEvent(
  tx: Tx,
  { accountId, source, id }: { readonly accountId: string; readonly source: string; readonly id: string },
): Promise<Omit<StoredEventView, 'subject'> | undefined> {
  const ident = identOf({ source, id });
  const [row] = await tx.query<EventRow[]>(FIND, [accountId, ident]);
  const archive = row ? undefined : await archiveOf(tx, { accountId, ident });
  if (archive) throw eventArchived(archive);
  return (
    row && { eventId: eventIdOf({ accountId, ident }), ...row, time: formatInstant(row.time), receivedAt: formatInstant(row.receivedAt) }
  );
}
