import type { Tx } from '../../common/database/database.js';
import type { NamedThing } from '../../common/ids.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { eventIdOf } from '../find-event.js';
import type { CountedEvent } from '../measured-event.js';
import type { UsageEventView } from './corrections.dto.js';

interface VoidRow {
  readonly at: Instant;
  readonly kind: string;
  readonly id: string;
  readonly reason: string;
  readonly replacedBy: string | null;
  readonly backfill: string | null;
}

/* Relies on usage_event_pk. */
const RECEIVED = `
  select received_at as "receivedAt" from usage_event where account_id = $1 and type = $2 and event_time = $3 and event_seq = $4`;

/* Relies on usage_void_by_ident. */
const VOIDED = `
  select voided_at as at, actor_kind as kind, actor_id as id, reason, replaced_by as "replacedBy", correction as backfill
  from usage_void where account_id = $1 and ident = $2`;

/* Relies on usage_void_by_replacement. */
const REPLACES = 'select ident from usage_void where account_id = $1 and replaced_by = $2';

/** All that is known of an event. */
export async function eventDetails(
  tx: Tx,
  subject: string,
  { accountId, ident, seq, event, measures }: CountedEvent,
): Promise<UsageEventView> {
  const named: NamedThing = { accountId, ident };
  const { id, source, type, time, data, sequence = null } = event;
  const [received] = await tx.query<{ receivedAt: Instant }[]>(RECEIVED, [accountId, type, formatInstant(time), seq]);
  const [voided] = await tx.query<VoidRow[]>(VOIDED, [accountId, ident]);
  const [replaces] = await tx.query<{ ident: string }[]>(REPLACES, [accountId, eventIdOf(named)]);
  return {
    eventId: eventIdOf(named),
    id,
    source,
    type,
    subject,
    time: formatInstant(time),
    sequence,
    data,
    receivedAt: formatInstant(received?.receivedAt ?? time),
    meters: measures.map(({ meter }) => meter.key),
    replaces: replaces ? eventIdOf({ accountId, ident: replaces.ident }) : null,
    voided: voided
      ? {
          at: formatInstant(voided.at),
          by: { kind: voided.kind, id: voided.id },
          reason: voided.reason,
          replacedBy: voided.replacedBy,
          backfill: voided.backfill,
        }
      : null,
  };
}
