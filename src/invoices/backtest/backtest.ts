import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import type { Stretch } from '../../domain/instant.js';
import { DraftPlans } from '../../plans/draft-plans.js';
import { PlansService } from '../../plans/plans.service.js';
import type { PutPlanDto } from '../../plans/plans.dto.js';
import { SubscriptionsService } from '../../subscriptions/subscriptions.service.js';
import { type ReRated, ReRateAccounts } from './re-rate-accounts.js';
import { type BacktestReport, Tally } from './tally.js';

const ACCOUNTS_AT_ONCE = 100;

export interface WantedBacktest {
  /** The body of `PUT /v2/plans/{key}`, whose key it is. */
  readonly plan: { readonly key: string; readonly body: PutPlanDto };
  /** The plan whose holders are re-rated. */
  readonly holders: string;
  /** Billing periods that begin in it are compared. */
  readonly range: Stretch;
  /** Only these accounts. */
  readonly accountIds?: readonly string[] | undefined;
  /** How many accounts of each currency are named in the lists of those who would pay more, and less. */
  readonly top: number;
}

/** What the holders of a plan would have been billed under a draft of it, by their own usage. Stores nothing. */
@Injectable()
export class Backtest {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly drafts: DraftPlans,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
    private readonly reRate: ReRateAccounts,
  ) {}

  /**
   * All as of one moment, some accounts at a time; `take` gets each of them.
   * @throws Refusal what `PUT /v2/plans/{key}` refuses, `plan_not_found`
   */
  async run(wanted: WantedBacktest, take: (accounts: readonly ReRated[]) => Promise<void>): Promise<BacktestReport> {
    return await this.database.snapshot(async (tx) => {
      const { plan, holders, range, top } = wanted;
      const draft = await this.drafts.check(tx, plan.key, plan.body);
      await this.plans.current(tx, holders);
      const tally = new Tally(top);
      const now = this.clock.now();
      for await (const ids of this.holders(tx, wanted)) {
        const { content, unknownMeters } = draft;
        const accounts = await this.reRate.run(tx, ids, { holders, draft: content, range, now, unknownMeters });
        for (const one of accounts) tally.add(one);
        await take(accounts);
      }
      return tally.report({ plan: draft.key, holders, range, asOf: now });
    });
  }

  private async *holders(tx: Tx, { holders, accountIds }: WantedBacktest): AsyncGenerator<readonly string[]> {
    for (let after: string | undefined; ;) {
      const ids = await this.subscriptions.accountsEverHolding(tx, holders, { after, limit: ACCOUNTS_AT_ONCE, among: accountIds });
      if (ids.length > 0) yield ids;
      if (ids.length < ACCOUNTS_AT_ONCE) return;
      after = ids.at(-1);
    }
  }
}
