import { allocate } from '../allocate.js';
import type { Coupon } from '../catalog.js';
import { parseMoney } from '../currency.js';
import { exact, ratio, roundHalfAwayFromZero } from '../decimal.js';
import { holdsIn, type Redemption } from '../subscription/redemptions.js';
import { type BilledLine, type Charge, discountOf, type LineDiscount } from './line.js';
import { givenKey, type SettledParts } from './settled.js';
import { grouped } from './slot.js';

export interface DiscountInput {
  readonly currency: string;
  readonly charges: readonly Charge[];
  readonly billed: readonly BilledLine[];
  readonly coupons: ReadonlyMap<string, Coupon>;
  /** The coupons redeemed on a subscription, by the subscription's id. */
  readonly redeemed: ReadonlyMap<string, readonly Redemption[]>;
  readonly settled?: SettledParts;
}

/** What one coupon takes off in one billing period of a subscription, and how that is spread. In minor units. */
export interface DiscountSpread {
  readonly coupon: Coupon;
  /** What the charges come to that it applies to, less what other coupons took off them before. */
  readonly totalMinor: bigint;
  /** What the coupon may take off. */
  readonly offMinor: bigint;
  readonly parts: readonly { readonly index: number; readonly leftMinor: bigint; readonly partMinor: bigint }[];
}

/**
 * What coupons take off each charge: percentages of the sum of the lines that they apply to, then amounts, each rounded once and
 * spread over the lines by largest remainder. A line that adjusts another takes the same share of that one's discount instead.
 */
export const discounts = (input: DiscountInput): (readonly LineDiscount[])[] => spread(input).found;

/** How what coupons take off is spread over the charges, in the order in which it is taken. */
export const discountSpreads = (input: DiscountInput): DiscountSpread[] => spread(input).spreads;

function spread(input: DiscountInput): { readonly found: LineDiscount[][]; readonly spreads: DiscountSpread[] } {
  const found: LineDiscount[][] = input.charges.map((charge) => (charge.adjusts === null ? [] : shareOfOrigin(charge, input)));
  const spreads: DiscountSpread[] = [];
  const budgets = grouped(
    input.charges.flatMap((charge, index) => couponsOn(charge, input).map((coupon) => ({ charge, index, coupon }))),
    ({ charge, coupon }) =>
      JSON.stringify([coupon.percentOff === undefined ? 2 : 1, coupon.key, charge.subscription, charge.periodOrdinal]),
  );
  for (const [, members] of [...budgets].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [first] = members;
    if (!first) continue;
    const left = members.map(({ charge, index }) => charge.amountMinor - discountOf({ discounts: found[index] ?? [] }));
    const totalMinor = left.reduce((whole, part) => whole + part, 0n);
    const offMinor =
      first.coupon.percentOff === undefined
        ? amountOff(first, found, input)
        : roundHalfAwayFromZero(exact(first.coupon.percentOff).div(100).mul(ratio(totalMinor, 1n)));
    const parts = allocate(offMinor < totalMinor ? offMinor : totalMinor, left);
    members.forEach(({ index, coupon }, i) => {
      const amountMinor = parts[i] ?? 0n;
      if (amountMinor !== 0n) found[index]?.push({ coupon: coupon.key, amountMinor });
    });
    const spreadOver = members.map(({ index }, i) => ({ index, leftMinor: left[i] ?? 0n, partMinor: parts[i] ?? 0n }));
    spreads.push({ coupon: first.coupon, totalMinor, offMinor, parts: spreadOver });
  }
  return { found, spreads };
}

/** The coupons that reduce a charge: redeemed on its subscription, valid in its period, and for its plan and price. */
function couponsOn(charge: Charge, { coupons, redeemed }: DiscountInput): Coupon[] {
  if (charge.adjusts !== null || charge.amountMinor <= 0n) return [];
  const found = (redeemed.get(charge.subscription ?? '') ?? []).flatMap((redemption) => {
    const coupon = coupons.get(redemption.coupon);
    return coupon && holdsIn(charge.periodOrdinal, redemption, coupon) && isFor(charge, coupon) ? [coupon] : [];
  });
  return [...new Set(found)];
}

const isFor = (charge: Charge, { plans, prices }: Coupon): boolean =>
  (plans === undefined || plans.includes(charge.plan ?? '')) &&
  (prices === undefined || (charge.price !== null && prices.includes(charge.price)));

/** An amount is given once a period: what earlier invoices, and credits on this one, took of it or gave back counts. */
function amountOff(
  { charge, coupon }: { charge: Charge; coupon: Coupon },
  found: readonly LineDiscount[][],
  { currency, charges, billed, settled }: DiscountInput,
): bigint {
  const inPeriod = (line: Charge): boolean => line.subscription === charge.subscription && line.periodOrdinal === charge.periodOrdinal;
  const given = [
    ...billed.filter(inPeriod).flatMap((line) => line.discounts),
    ...charges.flatMap((line, i) => (inPeriod(line) ? (found[i] ?? []) : [])),
  ].filter((discount) => discount.coupon === coupon.key);
  const leftOut = settled?.get(charge.subscription ?? '')?.given.get(givenKey(coupon.key, charge.periodOrdinal)) ?? 0n;
  const rest = parseMoney(coupon.amountOff ?? '0', currency) - given.reduce((total, discount) => total + discount.amountMinor, leftOut);
  return rest > 0n ? rest : 0n;
}

/** Cumulative, so that a line credited in full gives back exactly its discount. */
function shareOfOrigin(charge: Charge, { billed, charges }: DiscountInput): LineDiscount[] {
  const origin = billed.find((line) => line.id === charge.adjusts);
  if (!origin || origin.amountMinor === 0n) return [];
  const before = billed.filter((line) => line.adjusts === origin.id);
  const sameInvoice = charges.slice(0, charges.indexOf(charge)).filter((line) => line.adjusts === origin.id);
  const adjustedBefore = [...before, ...sameInvoice].reduce((total, line) => total + line.amountMinor, 0n);
  return origin.discounts.flatMap(({ coupon, amountMinor }) => {
    const share = (adjusted: bigint): bigint => roundHalfAwayFromZero(ratio(amountMinor * adjusted, origin.amountMinor));
    const difference = share(adjustedBefore + charge.amountMinor) - share(adjustedBefore);
    return difference === 0n ? [] : [{ coupon, amountMinor: difference }];
  });
}
