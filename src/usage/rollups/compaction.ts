import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, type TimeTraveller } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { defineFact, Hooks } from '../../common/hooks.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { type Instant, MINUTE } from '../../domain/instant.js';
import { MetersService } from '../../meters/meters.service.js';
import { compact, stopCompaction } from './compact.js';

/** Usage of a meter by an account. */
export interface AccountUsage {
  readonly accountId: string;
  readonly meter: string;
}

/** Told in the transaction that adds usage up: whose usage of what has changed. At most a minute after the events were stored. */
export const usageChanged = defineFact<{ readonly usage: readonly AccountUsage[] }>('usage.changed');

const TASK = 'usage.compact';
const ROWS = 20_000;
const EVENTS_BETWEEN = 50_000;

/** When what intake appended is added up: every minute, sooner where much was appended, and when test time passes. */
@Injectable()
export class Compaction implements OnModuleInit, TimeTraveller {
  private appended = 0;

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly hooks: Hooks,
    private readonly meters: MetersService,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute(TASK, () => this.run());
    this.clock.register(this);
  }

  /** Told by intake as the last thing of its transaction. */
  async noteAppended(tx: Tx, events: number): Promise<void> {
    this.appended += events;
    if (this.appended < EVENTS_BETWEEN) return;
    this.appended = 0;
    await this.jobs.add(tx, TASK, {}, { key: TASK });
  }

  /** Adds up until nothing is left, some thousand rows a transaction; leaves it to another that is at it already. */
  async run(): Promise<void> {
    while (await this.database.transaction((tx) => this.once(tx)));
  }

  /** The same, but waits for another that is at it. */
  async runDue(): Promise<void> {
    const once = async (tx: Tx): Promise<boolean> => {
      await stopCompaction(tx);
      return await this.once(tx);
    };
    while (await this.database.transaction(once));
  }

  /** With test time, a minute after something was appended. */
  async nextDue(after: Instant): Promise<Instant | undefined> {
    const [{ waiting } = { waiting: false }] = await this.database.transaction((tx) =>
      tx.query<{ waiting: boolean }[]>(
        'select exists (select 1 from usage_rollup_tail) or exists (select 1 from usage_level_tail) as waiting',
      ),
    );
    return waiting ? after + MINUTE : undefined;
  }

  private async once(tx: Tx): Promise<boolean> {
    const { touched, more } = await compact(tx, ROWS);
    if (touched.length === 0) return more;
    const keys = new Map((await this.meters.all(tx)).map(({ id, key }) => [id, key]));
    const usage = touched.flatMap(({ accountId, meterId }) => {
      const meter = keys.get(meterId);
      return meter === undefined ? [] : [{ accountId, meter }];
    });
    await this.hooks.tell(tx, usageChanged, { usage });
    return more;
  }
}
