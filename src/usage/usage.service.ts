import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { AccountsService } from '../accounts/accounts.service.js';
import { type Actor, hasScope } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { registry } from '../common/telemetry/metrics.js';
import type { Instant } from '../domain/instant.js';
import { type EventRejection, isRejection, missingFor, readEvent, type UsageEvent, wrongTime } from '../domain/metering/event.js';
import type { UsageAnswer } from '../domain/metering/question.js';
import { Refusal } from '../domain/refusal.js';
import { MetersService } from '../meters/meters.service.js';
import { type AccountQuestion, answerMeter } from './answer.js';
import { type AdmittedEvent, ingest } from './ingest.js';
import { UsagePartitions } from './partitions.js';
import { holdAlone, holdShared, markLate, raise } from './watermarks.js';

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
  readonly status: 'accepted' | 'duplicate' | 'conflict' | 'rejected';
  readonly code?: string;
  readonly pointer?: string;
}

@Injectable()
export class UsageService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly meters: MetersService,
    private readonly partitions: UsagePartitions,
  ) {}

  /** Stores events, each judged by itself, and answers after the commit: a result for each, in the order given. */
  async report(actor: Actor, given: readonly unknown[]): Promise<EventResult[]> {
    const now = this.clock.now();
    const mayBackfill = hasScope(actor, 'usage:backfill');
    const read = given.map((json) => {
      const event = readEvent(json);
      return isRejection(event) ? event : (wrongTime(event.time, { now, mayBackfill }) ?? event);
    });
    const admitted = await this.admitted(read);
    const events = admitted.filter((one): one is AdmittedEvent => 'event' in one);
    await this.partitions.ensure(events.map(({ event }) => event.time));
    const statuses = events.length === 0 ? [] : await this.database.transaction((tx) => this.store(tx, events, now));
    const byIndex = new Map(events.map(({ index }, i) => [index, statuses[i] ?? 'accepted']));
    return admitted.map((one, index): EventResult => {
      const result: EventResult = {
        index,
        id: idOf(given[index]),
        ...('event' in one ? { status: byIndex.get(index) ?? 'accepted' } : { status: 'rejected', ...one }),
      };
      results.inc({ result: result.status });
      return result;
    });
  }

  /**
   * Answers questions of many accounts, in the order asked: one statement for each meter and shape of question.
   * @throws Refusal `meter_not_found`
   */
  async answer(tx: Tx, questions: readonly AccountQuestion[]): Promise<UsageAnswer[]> {
    if (questions.length === 0) return [];
    const meters = new Map((await this.meters.all()).map((meter) => [meter.key, meter]));
    const answers = new Array<UsageAnswer>(questions.length);
    for (const alike of groupsAlike(questions)) {
      const meter = meters.get(alike[0]?.question.meter ?? '');
      if (!meter) throw new Refusal('not_found', 'meter_not_found', `There is no meter "${alike[0]?.question.meter ?? ''}".`);
      const found = await answerMeter(
        tx,
        meter,
        alike.map(({ question }) => question),
      );
      alike.forEach(({ index }, i) => {
        answers[index] = found[i] ?? [];
      });
    }
    return answers;
  }

  /** Keeps events of these accounts out until the transaction ends: to be called before a bill run asks for usage. */
  holdForBilling(tx: Tx, accountIds: readonly string[]): Promise<void> {
    return holdAlone(tx, accountIds);
  }

  /** What was billed now: an older event than that leaves a mark from here on. */
  setBilledThrough(tx: Tx, billed: readonly { readonly accountId: string; readonly through: Instant }[]): Promise<void> {
    return raise(tx, billed);
  }

  /** Of these accounts, or all: those with events from before their watermark that no bill run has looked at. */
  async touched(tx: Tx): Promise<string[]> {
    const rows = await tx.query<{ accountId: string }[]>('select account_id as "accountId" from usage_late_touch order by account_id');
    return rows.map((row) => row.accountId);
  }

  async clearTouches(tx: Tx, accountIds: readonly string[]): Promise<void> {
    await tx.query('delete from usage_late_touch where account_id = any($1::uuid[])', [accountIds]);
  }

  /** Events whose account is there, and whose meters are, and find what they need. */
  private async admitted(read: readonly (UsageEvent | EventRejection)[]): Promise<(AdmittedEvent | EventRejection)[]> {
    const events = read.filter((one): one is UsageEvent => !isRejection(one));
    const ids = await this.accounts.idsByKeys([...new Set(events.map((event) => event.subject))]);
    const meters = await this.meters.all();
    const unused = new Set<string>();
    const admitted = read.map((one, index): AdmittedEvent | EventRejection => {
      if (isRejection(one)) return one;
      const accountId = ids.get(one.subject);
      if (accountId === undefined) return { code: 'unknown_account', pointer: '/subject' };
      const counting = meters.filter((meter) => meter.eventType === one.type);
      if (counting.length === 0) return { code: 'unknown_meter', pointer: '/type' };
      for (const meter of counting) if (!meter.inUse) unused.add(meter.key);
      return missingFor(counting, one) ?? { index, accountId, event: one };
    });
    if (unused.size > 0) await this.database.transaction((tx) => this.meters.markUsed(tx, [...unused]));
    return admitted;
  }

  private async store(tx: Tx, events: readonly AdmittedEvent[], now: Instant) {
    const billedThrough = await holdShared(
      tx,
      events.map(({ accountId }) => accountId),
    );
    const statuses = await ingest(tx, events, now);
    const stored = events
      .filter((_event, i) => statuses[i] === 'accepted')
      .map(({ accountId, event }) => ({ accountId, time: event.time }));
    await markLate(tx, stored, billedThrough, now);
    return statuses;
  }
}

function idOf(json: unknown): string | null {
  const id = (json as { id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id.slice(0, 200) : null;
}

interface Asked {
  readonly index: number;
  readonly question: AccountQuestion;
}

/** Questions about one meter with the same filter, grouping and free level. */
function groupsAlike(questions: readonly AccountQuestion[]): Asked[][] {
  const groups = new Map<string, Asked[]>();
  for (const [index, question] of questions.entries()) {
    const key = JSON.stringify([question.meter, question.filter ?? null, question.groupBy ?? null, question.freeConcurrent ?? null]);
    const group = groups.get(key) ?? [];
    group.push({ index, question });
    groups.set(key, group);
  }
  return [...groups.values()];
}
