import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { hasScope } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { type ChangePlanCommand, decideChangePlan, effectiveInstant } from '../domain/subscription/commands.js';
import { PlansService } from '../plans/plans.service.js';
import type { AccountHistory } from './histories.js';
import { SubscriptionRecords } from './subscription-records.js';
import { SubscriptionsService } from './subscriptions.service.js';

export type ChangePlanInput = Omit<ChangePlanCommand, 'plan'> & {
  /** Its key. */
  readonly plan: string;
  readonly planVersion?: number;
};

@Injectable()
export class ChangePlan {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
    private readonly records: SubscriptionRecords,
  ) {}

  /**
   * Moves a subscription to another plan, by default now, to the version in force when the change takes effect.
   * @throws Refusal as `decideChangePlan` and `PlansService.version` do; `subscription_not_found`, `precondition_failed`
   */
  async run(tx: Tx, call: Call, id: string, { plan: planKey, planVersion, ...command }: ChangePlanInput): Promise<AccountHistory> {
    const { accountId } = await this.records.one(tx, id);
    await this.accounts.lock(tx, accountId); // before the subscription's, as a start does: else two changes could both price one meter
    const history = await this.records.locked(tx, call, id);
    const versions = await this.subscriptions.versionsOf(tx, [history]);
    const mayBackdate = hasScope(call.actor, 'subscriptions:backdate');
    const context = { history, versions, now: this.clock.now(), mayBackdate };
    const plan = await this.plans.version(tx, planKey, planVersion, effectiveInstant(command.when ?? 'now', context));
    const heldElsewhere = (await this.subscriptions.holdings(tx, accountId)).filter((holding) => holding.subscription !== id);
    const fact = decideChangePlan({ ...command, plan }, { ...context, heldElsewhere });
    return await this.records.append(tx, call.actor, history, fact);
  }
}
