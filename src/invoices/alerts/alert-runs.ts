import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, type TimeTraveller } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { Hooks } from '../../common/hooks.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { type Instant, MINUTE } from '../../domain/instant.js';
import { subscriptionChanged, subscriptionsImported } from '../../subscriptions/subscription-records.js';
import { usageChanged } from '../../usage/rollups/compaction.js';
import { AlertEvaluation } from './alert-evaluation.js';
import { AlertSpread } from './alert-spread.js';
import { type Concerned, firstCheck, watch } from './alert-watches.js';

const TASK = 'invoices.alerts';

/** When alerts are looked at: every minute, when usage or a subscription changes, when test time passes. */
@Injectable()
export class AlertRuns implements OnModuleInit, TimeTraveller {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly hooks: Hooks,
    private readonly spread: AlertSpread,
    private readonly evaluation: AlertEvaluation,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute(TASK, () => this.run({ waits: false }));
    this.hooks.on(usageChanged, (tx, { usage }) => this.changed(tx, usage));
    this.hooks.on(subscriptionChanged, (tx, { accountId }) => this.changed(tx, [{ accountId, meter: null }]));
    this.hooks.on(subscriptionsImported, (tx, { accountIds }) =>
      this.changed(
        tx,
        accountIds.map((accountId) => ({ accountId, meter: null })),
      ),
    );
    this.clock.register(this);
  }

  /** A worker looks as soon as the transaction has committed. */
  async wake(tx: Tx): Promise<void> {
    await this.jobs.add(tx, TASK, {}, { key: TASK });
  }

  async runDue(): Promise<void> {
    await this.run({ waits: true });
  }

  async nextDue(after: Instant): Promise<Instant | undefined> {
    if (await this.spread.isWaiting()) return after + MINUTE;
    return this.database.transaction((tx) => firstCheck(tx, after));
  }

  private async run({ waits }: { readonly waits: boolean }): Promise<void> {
    await this.spread.run();
    await this.evaluation.run({ waits });
  }

  private async changed(tx: Tx, concerned: readonly Concerned[]): Promise<void> {
    if (await watch(tx, concerned, this.clock.now())) await this.wake(tx);
  }
}
