import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { hears } from '../../domain/webhooks/filters.js';
import { insertDeliveries } from './delivery-records.js';

const EVENTS_MAX = 500;

/** Another process may be at others of them. An event that is taken and not committed is there again. */
const TAKE = `
  with picked as materialized (select account_id, id from outbox_pending limit $1 for update skip locked),
    taken as (delete from outbox_pending p using picked where p.account_id = picked.account_id and p.id = picked.id returning p.account_id, p.id)
  select t.account_id as "accountId", t.id, e.type from taken t join outbox_event e on e.account_id = t.account_id and e.id = t.id order by e.sequence`;

interface TakenEvent {
  readonly accountId: string;
  readonly id: string;
  readonly type: string;
}

/** From events to deliveries: each event is taken once, in the transaction that stores what is to be delivered of it. */
@Injectable()
export class FanOut {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** All that waits. */
  async run(): Promise<void> {
    while ((await this.some()) === EVENTS_MAX);
  }

  private some(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const events = await tx.query<TakenEvent[]>(TAKE, [EVENTS_MAX]);
      if (events.length === 0) return 0;
      const endpoints = await tx.query<{ id: string; events: string[] }[]>('select id, events from webhook_endpoint where enabled');
      const deliveries = events.flatMap(({ accountId, id: eventId, type }) =>
        endpoints
          .filter((endpoint) => hears(endpoint.events, type))
          .map(({ id: endpointId }) => ({ accountId, eventId, endpointId, cause: 'event' as const })),
      );
      await insertDeliveries(tx, deliveries, this.clock.now());
      return events.length;
    });
  }
}
