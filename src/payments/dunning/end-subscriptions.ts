import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import type { DunningEnd } from '../../domain/dunning/policy.js';
import { holdingAt, holdings } from '../../domain/subscription/history.js';
import { statusAt } from '../../domain/subscription/lifecycle.js';
import { PlansService } from '../../plans/plans.service.js';
import { ChangeSubscription } from '../../subscriptions/change-subscription.js';
import type { AccountHistory } from '../../subscriptions/histories.js';
import { SubscriptionsService } from '../../subscriptions/subscriptions.service.js';
import { type Done, DUNNING, UNPAID } from './case-records.js';
import { pausedByDunning, pauseNow } from './paused-subscriptions.js';

/** What a policy does to a subscription at its end. Nothing is credited of what was not paid, but by a pause, which credits as any pause does. */
@Injectable()
export class EndSubscriptions {
  constructor(
    private readonly clock: Clock,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
    private readonly changing: ChangeSubscription,
  ) {}

  /** Answers what was done: nothing to one that has ended, or that a plan of another product is named for. @throws Refusal as `ChangeSubscription.run` */
  async run(tx: Tx, history: AccountHistory, end: DunningEnd): Promise<Done[]> {
    if (statusAt(history, this.clock.now()) === 'canceled') return [];
    switch (end.subscriptions) {
      case 'leave':
        return [];
      case 'cancel':
        return this.cancel(tx, history);
      case 'pause':
        return this.pause(tx, history);
      case 'change_plan':
        return this.changePlan(tx, history, end.plan ?? '');
    }
  }

  private async cancel(tx: Tx, { id: subscription }: AccountHistory): Promise<Done[]> {
    await this.changing.run(tx, { actor: DUNNING }, subscription, { action: 'cancel', when: 'now' }, { reason: UNPAID });
    return [{ did: 'canceled', subscription }];
  }

  /** One that dunning paused for another invoice stays paused until both are settled. */
  private async pause(tx: Tx, history: AccountHistory): Promise<Done[]> {
    const { accountId, id: subscription } = history;
    const now = pauseNow(history, this.clock.now());
    if (now !== undefined && (await pausedByDunning(tx, accountId, { subscription, seq: now })))
      return [{ did: 'paused', subscription, seq: now }];
    const after = await this.changing.run(tx, { actor: DUNNING }, subscription, { action: 'pause' }, { reason: UNPAID });
    return [{ did: 'paused', subscription, seq: pauseNow(after, this.clock.now()) ?? 0 }];
  }

  private async changePlan(tx: Tx, history: AccountHistory, plan: string): Promise<Done[]> {
    const now = this.clock.now();
    const held = holdingAt(holdings(history, await this.subscriptions.versionsOf(tx, [history])), now)?.plan;
    const wanted = await this.plans.version(tx, plan, undefined, now);
    if (held?.product !== wanted.product || held.plan === plan) return [];
    const action = { action: 'change-plan' as const, plan, when: 'now' as const, proration: 'none' as const };
    await this.changing.run(tx, { actor: DUNNING }, history.id, action, { reason: UNPAID });
    return [{ did: 'plan_changed', subscription: history.id, plan }];
  }
}
