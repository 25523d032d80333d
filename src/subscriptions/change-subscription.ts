import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { type Actor, hasScope } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { defineFact, Hooks } from '../common/hooks.js';
import type { Call } from '../common/http/call.js';
import type { Instant } from '../domain/instant.js';
import { planChangeInstant } from '../domain/subscription/commands/change-plan.js';
import { type ChangeContext, effectiveInstant } from '../domain/subscription/commands/context.js';
import { type Action, decide, type NamedAction } from '../domain/subscription/commands/decide.js';
import type { Fact, SubscriptionHistory } from '../domain/subscription/facts.js';
import { holdings } from '../domain/subscription/history.js';
import { statusAt } from '../domain/subscription/lifecycle.js';
import { PlansService } from '../plans/plans.service.js';
import { type AccountHistory, readHistories } from './histories.js';
import { SubscriptionRecords } from './subscription-records.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Told before a change that must not lower limits below what is used; whoever knows the use refuses it. */
export const limitsEnforced = defineFact<{ accountId: string; after: SubscriptionHistory; at: Instant }>('subscription.limits_enforced');

export interface ChangeOptions {
  readonly reason?: string | undefined;
  readonly enforceLimits?: boolean | undefined;
}

/** What an action would add to a subscription's history. */
export interface Decided {
  readonly before: AccountHistory;
  readonly after: AccountHistory;
  readonly facts: readonly Fact[];
}

/** The one way in which a subscription changes after its start. */
@Injectable()
export class ChangeSubscription {
  constructor(
    private readonly clock: Clock,
    private readonly hooks: Hooks,
    private readonly accounts: AccountsService,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
    private readonly records: SubscriptionRecords,
  ) {}

  /**
   * Does an action. Of several at once on one subscription one is let through.
   * @throws Refusal as `decide` and `PlansService.version` do; `subscription_not_found`, `subscription_busy`, `precondition_failed`
   */
  async run(
    tx: Tx,
    call: Pick<Call, 'actor' | 'ifMatch'>,
    id: string,
    action: NamedAction,
    options: ChangeOptions = {},
  ): Promise<AccountHistory> {
    await this.records.lock(tx, call, id);
    const { accountId } = await this.records.one(tx, id);
    await this.accounts.lock(tx, accountId); // else two subscriptions could both come to price one meter
    const { before, after, facts } = await this.decided(tx, call.actor, id, action, options);
    await this.records.append(tx, { actor: call.actor, reason: options.reason }, before, facts);
    return after;
  }

  /** What `run` would record; records nothing. */
  async decided(tx: Tx, actor: Actor, id: string, named: NamedAction, { enforceLimits }: ChangeOptions = {}): Promise<Decided> {
    const before = await this.records.one(tx, id);
    const others = (await readHistories(tx, { accountIds: [before.accountId] })).filter((other) => other.id !== id);
    const versions = await this.subscriptions.versionsOf(tx, [before, ...others]);
    const now = this.clock.now();
    const context: ChangeContext = {
      history: before,
      versions,
      now,
      mayBackdate: hasScope(actor, 'subscriptions:backdate'),
      heldElsewhere: others.flatMap((other) => holdings(other, versions)),
      addOns: others.filter((other) => other.parent?.id === id && statusAt(other, now) !== 'canceled'),
    };
    const action = await this.resolved(tx, named, context);
    const facts = decide(action, context);
    const after = { ...before, facts: [...before.facts, ...facts] };
    if (enforceLimits)
      await this.hooks.tell(tx, limitsEnforced, { accountId: before.accountId, after, at: facts.at(-1)?.effectiveAt ?? now });
    return { before, facts, after };
  }

  /** With the plan version that is sold when the change takes effect. */
  private async resolved(tx: Tx, named: NamedAction, context: ChangeContext): Promise<Action> {
    if (named.action !== 'change-plan') return named;
    const { plan, planVersion, ...command } = named;
    if (command.overrides) await this.plans.refuseUnusable(tx, command.overrides);
    const version = (at: Instant): ReturnType<PlansService['version']> => this.plans.version(tx, plan, planVersion, at);
    if (command.when !== 'auto') return { ...command, plan: await version(effectiveInstant(command.when ?? 'now', context)) };
    const soldNow = await version(effectiveInstant('now', context));
    return { ...command, plan: await version(planChangeInstant({ ...command, plan: soldNow }, context)) };
  }
}
