import { Injectable, type OnModuleInit } from '@nestjs/common';
import { accountChanged, accountConverting } from '../accounts/accounts.service.js';
import { Clock, type TimeTraveller } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { Hooks } from '../common/hooks.js';
import { Jobs } from '../common/jobs/jobs.js';
import { exceeded, type Entitlements } from '../domain/entitlements.js';
import type { Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { defaultsChanged } from '../plans/default-plans.js';
import { limitsEnforced } from '../subscriptions/change-subscription.js';
import { subscriptionChanged, subscriptionsImported } from '../subscriptions/subscription-records.js';
import { firstChange, invalidateRows, outOfDate } from './entitlement-rows.js';
import { EntitlementsService } from './entitlements.service.js';
import { FeatureUse } from './feature-use.js';

const TASK = 'entitlements.refresh';
const BATCH = 500;

/** When entitlements are computed: with what changes them, and when their time has come. */
@Injectable()
export class EntitlementHooks implements OnModuleInit, TimeTraveller {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly hooks: Hooks,
    private readonly jobs: Jobs,
    private readonly entitlements: EntitlementsService,
    private readonly use: FeatureUse,
  ) {}

  onModuleInit(): void {
    this.hooks.on(accountChanged, (tx, { accountId }) => this.entitlements.compute(tx, [accountId]));
    this.hooks.on(subscriptionChanged, (tx, { accountId }) => this.entitlements.compute(tx, [accountId]));
    this.hooks.on(subscriptionsImported, (tx, { accountIds }) => this.entitlements.compute(tx, accountIds));
    this.hooks.on(defaultsChanged, (tx) => invalidateRows(tx));
    this.hooks.on(limitsEnforced, async (tx, { accountId, after, at }) => {
      await this.refuseExceeded(tx, accountId, await this.entitlements.supposed(tx, accountId, { at, changed: after }));
    });
    this.hooks.on(accountConverting, async (tx, { accountId, force }) => {
      if (force) return;
      await this.refuseExceeded(tx, accountId, await this.entitlements.supposed(tx, accountId, { kind: 'organization' }));
    });
    this.jobs.everyMinute(TASK, () => this.runDue());
    this.clock.register(this);
  }

  nextDue(after: Instant): Promise<Instant | undefined> {
    return this.database.transaction((tx) => firstChange(tx, after));
  }

  /** Whoever asks meanwhile gets the answer computed on the spot: this only sees to it that the event goes out though nobody asks. */
  async runDue(): Promise<void> {
    for (;;) {
      const done = await this.database.transaction(async (tx) => {
        const accountIds = await outOfDate(tx, this.clock.now(), BATCH);
        if (accountIds.length > 0) await this.entitlements.compute(tx, accountIds);
        return accountIds.length;
      });
      if (done === 0) return;
    }
  }

  /** @throws Refusal `usage_exceeds_limit` */
  private async refuseExceeded(tx: Tx, accountId: string, after: Entitlements): Promise<void> {
    const before = await this.entitlements.supposed(tx, accountId);
    const used = await this.use.all(tx, accountId, [...new Set([...Object.keys(before), ...Object.keys(after)])]);
    const problems = exceeded(before, after, used).map((one) => ({
      pointer: `/features/${one.feature}`,
      code: 'usage_exceeds_limit',
      detail: `${String(one.used)} of "${one.feature}" are used, and ${String(one.limit)} would be allowed.`,
    }));
    if (problems.length > 0)
      throw new Refusal(
        'conflict',
        'usage_exceeds_limit',
        `${problems.map(({ detail }) => detail).join(' ')} Use less first, or send the request without the check.`,
        problems,
      );
  }
}
