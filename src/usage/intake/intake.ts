import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { AccountsService } from '../../accounts/accounts.service.js';
import { type Actor, hasScope } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { registry } from '../../common/telemetry/metrics.js';
import { type EventRejection, isRejection, readEvent, type UsageEvent, wrongTime } from '../../domain/metering/event.js';
import { type MeterCatalog, MetersService } from '../../meters/meters.service.js';
import { SHARE_INGEST } from '../late-marks.js';
import type { MeasuredEvent } from '../measured-event.js';
import { Compaction } from '../rollups/compaction.js';
import { countLevels } from '../rollups/count-levels.js';
import { admit } from './admit.js';
import { IntakeQueue } from './intake-queue.js';
import { UsagePartitions } from './partitions.js';
import { type IngestStatus, storeEvents } from './store-events.js';

const results = new Counter({
  name: 'wharfage_usage_events_total',
  help: 'Usage events by result',
  labelNames: ['result'],
  registers: [registry],
});

/** What became of one event. */
export interface EventResult {
  readonly index: number;
  readonly id: string | null;
  readonly status: IngestStatus | 'rejected';
  readonly code?: string;
  readonly pointer?: string;
}

type Read = UsageEvent | EventRejection;
type Outcome = { readonly status: IngestStatus } | EventRejection;

/** Takes events in: each is judged by itself, stored once, and counted in the same transaction. */
@Injectable()
export class Intake {
  private readonly queue = new IntakeQueue<Read, Outcome>((events) => this.take(events));

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly meters: MetersService,
    private readonly partitions: UsagePartitions,
    private readonly compaction: Compaction,
  ) {}

  /**
   * Stores events and answers after the commit: a result for each, in the order given.
   * @throws Overloaded where too much waits already: nothing of it was taken
   */
  async report(actor: Actor, given: readonly unknown[]): Promise<EventResult[]> {
    const now = this.clock.now();
    const mayBackfill = hasScope(actor, 'usage:backfill');
    const read = given.map((json): Read => {
      const event = readEvent(json);
      return isRejection(event) ? event : (wrongTime(event.time, { now, mayBackfill }) ?? event);
    });
    const outcomes = await this.queue.add(read);
    const counts = new Map<string, number>();
    const told = outcomes.map((outcome, index): EventResult => {
      const result: EventResult = {
        index,
        id: idOf(given[index]),
        ...('status' in outcome ? outcome : { status: 'rejected', ...outcome }),
      };
      counts.set(result.status, (counts.get(result.status) ?? 0) + 1);
      return result;
    });
    for (const [result, count] of counts) results.inc({ result }, count);
    return told;
  }

  /** Decides and stores again where a meter was changed in between. */
  private async take(read: readonly Read[]): Promise<Outcome[]> {
    const keys = new Set(read.flatMap((one) => (isRejection(one) ? [] : [one.subject])));
    const accountIds = await this.accounts.idsByKeys([...keys]);
    for (;;) {
      const catalog = await this.meters.catalog();
      const admitted = read.map((one) => admit(one, { accountIds, meters: catalog.meters }));
      const events = admitted.filter((one): one is MeasuredEvent => 'event' in one);
      if (events.length === 0) return admitted as EventRejection[];
      await this.partitions.ensure(events.map(({ event }) => event.time));
      const statuses = await this.database.transaction((tx) => this.store(tx, events, catalog));
      if (!statuses) continue;
      let next = 0;
      return admitted.map((one): Outcome => ('event' in one ? { status: statuses[next++] ?? 'accepted' } : one));
    }
  }

  /** Nothing where the meters are no longer those that the events were measured by. */
  private async store(tx: Tx, events: readonly MeasuredEvent[], catalog: MeterCatalog): Promise<readonly IngestStatus[] | undefined> {
    await tx.query(SHARE_INGEST);
    if ((await this.meters.catalog(tx)).revision !== catalog.revision) return undefined;
    const unused = new Set(events.flatMap(({ measures }) => measures.flatMap(({ meter }) => (meter.inUse ? [] : [meter.key]))));
    if (unused.size > 0) await this.meters.markUsed(tx, [...unused]);
    const stored = await storeEvents(tx, events, this.clock.now());
    await countLevels(tx, stored.events);
    await this.compaction.noteAppended(tx, stored.events.length);
    return stored.statuses;
  }
}

function idOf(json: unknown): string | null {
  const id = (json as { id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id.slice(0, 200) : null;
}
