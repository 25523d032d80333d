import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Actor } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import type { Coupon } from '../domain/catalog.js';
import { Refusal } from '../domain/refusal.js';
import {
  decideRedemption,
  decideRedemptionEnd,
  planRedeemedFor,
  type Redeemer,
  runningRedemption,
} from '../domain/subscription/commands/redeem.js';
import { holdings } from '../domain/subscription/history.js';
import { statusAt } from '../domain/subscription/lifecycle.js';
import { couponsRedeemed, isOver, ordinalAt, type Redemption, redemptionsOf } from '../domain/subscription/redemptions.js';
import { CouponsService } from '../plans/coupons.service.js';
import type { AccountHistory } from './histories.js';
import { SubscriptionRecords } from './subscription-records.js';
import { SubscriptionsService } from './subscriptions.service.js';

export interface DiscountOrder {
  /** Key of the coupon. */
  readonly coupon: string;
  /** Id; all that run, and that the coupon is for, where it is left out. */
  readonly subscription?: string | undefined;
}

/** A coupon that a subscription has redeemed. */
export interface Discount extends Redemption {
  readonly subscription: string;
  /** Whether it reduces nothing any more, from the current billing period on. */
  readonly isOver: boolean;
}

/** A subscription of an account, as a redeemer. */
interface Known extends Redeemer {
  readonly history: AccountHistory;
}

/** Coupons of subscriptions that have started already. */
@Injectable()
export class Discounts {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly coupons: CouponsService,
    private readonly subscriptions: SubscriptionsService,
    private readonly records: SubscriptionRecords,
  ) {}

  /** What the account's subscriptions have redeemed, newest first. @throws Refusal `account_not_found` */
  async list(tx: Tx, account: string): Promise<Discount[]> {
    const { id } = await this.accounts.byKey(tx, account);
    const known = await this.known(tx, id);
    const coupons = await this.coupons.byKeys(
      tx,
      known.flatMap(({ history }) => couponsRedeemed(history)),
    );
    return known
      .flatMap((one) => discountsOf(one, new Map(coupons.map((coupon) => [coupon.key, coupon]))))
      .sort((a, b) => (a.redeemedAt > b.redeemedAt ? -1 : a.redeemedAt < b.redeemedAt ? 1 : 0));
  }

  /**
   * Redeems a coupon, one redemption for each subscription, and answers what they have redeemed by now.
   * @throws Refusal `account_not_found`, `subscription_not_found`, `subscription_busy`, `subscription_canceled`, `discount_exists`, `no_subscription_for_coupon`, and as
   *   `CouponsService.redeem` does
   */
  async redeem(tx: Tx, actor: Actor, account: string, order: DiscountOrder): Promise<Discount[]> {
    const coupon = await this.coupons.one(tx, order.coupon);
    const held = await this.held(tx, account, order);
    const wanted = order.subscription === undefined ? held.filter((one) => isWanted(one, coupon)) : held;
    if (wanted.length === 0) throw noneWanted(account, coupon, held);
    for (const one of wanted) {
      const { history } = one;
      const fact = decideRedemption(one, coupon);
      const plan = planRedeemedFor(one);
      if (!plan) throw noneWanted(account, coupon, []);
      await this.coupons.redeem(tx, actor, coupon.key, { accountId: history.accountId, subscriptionId: history.id, plan });
      await this.records.append(tx, { actor }, history, [fact]);
    }
    const ids = new Set(wanted.map(({ history }) => history.id));
    return (await this.list(tx, account)).filter(
      (one) => one.coupon === coupon.key && ids.has(one.subscription) && one.endedAt === null && !one.isOver,
    );
  }

  /**
   * Ends a coupon with the current billing period. Where it does not hold any more, nothing changes.
   * @throws Refusal `account_not_found`, `coupon_not_found`, `subscription_not_found`, `subscription_busy`, `discount_not_found`
   */
  async end(tx: Tx, actor: Actor, account: string, order: DiscountOrder): Promise<void> {
    const coupon = await this.coupons.one(tx, order.coupon);
    const held = await this.held(tx, account, order);
    if (!held.some(({ history }) => couponsRedeemed(history).includes(coupon.key)))
      throw new Refusal('not_found', 'discount_not_found', `"${account}" has not redeemed the coupon "${coupon.key}" there.`);
    for (const one of held) {
      const fact = decideRedemptionEnd(one, coupon);
      if (fact) await this.records.append(tx, { actor }, one.history, [fact]);
    }
  }

  /** The subscriptions that an order is about, locked, with their account. */
  private async held(tx: Tx, account: string, { subscription }: DiscountOrder): Promise<Known[]> {
    const { id: accountId } = await this.accounts.byKey(tx, account);
    const live = (await this.known(tx, accountId)).filter(
      ({ history, now }) => statusAt(history, now) !== 'canceled' || history.id === subscription,
    );
    const ids = live.map(({ history }) => history.id).filter((id) => subscription === undefined || id === subscription);
    if (subscription !== undefined && ids.length === 0)
      throw new Refusal('not_found', 'subscription_not_found', `"${account}" has no subscription "${subscription}".`);
    for (const id of ids) await this.records.lock(tx, {}, id);
    await this.accounts.lock(tx, accountId);
    return (await this.known(tx, accountId)).filter(({ history }) => ids.includes(history.id));
  }

  private async known(tx: Tx, accountId: string): Promise<Known[]> {
    const histories = await this.subscriptions.ofAccount(tx, accountId);
    const versions = await this.subscriptions.versionsOf(tx, histories);
    return histories.map((history) => ({ history, versions, now: this.clock.now() }));
  }
}

/** Whether a coupon that is redeemed for all of an account is for this subscription, and it has not redeemed it. */
function isWanted(one: Known, coupon: Coupon): boolean {
  const plan = planRedeemedFor(one);
  const running = runningRedemption(one, coupon);
  const runs = !['scheduled', 'canceled'].includes(statusAt(one.history, one.now));
  return runs && plan !== undefined && (coupon.plans?.includes(plan.plan) ?? true) && (running === undefined || running.endedAt !== null);
}

function discountsOf({ history, versions, now }: Known, coupons: ReadonlyMap<string, Coupon>): Discount[] {
  const held = holdings(history, versions);
  const ended = statusAt(history, now) === 'canceled';
  return redemptionsOf(history, held).map((redemption) => {
    const coupon = coupons.get(redemption.coupon);
    const over = ended || coupon === undefined || isOver(redemption, coupon, ordinalAt(held, now));
    return { ...redemption, subscription: history.id, isOver: over };
  });
}

function noneWanted(account: string, coupon: Coupon, held: readonly Known[]): Refusal {
  const { key } = coupon;
  if (held.some((one) => runningRedemption(one, coupon)))
    return new Refusal(
      'conflict',
      'discount_exists',
      `Each subscription of "${account}" that "${key}" is for has redeemed it, and it still holds.`,
    );
  return new Refusal(
    'conflict',
    'no_subscription_for_coupon',
    `No subscription of "${account}" that runs is of a plan that the coupon "${key}" is for: name a subscription that has not started, or subscribe with the coupon.`,
  );
}
