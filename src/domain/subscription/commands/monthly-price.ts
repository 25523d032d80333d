import type { IntervalUnit, PlanVersion } from '../../catalog.js';
import { type Exact, exact, ratio, sum } from '../../decimal.js';
import { rateRecurring } from '../../rating/rate.js';
import type { Quantities } from '../facts.js';

export interface Priced {
  readonly plan: PlanVersion;
  readonly quantities: Quantities;
}

/** Months in a unit: by the mean of the Gregorian calendar, 4,800 months in 146,097 days. */
const MONTHS: Readonly<Record<IntervalUnit, Exact>> = {
  day: ratio(4800n, 146_097n),
  week: ratio(33_600n, 146_097n),
  month: ratio(1n, 1n),
  year: ratio(12n, 1n),
};

/** What a plan's recurring prices come to, in major units. */
export const periodPrice = ({ plan, quantities }: Priced): Exact =>
  sum(
    plan.prices.flatMap((price) => (price.kind === 'recurring' ? [rateRecurring(price, exact(quantities[price.key] ?? '1')).amount] : [])),
  );

/** The same for a month. */
export const monthlyPrice = (priced: Priced): Exact =>
  periodPrice(priced).div(MONTHS[priced.plan.interval.unit].mul(ratio(BigInt(priced.plan.interval.count), 1n)));

/** Whether the first costs less a month than the second. */
export const isCheaper = (a: Priced, b: Priced): boolean => monthlyPrice(a).lt(monthlyPrice(b));
