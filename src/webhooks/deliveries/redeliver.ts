import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { EVENT_TYPES, Outbox } from '../../common/events/outbox.js';
import { accountIdOf, leastIdAt, NO_ACCOUNT } from '../../common/ids.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { hears, PING } from '../../domain/webhooks/filters.js';
import type { WebhookEndpoint } from '../endpoints/webhook-endpoint.entity.js';
import { WebhookEndpointsService } from '../endpoints/webhook-endpoints.service.js';
import { deliveriesById, type Delivery, insertDeliveries } from './delivery-records.js';

const EVENTS_MAX = 10_000;

export interface Range {
  readonly from: Instant;
  readonly to: Instant;
  /** Leaves out what reached the endpoint. */
  readonly undeliveredOnly: boolean;
}

/** Relies on outbox_event_newest: ids begin with the time. */
const EVENTS = `
  select account_id as "accountId", id as "eventId" from outbox_event e
  where id >= $1 and id < $2 and at >= $3 and at < $4 and type = any($5::text[]) and (not $6 or not exists (
    select from webhook_delivery d where d.account_id = e.account_id and d.event_id = e.id and d.endpoint_id = $7 and d.state <> 'failed'))
  order by id limit $8`;

/** Sends events again, and a test event, to endpoints that are enabled. */
@Injectable()
export class Redeliver {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly outbox: Outbox,
    private readonly endpoints: WebhookEndpointsService,
  ) {}

  /**
   * One event, to the endpoint that is named, or to all that hear of it.
   * @throws Refusal `webhook_event_not_found`, `event_not_heard`, `webhook_endpoint_not_found`, `webhook_endpoint_disabled`
   */
  async event(tx: Tx, actor: Actor, eventId: string, key: string | undefined): Promise<Delivery[]> {
    const accountId = accountIdOf(eventId) ?? NO_ACCOUNT;
    const [event] = await tx.query<{ type: string }[]>('select type from outbox_event where account_id = $1 and id = $2', [
      accountId,
      eventId,
    ]);
    if (!event) throw new Refusal('not_found', 'webhook_event_not_found', `There is no event "${eventId}": look it up by GET /v2/events.`);
    const asked = key === undefined ? await enabledEndpoints(tx) : [await this.endpoints.enabled(tx, key)];
    const hearing = asked.filter(({ events }) => hears(events, event.type));
    if (hearing.length === 0)
      throw new Refusal(
        'conflict',
        'event_not_heard',
        `${key === undefined ? 'No enabled endpoint' : `The endpoint "${key}"`} hears of ${event.type}: change its events first.`,
      );
    const ids = await insertDeliveries(
      tx,
      hearing.map(({ id }) => ({ accountId, eventId, endpointId: id, cause: 'redelivery' })),
      this.clock.now(),
    );
    await this.audit.record(tx, {
      actor,
      action: 'event.redelivered',
      ...(accountId === NO_ACCOUNT ? {} : { accountId }),
      subjectType: 'event',
      subjectId: eventId,
      after: { endpoints: hearing.map((endpoint) => endpoint.key) },
    });
    return deliveriesById(tx, accountId, ids);
  }

  /**
   * What happened in a stretch of time, to one endpoint. Returns how many events.
   * @throws Refusal `empty_range`, `redelivery_too_large`, `webhook_endpoint_not_found`, `webhook_endpoint_disabled`
   */
  async range(tx: Tx, actor: Actor, key: string, { from, to, undeliveredOnly }: Range): Promise<number> {
    if (from >= to)
      throw new Refusal('unprocessable', 'empty_range', 'The range ends before it begins: send a "to" that is later than "from".');
    const { id: endpointId, events: filters } = await this.endpoints.enabled(tx, key);
    const types = EVENT_TYPES.filter((type) => hears(filters, type));
    const events = await tx.query<{ accountId: string; eventId: string }[]>(EVENTS, [
      leastIdAt('msg', from),
      leastIdAt('msg', to + 1_000n), // ids tell milliseconds
      formatInstant(from),
      formatInstant(to),
      types,
      undeliveredOnly,
      endpointId,
      EVENTS_MAX + 1,
    ]);
    if (events.length > EVENTS_MAX)
      throw new Refusal(
        'unprocessable',
        'redelivery_too_large',
        `More than ${EVENTS_MAX.toLocaleString('en')} events would be sent at once: divide the range.`,
      );
    await insertDeliveries(
      tx,
      events.map((event) => ({ ...event, endpointId, cause: 'redelivery' })),
      this.clock.now(),
    );
    const after = { from: formatInstant(from), to: formatInstant(to), undeliveredOnly, events: events.length };
    await this.audit.record(tx, { actor, action: 'webhook_endpoint.redelivered', subjectType: 'webhook_endpoint', subjectId: key, after });
    return events.length;
  }

  /** A test event for one endpoint, whatever it hears of. @throws Refusal `webhook_endpoint_not_found`, `webhook_endpoint_disabled` */
  async ping(tx: Tx, actor: Actor, key: string): Promise<Delivery> {
    const { id: endpointId } = await this.endpoints.enabled(tx, key);
    const [eventId = ''] = await this.outbox.add(tx, [{ type: PING, data: { webhookEndpoint: key } }]);
    const ids = await insertDeliveries(tx, [{ accountId: NO_ACCOUNT, eventId, endpointId, cause: 'ping' }], this.clock.now());
    await this.audit.record(tx, {
      actor,
      action: 'webhook_endpoint.pinged',
      subjectType: 'webhook_endpoint',
      subjectId: key,
      after: { event: eventId },
    });
    const [delivery] = await deliveriesById(tx, NO_ACCOUNT, ids);
    if (!delivery) throw new RangeError('a delivery was not stored');
    return delivery;
  }
}

const enabledEndpoints = (tx: Tx): Promise<Pick<WebhookEndpoint, 'id' | 'key' | 'events'>[]> =>
  tx.query<Pick<WebhookEndpoint, 'id' | 'key' | 'events'>[]>('select id, key, events from webhook_endpoint where enabled order by key');
