import type { Tx } from '../../common/database/database.js';
import { newId } from '../../common/ids.js';
import { formatInstant, type Instant } from '../../domain/instant.js';

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export const DELIVERY_CAUSES = ['event', 'ping', 'redelivery'] as const;

/** One event on its way to one endpoint. */
export interface Delivery {
  readonly accountId: string;
  readonly id: string;
  readonly eventId: string;
  readonly type: string;
  readonly cause: (typeof DELIVERY_CAUSES)[number];
  readonly state: (typeof DELIVERY_STATES)[number];
  readonly createdAt: Instant;
  readonly dueAt: Instant;
  readonly finishedAt: Instant | null;
}

/** A try to deliver, as it went. */
export interface Attempt {
  readonly deliveryId: string;
  readonly n: number;
  readonly at: Instant;
  readonly status: number | null;
  readonly durationMs: number;
  readonly failure: string | null;
  readonly answer: string;
}

export interface NewDelivery {
  readonly accountId: string;
  readonly eventId: string;
  readonly endpointId: string;
  readonly cause: Delivery['cause'];
}

/** Deliveries that are due at once. Returns their ids, in their order. */
export async function insertDeliveries(tx: Tx, deliveries: readonly NewDelivery[], at: Instant): Promise<string[]> {
  if (deliveries.length === 0) return [];
  const ids = deliveries.map(({ accountId }) => newId('whd', at, accountId));
  await tx.query(
    `insert into webhook_delivery (account_id, id, endpoint_id, event_id, cause, state, created_at, due_at)
     select account_id, id, endpoint_id, event_id, cause, 'pending', $6, $6
     from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) as d(account_id, id, endpoint_id, event_id, cause)`,
    [
      deliveries.map((one) => one.accountId),
      ids,
      deliveries.map((one) => one.endpointId),
      deliveries.map((one) => one.eventId),
      deliveries.map((one) => one.cause),
      formatInstant(at),
    ],
  );
  return ids;
}

const DELIVERIES = `
  select d.account_id as "accountId", d.id, d.event_id as "eventId", e.type, d.cause, d.state, d.created_at as "createdAt", d.due_at as "dueAt",
    d.finished_at as "finishedAt"
  from webhook_delivery d join outbox_event e on e.account_id = d.account_id and e.id = d.event_id`;

export interface DeliveryFilter {
  readonly state?: Delivery['state'];
  readonly eventId?: string;
  /** The id behind which the page begins. */
  readonly after?: string;
  readonly limit: number;
}

/** The deliveries of an endpoint, newest first. Relies on webhook_delivery_newest. */
export function deliveriesOf(tx: Tx, endpointId: string, { state, eventId, after, limit }: DeliveryFilter): Promise<Delivery[]> {
  return tx.query<Delivery[]>(
    `${DELIVERIES} where d.endpoint_id = $1 and ($2::text is null or d.state = $2) and ($3::text is null or d.event_id = $3)
       and ($4::text is null or d.id < $4) order by d.id desc limit $5`,
    [endpointId, state ?? null, eventId ?? null, after ?? null, limit],
  );
}

/** Relies on webhook_delivery_pk. */
export function deliveriesById(tx: Tx, accountId: string, ids: readonly string[]): Promise<Delivery[]> {
  return tx.query<Delivery[]>(`${DELIVERIES} where d.account_id = $1 and d.id = any($2::text[]) order by d.id desc`, [accountId, ids]);
}

/** The attempts of deliveries, by delivery. Relies on webhook_attempt_pk. */
export async function attemptsOf(tx: Tx, deliveries: readonly Delivery[]): Promise<Map<string, Attempt[]>> {
  const found = new Map<string, Attempt[]>(deliveries.map(({ id }) => [id, []]));
  const rows = await tx.query<Attempt[]>(
    `select a.delivery_id as "deliveryId", a.n, a.at, a.status, a.duration_ms as "durationMs", a.failure, a.answer
     from webhook_attempt a join unnest($1::uuid[], $2::text[]) as d(account_id, id) on d.account_id = a.account_id and d.id = a.delivery_id
     order by a.n`,
    [deliveries.map(({ accountId }) => accountId), deliveries.map(({ id }) => id)],
  );
  for (const row of rows) found.get(row.deliveryId)?.push(row);
  return found;
}
