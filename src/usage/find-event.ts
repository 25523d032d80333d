import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { identOf } from './identity.js';
import type { StoredEventView } from './usage.dto.js';

type EventRow = Omit<StoredEventView, 'time' | 'receivedAt' | 'subject'> & { readonly time: Instant; readonly receivedAt: Instant };

const FIND = `
  select e.id, e.source, e.type, e.event_time as time, e.data, e.received_at as "receivedAt"
  from event_identity i
  join usage_event e on e.account_id = i.account_id and e.event_time = i.event_time and e.event_seq = i.event_seq
  where i.account_id = $1 and i.ident = $2`;

/** The event that an account's reporter sent under that id; one row of each primary key. */
export async function findEvent(
  tx: Tx,
  { accountId, source, id }: { readonly accountId: string; readonly source: string; readonly id: string },
): Promise<Omit<StoredEventView, 'subject'> | undefined> {
  const [row] = await tx.query<EventRow[]>(FIND, [accountId, identOf({ source, id })]);
  return row && { ...row, time: formatInstant(row.time), receivedAt: formatInstant(row.receivedAt) };
}
