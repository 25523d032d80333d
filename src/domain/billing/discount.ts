import { allocate } from '../allocate.js';
import type { Coupon } from '../catalog.js';
import { parseMoney } from '../currency.js';
import { exact, ratio, roundHalfAwayFromZero } from '../decimal.js';
import { type BilledLine, type Charge, discountOf, type LineDiscount } from './line.js';
import type { SettledParts } from './settled.js';
import { grouped } from './slot.js';

export interface DiscountInput {
  readonly currency: string;
  readonly charges: readonly Charge[];
  readonly billed: readonly BilledLine[];
  readonly coupons: ReadonlyMap<string, Coupon>;
  /** The coupon redeemed on a subscription, by the subscription's id. */
  readonly redeemed: ReadonlyMap<string, string>;
  readonly settled?: SettledParts;
}

/**
 * What coupons take off each charge: percentages of the sum of the lines that they apply to, then amounts, each rounded once and
 * spread over the lines by largest remainder. A line that adjusts another takes the same share of that one's discount instead.
 */
export function discounts(input: DiscountInput): (readonly LineDiscount[])[] {
  const found: LineDiscount[][] = input.charges.map((charge) => (charge.adjusts === null ? [] : shareOfOrigin(charge, input)));
  const budgets = grouped(
    input.charges.flatMap((charge, index) => {
      const coupon = couponOn(charge, input);
      return coupon ? [{ charge, index, coupon }] : [];
    }),
    ({ charge, coupon }) =>
      JSON.stringify([coupon.percentOff === undefined ? 2 : 1, coupon.key, charge.subscription, charge.periodOrdinal]),
  );
  for (const [, members] of [...budgets].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [first] = members;
    if (!first) continue;
    const left = members.map(({ charge, index }) => charge.amountMinor - discountOf({ discounts: found[index] ?? [] }));
    const total = left.reduce((whole, part) => whole + part, 0n);
    const off =
      first.coupon.percentOff === undefined
        ? amountOff(first, found, input)
        : roundHalfAwayFromZero(exact(first.coupon.percentOff).div(100).mul(total));
    const parts = allocate(off < total ? off : total, left);
    members.forEach(({ index, coupon }, i) => {
      const amountMinor = parts[i] ?? 0n;
      if (amountMinor !== 0n) found[index]?.push({ coupon: coupon.key, amountMinor });
    });
  }
  return found;
}

/** The coupon that reduces a charge: redeemed on its subscription, valid in its period, and for its plan and price. */
function couponOn(charge: Charge, { coupons, redeemed }: DiscountInput): Coupon | undefined {
  const coupon = coupons.get(redeemed.get(charge.subscription ?? '') ?? '');
  if (!coupon || charge.adjusts !== null || charge.amountMinor <= 0n) return undefined;
  const periods = coupon.duration === 'forever' ? Infinity : coupon.duration === 'once' ? 1 : (coupon.periods ?? 1);
  const applies =
    charge.periodOrdinal < periods &&
    (coupon.plans === undefined || coupon.plans.includes(charge.plan ?? '')) &&
    (coupon.prices === undefined || (charge.price !== null && coupon.prices.includes(charge.price)));
  return applies ? coupon : undefined;
}

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
  const leftOut = settled?.get(charge.subscription ?? '')?.given.get(charge.periodOrdinal) ?? 0n;
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
