import type { Coupon } from '../catalog.js';
import { type Instant, latest } from '../instant.js';
import type { SubscriptionHistory } from './facts.js';
import { type Holding, holdingAt, ordinalOf } from './history.js';
import { standing, startOf } from './lifecycle.js';

/** A coupon that a subscription has redeemed, with the billing periods that it may reduce, counted from 0. */
export interface Redemption {
  readonly coupon: string;
  /** The period in which it was redeemed. */
  readonly fromOrdinal: number;
  /** The period in which it was ended; null where it was not. */
  readonly throughOrdinal: number | null;
  readonly redeemedAt: Instant;
  readonly endedAt: Instant | null;
}

/** What a subscription has redeemed, in order: at its start, and later. Before the first period is charged, that one counts. */
export function redemptionsOf(history: SubscriptionHistory, held: readonly Holding[]): Redemption[] {
  const started = startOf(history);
  const open = { throughOrdinal: null, endedAt: null };
  const atStart = { coupon: started.coupon ?? '', fromOrdinal: 0, redeemedAt: started.recordedAt, ...open };
  let found: Redemption[] = started.coupon === null ? [] : [atStart];
  for (const fact of standing(history)) {
    const { effectiveAt } = fact;
    if (fact.kind === 'coupon_redeemed')
      found.push({ coupon: fact.coupon, fromOrdinal: ordinalAt(held, effectiveAt), redeemedAt: effectiveAt, ...open });
    if (fact.kind === 'coupon_ended')
      found = found.map((one) =>
        one.coupon === fact.coupon && one.endedAt === null
          ? { ...one, throughOrdinal: ordinalAt(held, effectiveAt), endedAt: effectiveAt }
          : one,
      );
  }
  return found;
}

/** The billing period that an instant lies in, counted from 0; before the first one is charged, that one. */
export function ordinalAt(held: readonly Holding[], at: Instant): number {
  const holding = holdingAt(held, at);
  return holding ? ordinalOf(holding, latest(at, holding.chargesFrom)) : 0;
}

/** How many billing periods a coupon reduces. */
const periodsOf = ({ duration, periods }: Coupon): number => (duration === 'forever' ? Infinity : duration === 'once' ? 1 : (periods ?? 1));

/** Whether a redemption reaches a billing period: periods count from the one in which it was redeemed. */
export const holdsIn = (ordinal: number, redemption: Redemption, coupon: Coupon): boolean =>
  ordinal >= redemption.fromOrdinal && !isOver(redemption, coupon, ordinal);

/** Whether a redemption reduces nothing any more, from a billing period on. */
export const isOver = ({ fromOrdinal, throughOrdinal }: Redemption, coupon: Coupon, ordinal: number): boolean =>
  ordinal >= fromOrdinal + periodsOf(coupon) || (throughOrdinal !== null && ordinal > throughOrdinal);

/** Keys of the coupons that a subscription ever redeemed. */
export const couponsRedeemed = ({ facts }: SubscriptionHistory): string[] =>
  facts.flatMap((fact) => (fact.kind === 'started' || fact.kind === 'coupon_redeemed' ? (fact.coupon ?? []) : []));
