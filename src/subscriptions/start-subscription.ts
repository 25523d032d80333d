import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { type Actor, hasScope } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import type { PlanVersion } from '../domain/catalog.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { decideStart, type StartCommand, type StartContext } from '../domain/subscription/commands/start.js';
import { startOf } from '../domain/subscription/lifecycle.js';
import { currentPeriod, holdings, versionKey } from '../domain/subscription/history.js';
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
  /** Id of the subscription that it is to be an add-on to. */
  readonly addOnTo?: string;
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
  async run(tx: Tx, actor: Actor, input: StartInput): Promise<AccountHistory> {
    await this.accounts.locked(tx, input.account); // else two starts at once could both price one meter
    const history = await this.decided(tx, actor, input);
    const { coupon, plan, planVersion } = startOf(history);
    if (coupon !== null)
      await this.coupons.redeem(tx, actor, coupon, {
        accountId: history.accountId,
        subscriptionId: history.id,
        plan: await this.plans.version(tx, plan, planVersion, startOf(history).effectiveAt),
      });
    await this.records.create(tx, { actor }, history);
    return history;
  }

  /** What `run` would record; records nothing. */
  async decided(
    tx: Tx,
    actor: Actor,
    { account: accountKey, plan: planKey, planVersion, addOnTo, ...command }: StartInput,
  ): Promise<AccountHistory> {
    const now = this.clock.now();
    const startsAt = command.startsAt ?? now;
    const account = await this.accounts.byKey(tx, accountKey);
    const plan = await this.plans.version(tx, planKey, planVersion, startsAt);
    if (command.overrides) await this.plans.refuseUnusable(tx, command.overrides);
    const parent = addOnTo === undefined ? undefined : await this.parent(tx, account, addOnTo);
    const held = await this.subscriptions.holdings(tx, account.id);
    const facts = decideStart({ ...command, startsAt }, { plan, account, held, now, ...(parent && { parent }) });
    if (command.coupon !== undefined) await this.coupons.refuseUnredeemable(tx, command.coupon, plan);
    const id = newId('sub', now, account.id);
    const history: AccountHistory = { accountId: account.id, id, createdAt: now, facts, ...(parent && { parent: parent.history }) };
    if (startsAt < now && !hasScope(actor, 'subscriptions:backdate')) {
      const versions = new Map([...(parent?.versions ?? []), [versionKey(plan.plan, plan.version), plan]]);
      refuseClosedPeriods(history, versions, now);
    }
    return history;
  }

  private async parent(
    tx: Tx,
    account: { readonly id: string; readonly key: string },
    id: string,
  ): Promise<NonNullable<StartContext['parent']>> {
    const history = await this.records.one(tx, id);
    if (history.accountId !== account.id)
      throw new Refusal(
        'conflict',
        'add_on_refused',
        `Subscription ${id} is not one of the account "${account.key}": an add-on belongs to the same account.`,
      );
    return { history, versions: await this.subscriptions.versionsOf(tx, [history]) };
  }
}

/**
 * A change may take effect down to the current period's start. A subscription that is being created has none yet: its start may lie
 * back as far as the first of its own periods still lasts, so that no period that is over would be billed.
 */
function refuseClosedPeriods(history: AccountHistory, versions: ReadonlyMap<string, PlanVersion>, now: bigint): void {
  const { effectiveAt } = startOf(history);
  const period = currentPeriod(holdings(history, versions), now);
  if (!period || period.start <= effectiveAt) return;
  throw new Refusal(
    'unprocessable',
    'backdated_too_far',
    `A billing period that began at ${formatInstant(effectiveAt)} is over: start later, or use a key with the scope subscriptions:backdate.`,
  );
}
