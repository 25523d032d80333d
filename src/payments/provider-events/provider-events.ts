import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock, type TimeTraveller } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import type { Call } from '../../common/http/call.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { messageOf } from '../../common/telemetry/error-record.js';
import { LOG } from '../../common/telemetry/log-token.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import type { Notification } from '../../providers/port.js';
import { Providers } from '../../providers/providers.js';
import { ApplyFacts } from './apply-facts.js';
import { lockProviderEvent, type ProviderEvent, type ProviderEventState } from './provider-event-records.js';

const PROCESS = 'payments.provider_event';

/** The queue waits longer each time; ten times are some hours. */
const TRIES_MAX = 10;

type Named = Pick<ProviderEvent, 'provider' | 'id'>;

const KEEP = `
  insert into provider_event (provider, event_id, type, state, about, occurred_at, received_at)
  values ($1, $2, $3, $4, $5::jsonb, $6, $7) on conflict do nothing returning event_id`;

/** What providers told: each event is kept once, for good, and dealt with by a job. What cannot be dealt with is parked, and seen. */
@Injectable()
export class ProviderEvents implements OnModuleInit, TimeTraveller {
  constructor(
    @Inject(LOG) private readonly log: Logger,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: Jobs,
    private readonly audit: Audit,
    private readonly providers: Providers,
    private readonly facts: ApplyFacts,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(PROCESS, (payload) => this.process(payload as Named));
    this.clock.register(this);
  }

  /** Keeps what is new, in one transaction with the jobs that deal with it. */
  async keep(provider: string, notifications: readonly Notification[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      const receivedAt = formatInstant(this.clock.now());
      for (const { id, type, about, occurredAt } of notifications) {
        const state: ProviderEventState = about === null ? 'ignored' : 'received';
        const fresh = await tx.query<unknown[]>(KEEP, [
          provider,
          id,
          type,
          state,
          about === null ? null : JSON.stringify(about),
          formatInstant(occurredAt),
          receivedAt,
        ]);
        if (fresh.length > 0 && state === 'received') await this.enqueue(tx, { provider, id });
      }
    });
  }

  /** Deals with an event: the provider is asked what is true, which is noted. Throws where it is to be tried again. */
  async process(named: Named): Promise<void> {
    const event = await this.database.transaction((tx) => lockProviderEvent(tx, named));
    if (event.state !== 'received') return;
    try {
      const facts = await this.providers.named(event.provider).factsOf(event);
      await this.database.transaction(async (tx) => {
        if ((await lockProviderEvent(tx, event)).state !== 'received') return; // by another process meanwhile
        await this.facts.run(tx, event, facts);
        await this.settle(tx, event, { state: facts.length === 0 ? 'ignored' : 'processed', reason: null });
      });
    } catch (error) {
      await this.failed(event, error);
    }
  }

  /** Puts a parked event back. @throws Refusal `provider_event_not_found`, `provider_event_not_parked` */
  async retry(tx: Tx, { actor }: Call, named: Named): Promise<ProviderEvent> {
    const event = await lockProviderEvent(tx, named);
    if (event.state !== 'parked')
      throw new Refusal('conflict', 'provider_event_not_parked', `The event is ${event.state}: only a parked one can be tried again.`);
    await this.settle(tx, event, { state: 'received', reason: event.reason });
    await this.enqueue(tx, event);
    await this.audit.record(tx, {
      actor,
      action: 'provider_event.retried',
      subjectType: 'provider_event',
      subjectId: event.id,
      before: { provider: event.provider, state: event.state },
      after: { state: 'received' },
    });
    return lockProviderEvent(tx, named);
  }

  nextDue(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** When test time passes, what was told is dealt with before the answer, and not by the queue some moments later. */
  async runDue(): Promise<void> {
    const events = await this.database.query<Named>({
      name: 'received_provider_events',
      text: `select provider, event_id as id from provider_event where state = 'received' order by received_at, provider, event_id`,
      values: [],
    });
    for (const event of events)
      await this.process(event).catch((err: unknown) => {
        this.log.error({ err, provider: event.provider, event: event.id }, "a provider's event could not be dealt with; it is tried again");
      });
  }

  private enqueue(tx: Tx, { provider, id }: Named): Promise<void> {
    return this.jobs.add(tx, PROCESS, { provider, id }, { key: `${PROCESS}:${provider}:${id}` });
  }

  private async settle(
    tx: Tx,
    { provider, id }: Named,
    { state, reason }: { state: ProviderEventState; reason: string | null },
  ): Promise<void> {
    await tx.query(
      `update provider_event set state = $3, reason = $4, settled_at = $5, tries = case $3 when 'received' then 0 else tries end
       where provider = $1 and event_id = $2`,
      [provider, id, state, reason, state === 'received' ? null : formatInstant(this.clock.now())],
    );
  }

  /** What will never go is parked at once, what may go on the tenth try. */
  private async failed(event: ProviderEvent, error: unknown): Promise<void> {
    const reason = error instanceof Error ? messageOf(error) : 'unknown';
    const tries = event.tries + 1;
    const parked = (error instanceof Refusal && error.kind !== 'unavailable') || tries >= TRIES_MAX;
    await this.database.transaction(async (tx) => {
      if ((await lockProviderEvent(tx, event)).state !== 'received') return;
      await tx.query('update provider_event set tries = $3, reason = $4 where provider = $1 and event_id = $2', [
        event.provider,
        event.id,
        tries,
        reason,
      ]);
      if (parked) await this.settle(tx, event, { state: 'parked', reason });
    });
    if (!parked) throw error;
    this.log.error({ err: error, provider: event.provider, event: event.id }, "a provider's event was parked: see GET /v2/provider-events");
  }
}
