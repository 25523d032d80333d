import { Injectable } from '@nestjs/common';
import type { AccountProfile } from '../accounts/account-profile.js';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import type { AccountFacts } from '../domain/billing/bill.js';
import type { Coupon } from '../domain/catalog.js';
import type { SubscriptionHistory } from '../domain/subscription/facts.js';
import { startOf } from '../domain/subscription/lifecycle.js';
import { PlansService } from '../plans/plans.service.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { balancesOf } from './balances.js';
import { billedLines } from './billed-lines.js';

/** One account with all that its bill depends on. */
export interface LoadedAccount {
  readonly profile: AccountProfile;
  readonly facts: AccountFacts;
}

/** Reads what bills depend on, for many accounts in a handful of queries. */
@Injectable()
export class LoadFacts {
  constructor(
    private readonly accounts: AccountsService,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /** In the order of the ids; an account that is gone is left out. */
  async run(tx: Tx, accountIds: readonly string[]): Promise<LoadedAccount[]> {
    const profiles = await this.accounts.profiles(tx, accountIds);
    const histories = await this.subscriptions.histories(tx, accountIds);
    const all = [...histories.values()].flat();
    const versions = await this.subscriptions.versionsOf(tx, all);
    const coupons = await this.couponsOf(tx, all);
    const billed = await billedLines(tx, accountIds);
    const balances = await balancesOf(tx, accountIds);
    return accountIds.flatMap((accountId) => {
      const profile = profiles.get(accountId);
      if (!profile) return [];
      const facts: AccountFacts = {
        currency: profile.currency,
        subscriptions: histories.get(accountId) ?? [],
        versions,
        coupons,
        taxes: profile.taxRates.map(({ key, name, rate, category, inclusive }) => ({ key, name, rate, category, inclusive })),
        billed: billed.get(accountId)?.lines ?? [],
        slotSeqs: billed.get(accountId)?.slotSeqs ?? new Map(),
        balanceMinor: balances.get(accountId) ?? 0n,
      };
      return [{ profile, facts }];
    });
  }

  /** The coupons that were redeemed on the subscriptions, by key. */
  async couponsOf(tx: Tx, histories: readonly SubscriptionHistory[]): Promise<Map<string, Coupon>> {
    const keys = new Set(histories.flatMap((history) => startOf(history).coupon ?? []));
    return new Map((await this.plans.coupons(tx, [...keys])).map((coupon) => [coupon.key, coupon]));
  }
}
