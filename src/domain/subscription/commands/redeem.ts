import type { Coupon, PlanVersion } from '../../catalog.js';
import type { Instant } from '../../instant.js';
import { Refusal } from '../../refusal.js';
import type { CouponEndedFact, CouponRedeemedFact, SubscriptionHistory } from '../facts.js';
import { type Holding, holdingAt, holdings } from '../history.js';
import { isOver, ordinalAt, type Redemption, redemptionsOf } from '../redemptions.js';
import { stamp } from './context.js';
import { refuseEnded } from './transitions.js';

/** A subscription that is to redeem a coupon, or to end one. */
export interface Redeemer {
  readonly history: SubscriptionHistory;
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly now: Instant;
}

/** The plan that a coupon must be for: the one held; before the start the first one. */
export const planRedeemedFor = ({ history, versions, now }: Redeemer): PlanVersion | undefined =>
  holdingAt(holdings(history, versions), now)?.plan;

/** The redemption of a coupon that still reduces something, in this billing period or a later one. */
export function runningRedemption({ history, versions, now }: Redeemer, coupon: Coupon): Redemption | undefined {
  const held: readonly Holding[] = holdings(history, versions);
  return redemptionsOf(history, held).find((one) => one.coupon === coupon.key && !isOver(one, coupon, ordinalAt(held, now)));
}

/**
 * Redeems a coupon from the current billing period on. What was billed of that period stays as it was billed.
 * @throws Refusal `subscription_canceled`, `discount_exists`
 */
export function decideRedemption(redeemer: Redeemer, coupon: Coupon): CouponRedeemedFact {
  const { history, now } = redeemer;
  refuseEnded(history, now);
  const running = runningRedemption(redeemer, coupon);
  if (running && running.endedAt === null)
    throw new Refusal('conflict', 'discount_exists', `Subscription ${history.id} has redeemed "${coupon.key}", and it still holds.`);
  return { kind: 'coupon_redeemed', coupon: coupon.key, effectiveAt: redeemer.now, ...stamp(redeemer) };
}

/** Ends a coupon with the current billing period; `undefined` where it does not hold any more. */
export function decideRedemptionEnd(redeemer: Redeemer, coupon: Coupon): CouponEndedFact | undefined {
  const running = runningRedemption(redeemer, coupon);
  if (!running || running.endedAt !== null) return undefined;
  return { kind: 'coupon_ended', coupon: coupon.key, effectiveAt: redeemer.now, ...stamp(redeemer) };
}
