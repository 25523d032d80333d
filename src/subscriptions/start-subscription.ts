import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { type Actor, hasScope } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import type { PlanVersion } from '../domain/catalog.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { decideStart, type StartCommand } from '../domain/subscription/commands.js';
import type { SubscriptionHistory } from '../domain/subscription/facts.js';
import { currentPeriod, holdingAt, holdings, versionKey } from '../domain/subscription/history.js';
import { CouponsService } from '../plans/coupons.service.js';
import { PlansService } from '../plans/plans.service.js';
import type { AccountHistory } from './histories.js';
import { SubscriptionRecords } from './subscription-records.js';
import { SubscriptionsService } from './subscriptions.service.js';

export type StartInput = Omit<StartCommand, 'startsAt'> & {
  /** Keys. */
  readonly account: string;
  readonly plan: string;
  readonly planVersion?: number;
  /** Now where it is left out. */
  readonly startsAt?: bigint;
};

@Injectable()
export class StartSubscription {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly plans: PlansService,
    private readonly coupons: CouponsService,
    private readonly subscriptions: SubscriptionsService,
    private readonly records: SubscriptionRecords,
  ) {}

  /**
   * Starts a subscription, in the past, now or in the future, with the plan version that is in force then.
   * @throws Refusal as `decideStart`, `PlansService.version` and `CouponsService.redeem` do; `account_not_found`, `backdated_too_far`
   */
  async run(tx: Tx, actor: Actor, { account: accountKey, plan: planKey, planVersion, ...command }: StartInput): Promise<AccountHistory> {
    const now = this.clock.now();
    const startsAt = command.startsAt ?? now;
    const account = await this.accounts.locked(tx, accountKey); // else two starts at once could both price one meter
    const plan = await this.plans.version(tx, planKey, planVersion, startsAt);
    const held = await this.subscriptions.holdings(tx, account.id);
    const fact = decideStart({ ...command, startsAt }, { plan, account, held, now });
    const id = newId('sub', now, account.id);
    const history: AccountHistory = { accountId: account.id, id, createdAt: now, facts: [fact] };
    if (startsAt < now && !hasScope(actor, 'subscriptions:backdate')) refuseClosedPeriods(history, plan, now);
    if (command.coupon !== undefined) await this.coupons.redeem(tx, command.coupon, plan);
    await this.records.create(tx, actor, history);
    return history;
  }
}

/**
 * A change may take effect down to the current period's start. A subscription that is being created has none yet: its start may lie
 * back as far as the first of its own periods still lasts, so that no period that is over would be billed.
 */
function refuseClosedPeriods(history: SubscriptionHistory, plan: PlanVersion, now: bigint): void {
  const holding = holdingAt(holdings(history, new Map([[versionKey(plan.plan, plan.version), plan]])), now);
  if (!holding || currentPeriod(holding, now).start <= holding.from) return;
  throw new Refusal(
    'unprocessable',
    'backdated_too_far',
    `A billing period that began at ${formatInstant(holding.from)} is over: start later, or use a key with the scope subscriptions:backdate.`,
  );
}
