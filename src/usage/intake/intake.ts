import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import type { NamedThing } from '../../common/ids.js';
import { registry } from '../../common/telemetry/metrics.js';
import { type EventRejection, isRejection, type UsageEvent } from '../../domain/metering/event.js';
import { type MeterCatalog, MetersService } from '../../meters/meters.service.js';
import { SHARE_INGEST } from '../late-marks.js';
import type { MeasuredEvent } from '../measured-event.js';
import { Quarantine, type RefusedEvent, type Sender } from '../quarantine/quarantine.js';
import { Compaction } from '../rollups/compaction.js';
import { admit, readBy, type Terms, termsOf } from './admit.js';
import { IntakeQueue } from './intake-queue.js';
import { UsagePartitions } from './partitions.js';
import { RecentIdents } from './recent-idents.js';
import { storeAndCount } from './store-and-count.js';
import { type IngestStatus, keyOf, type Stored } from './store-events.js';

const results = new Counter({
  name: 'wharfage_usage_events_total',
  help: 'Usage events by result',
  labelNames: ['result'],
  registers: [registry],
});

const rejections = new Counter({
  name: 'wharfage_usage_rejected_total',
  help: 'Rejected usage events by code',
  labelNames: ['code'],
  registers: [registry],
});

/** What became of one event. */
export interface EventResult {
  readonly index: number;
  readonly id: string | null;
  readonly status: IngestStatus | 'rejected';
  /** Names the event for good; nothing where it was rejected. */
  readonly named?: NamedThing;
  /** Set where it was there already and is voided. */
  readonly voided?: true;
  readonly code?: string;
  readonly pointer?: string;
}

/** An event to be stored; of one with a sender is kept why it was rejected. */
interface SentEvent {
  readonly event: UsageEvent;
  readonly sender: Sender | undefined;
}

/** An event that was rejected before. */
export interface GivenAgain extends Terms {
  readonly json: unknown;
}

type Read = SentEvent | EventRejection;
type Outcome = Pick<EventResult, 'named' | 'voided'> & ({ readonly status: IngestStatus } | EventRejection);

/** Takes events in: each is judged by itself, stored once, and counted in the same transaction. */
@Injectable()
export class Intake {
  private readonly queue = new IntakeQueue<Read, Outcome>((events) => this.take(events));
  private readonly recentIdents = new RecentIdents();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly meters: MetersService,
    private readonly partitions: UsagePartitions,
    private readonly compaction: Compaction,
    private readonly quarantine: Quarantine,
  ) {}

  /**
   * Stores events and answers after the commit: a result for each, in the order given.
   * @throws Overloaded where too much waits already: nothing of it was taken
   */
  async report(actor: Actor, given: readonly unknown[]): Promise<EventResult[]> {
    const terms = termsOf(actor, this.clock.now());
    const sender: Sender = { apiKeyId: actor.kind === 'api_key' ? actor.id : null, mayBackfill: terms.mayBackfill };
    return this.judge(
      given,
      given.map((json) => sentBy(json, terms, sender)),
    );
  }

  /**
   * Judges events that were rejected before, each by when it came and by what its sender was allowed then. Those that are rejected again are
   * not kept a second time.
   * @throws Overloaded
   */
  again(given: readonly GivenAgain[]): Promise<EventResult[]> {
    return this.judge(
      given.map(({ json }) => json),
      given.map(({ json, ...terms }) => sentBy(json, terms, undefined)),
    );
  }

  private async judge(given: readonly unknown[], read: readonly Read[]): Promise<EventResult[]> {
    const outcomes = await this.queue.add(read);
    const counts = new Map<string, number>();
    const told = outcomes.map((outcome, index): EventResult => {
      const result: EventResult = {
        index,
        id: idOf(given[index]),
        ...('status' in outcome ? outcome : { status: 'rejected', ...outcome }),
      };
      counts.set(result.status, (counts.get(result.status) ?? 0) + 1);
      if (result.code !== undefined) rejections.inc({ code: result.code });
      return result;
    });
    for (const [result, count] of counts) results.inc({ result }, count);
    return told;
  }

  /** Decides and stores again where a meter was changed in between, or a partition archived. */
  private async take(read: readonly Read[]): Promise<Outcome[]> {
    const keys = new Set(read.flatMap((one) => ('event' in one ? [one.event.subject] : [])));
    const accountIds = await this.accounts.idsByKeys([...keys]);
    for (;;) {
      const catalog = await this.meters.catalog();
      const admitted = read.map((one) => ('event' in one ? admit(one.event, { accountIds, meters: catalog.meters }) : one));
      const events = admitted.filter((one): one is MeasuredEvent => 'event' in one);
      const refused = refusedOf(read, admitted);
      if (events.length + refused.length === 0) return admitted as EventRejection[];
      await this.partitions.ensure(events.map(({ event }) => event));
      const taken = await this.database
        .transaction(async (tx) => {
          const stored = events.length === 0 ? NOTHING : await this.store(tx, events, catalog);
          return stored && { stored, dropped: await this.quarantine.keep(tx, refused) };
        })
        .catch(unlessPartitionIsGone);
      if (!taken) continue;
      this.quarantine.countDropped(taken.dropped);
      this.recentIdents.see(taken.stored.events);
      let next = 0;
      return admitted.map((one): Outcome => ('event' in one ? outcomeOf(one, taken.stored, next++) : one));
    }
  }

  /** Nothing where the meters are no longer those that the events were measured by. */
  private async store(tx: Tx, events: readonly MeasuredEvent[], catalog: MeterCatalog): Promise<Stored | undefined> {
    await tx.query(SHARE_INGEST);
    if ((await this.meters.catalog(tx)).revision !== catalog.revision) return undefined;
    const stored = await storeAndCount(tx, this.meters, events, this.clock.now());
    await this.compaction.noteAppended(tx, stored.events.length);
    return stored;
  }
}

const CHECK_VIOLATION = '23514';

/** A row without a partition is told as one that violates the table's check. */
function unlessPartitionIsGone(error: unknown): undefined {
  const { code, table } = error as { readonly code?: unknown; readonly table?: unknown };
  if (code !== CHECK_VIOLATION || table !== 'usage_event') throw error;
}

const NOTHING: Stored = { statuses: [], idents: [], voided: new Set(), events: [] };

function outcomeOf({ accountId }: MeasuredEvent, { statuses, idents, voided }: Stored, i: number): Outcome {
  const status = statuses[i] ?? 'accepted';
  const named = { accountId, ident: idents[i] ?? '' };
  return status === 'duplicate' && voided.has(keyOf(named)) ? { status, named, voided: true } : { status, named };
}

function sentBy(json: unknown, terms: Terms, sender: Sender | undefined): Read {
  const event = readBy(json, terms);
  return isRejection(event) ? event : { event, sender };
}

/** The events that are in order by themselves, but whose account, meter or property is not there (yet). */
const refusedOf = (read: readonly Read[], admitted: readonly (MeasuredEvent | EventRejection)[]): RefusedEvent[] =>
  read.flatMap((one, i) => {
    const outcome = admitted[i];
    if (!('event' in one) || one.sender === undefined || outcome === undefined || 'event' in outcome) return [];
    return [{ event: one.event, sender: one.sender, rejection: outcome }];
  });

function idOf(json: unknown): string | null {
  const id = (json as { id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id.slice(0, 200) : null;
}
