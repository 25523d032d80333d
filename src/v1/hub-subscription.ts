import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { Refusal } from '../domain/refusal.js';
import { shownAt } from '../domain/subscription/history.js';
import { startOf, statusAt } from '../domain/subscription/lifecycle.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { centsOf, HUB } from './plans.js';
import type { V1SubscriptionView } from './v1.dto.js';

type History = Awaited<ReturnType<SubscriptionsService['one']>>;

/** The one subscription that v1 sees of an account. */
@Injectable()
export class HubSubscription {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /** The one that has not ended, if there is one. @throws Refusal `account_not_found` */
  async find(tx: Tx, account: string): Promise<History | undefined> {
    const { id } = await this.accounts.byKey(tx, account);
    const now = this.clock.now();
    const live = (await this.subscriptions.ofAccount(tx, id)).filter(
      (history) => statusAt(history, now) !== 'canceled' && startOf(history).addOnTo === null,
    );
    const versions = await this.subscriptions.versionsOf(tx, live);
    return live.find((history) => shownAt(history, versions, now)?.plan.product === HUB);
  }

  /** As `find`, with the account locked until the transaction ends: what is decided on it stays true. @throws Refusal `account_not_found` */
  async findLocked(tx: Tx, account: string): Promise<History | undefined> {
    await this.accounts.locked(tx, account);
    return await this.find(tx, account);
  }

  /** @throws Refusal `account_not_found`, `subscription_not_found` */
  async one(tx: Tx, account: string): Promise<History> {
    return existing(account, await this.find(tx, account));
  }

  /** As `one`, with the account locked until the transaction ends. @throws Refusal `account_not_found`, `subscription_not_found` */
  async oneLocked(tx: Tx, account: string): Promise<History> {
    return existing(account, await this.findLocked(tx, account));
  }

  async view(tx: Tx, history: History): Promise<V1SubscriptionView> {
    const shown = await this.subscriptions.view(tx, history);
    const versions = await this.subscriptions.versionsOf(tx, [history]);
    const holding = shownAt(history, versions, this.clock.now());
    if (!holding) throw new RangeError(`subscription ${history.id} holds nothing`);
    const pending = shown.scheduledChanges.find(({ kind }) => kind === 'plan_changed');
    return {
      uuid: shown.id,
      account_code: shown.account,
      plan_code: shown.plan,
      state: shown.status === 'canceled' ? 'expired' : shown.endsAt === null ? shown.status : 'canceled',
      price_in_cents: centsOf(holding.plan, holding.quantities),
      currency: holding.plan.currency,
      activated_at: shown.startsAt,
      current_period_started_at: shown.currentPeriod?.start ?? null,
      current_period_ends_at: shown.currentPeriod?.end ?? null,
      expires_at: shown.endsAt,
      pending_plan_code: pending?.plan ?? null,
    };
  }
}

function existing(account: string, history: History | undefined): History {
  if (!history) throw new Refusal('not_found', 'subscription_not_found', `The account "${account}" has no subscription: create one first.`);
  return history;
}
