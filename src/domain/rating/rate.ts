import type { MeteredPrice, OneTimePrice, RecurringPrice } from '../catalog.js';
import { type Exact, exact, greatest, least, ZERO } from '../decimal.js';
import type { GroupUsage } from '../metering/question.js';
import { type Rated, rated, ratedStep } from './model.js';
import { rate } from './models.js';

/** What one whole period of a recurring price costs: exact, in major units. */
export const rateRecurring = (price: RecurringPrice, quantity: Exact): Rated => rate(price, { quantity, events: 0n });

/** What a one-time price costs: exact, in major units. */
export const rateOneTime = ({ amount }: OneTimePrice): Rated =>
  rated(exact(amount), [ratedStep({ step: 'flat', amount }, { amount: exact(amount) })]);

/**
 * What the usage of a service period costs: exact, in major units. Free units, minimum and maximum are multiplied by `share`, the service
 * period's share of the whole period. A quantity below zero rates as zero, with a step that says so; no usage costs nothing but the
 * minimum. Free units take nothing off a price for each event.
 */
export function rateMetered(price: MeteredPrice, usage: GroupUsage, share: Exact): Rated {
  const metered = usage.quantity ?? ZERO;
  const level = greatest(usage.billable ?? ZERO, ZERO);
  const free = least(exact(price.freeUnits ?? '0').mul(share), level);
  const billable = level.sub(free);
  const steps = [ratedStep({ step: 'metered' }, { quantity: metered })];
  if (metered.lt(ZERO)) steps.push(ratedStep({ step: 'below_zero' }, { quantity: metered }));
  if (price.freeConcurrent !== undefined) steps.push(ratedStep({ step: 'free_concurrent' }, { quantity: metered.sub(level) }));
  if (price.freeUnits !== undefined) steps.push(ratedStep({ step: 'free_units' }, { quantity: free }));
  if (steps.length > 1 || !billable.equals(metered)) steps.push(ratedStep({ step: 'billable' }, { quantity: billable }));
  const priced = level.equals(ZERO) ? rated(ZERO, []) : rate(price, { quantity: billable, events: usage.events });
  return bounded(price, share, rated(priced.amount, [...steps, ...priced.steps]));
}

/** Topped up to the minimum, cut to the maximum. */
function bounded({ minimum, maximum }: MeteredPrice, share: Exact, within: Rated): Rated {
  const bound = (text: string): Exact => exact(text).mul(share);
  const boundedBy = (step: 'minimum' | 'maximum', amount: Exact): Rated =>
    rated(amount, [...within.steps, ratedStep({ step }, { amount })]);
  if (minimum !== undefined && within.amount.lt(bound(minimum))) return boundedBy('minimum', bound(minimum));
  if (maximum !== undefined && within.amount.gt(bound(maximum))) return boundedBy('maximum', bound(maximum));
  return within;
}
