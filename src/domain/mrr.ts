import type { Interval } from './catalog.js';
import { toMinor } from './currency.js';
import { type Exact, exact, ratio, ZERO } from './decimal.js';
import { earliest, type Instant } from './instant.js';
import { rateRecurring } from './rating/rate.js';
import type { Holding } from './subscription/history.js';
import { isPausedAt } from './subscription/lifecycle.js';

/*
 * Monthly recurring revenue: what recurring prices come to a month, at their list amounts, before discounts and tax; without usage and what is
 * charged once. A subscription that is in its trial, paused or over has none. Intervals are made months of by their mean length in the
 * Gregorian calendar: a year is 12, a day 4800/146097.
 */

const MONTHS_OF_A_DAY = ratio(4800n, 146_097n);
const MONTHS: Readonly<Record<Interval['unit'], Exact>> = {
  day: MONTHS_OF_A_DAY,
  week: MONTHS_OF_A_DAY.mul(7),
  month: ratio(1n, 1n),
  year: ratio(12n, 1n),
};

/** Of all that an account holds at the instant: in minor units of the currency, rounded once, halves away from zero. */
export function mrrAt(held: readonly Holding[], at: Instant, currency: string): bigint {
  const holds = held.filter(
    ({ from, to, chargesFrom, pauses }) => from <= at && (to === null || at < to) && chargesFrom <= at && !isPausedAt(pauses, at),
  );
  return toMinor(
    holds.reduce((total, holding) => total.add(monthly(holding)), ZERO),
    currency,
  );
}

function monthly({ plan, quantities }: Holding): Exact {
  const months = MONTHS[plan.interval.unit].mul(plan.interval.count);
  return plan.prices.reduce(
    (total, price) =>
      price.kind === 'recurring' ? total.add(rateRecurring(price, exact(quantities[price.key] ?? '1')).amount.div(months)) : total,
    ZERO,
  );
}

/** When an account first came to hold something that charges; undefined where it never did. */
export const mrrSince = (held: readonly Holding[]): Instant | undefined =>
  held
    .filter((holding) => (holding.to === null || holding.chargesFrom < holding.to) && !monthly(holding).equals(0))
    .map(({ chargesFrom, from }) => (chargesFrom > from ? chargesFrom : from))
    .reduce<Instant | undefined>((first, at) => (first === undefined ? at : earliest(first, at)), undefined);

export const MOVEMENTS = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] as const;
export type MrrMovement = (typeof MOVEMENTS)[number];

/** What an account's change from one instant to a later one is called; undefined where it is none. Amounts in minor units. */
export function movementOf(
  { openingMinor, closingMinor, opensAt }: { readonly openingMinor: bigint; readonly closingMinor: bigint; readonly opensAt: Instant },
  since: Instant | undefined,
): MrrMovement | undefined {
  if (closingMinor === openingMinor) return undefined;
  if (openingMinor === 0n) return since !== undefined && since < opensAt ? 'reactivation' : 'new';
  if (closingMinor === 0n) return 'churn';
  return closingMinor > openingMinor ? 'expansion' : 'contraction';
}
