import type { Tx } from '../../common/database/database.js';
import type { Instant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import type { Notification } from '../../providers/port.js';

export const PROVIDER_EVENT_STATES = ['received', 'processed', 'ignored', 'parked'] as const;
export type ProviderEventState = (typeof PROVIDER_EVENT_STATES)[number];

/** What a provider told, kept for good: the same event again is known by its name. */
export interface ProviderEvent extends Notification {
  readonly provider: string;
  readonly state: ProviderEventState;
  /** How often dealing with it failed. */
  readonly tries: number;
  /** Why it is parked, or failed last. */
  readonly reason: string | null;
  readonly receivedAt: Instant;
  readonly settledAt: Instant | null;
}

export const PROVIDER_EVENT_COLUMNS = `provider, event_id as id, type, state, about, tries, reason, received_at as "receivedAt",
  coalesce(occurred_at, received_at) as "occurredAt", settled_at as "settledAt"`;

/** The event, locked until the transaction ends. @throws Refusal `provider_event_not_found` */
export async function lockProviderEvent(tx: Tx, { provider, id }: Pick<ProviderEvent, 'provider' | 'id'>): Promise<ProviderEvent> {
  const [event] = await tx.query<ProviderEvent[]>(
    `select ${PROVIDER_EVENT_COLUMNS} from provider_event where provider = $1 and event_id = $2 for update`,
    [provider, id],
  );
  if (!event) throw new Refusal('not_found', 'provider_event_not_found', `${provider} never told of an event "${id}".`);
  return event;
}
