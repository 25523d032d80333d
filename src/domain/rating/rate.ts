import type { MeteredPrice, OneTimePrice, RecurringPrice } from '../catalog.js';
import { type Exact, exact, greatest, least, shown, ZERO } from '../decimal.js';
import type { GroupUsage } from '../metering/question.js';
import { AMOUNT_DECIMALS, type BreakdownStep, type Rated } from './model.js';
import { rate } from './models.js';

/** What one whole period of a recurring price costs: exact, in major units. */
export const rateRecurring = (price: RecurringPrice, quantity: Exact): Rated => rate(price, { quantity, events: 0n });

/** What a one-time price costs: exact, in major units. */
export const rateOneTime = ({ amount }: OneTimePrice): Rated => ({ amount: exact(amount), breakdown: [{ step: 'flat', amount }] });

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
  const steps: BreakdownStep[] = [{ step: 'metered', quantity: shown(metered) }];
  if (metered.lt(ZERO)) steps.push({ step: 'below_zero', quantity: shown(metered) });
  if (price.freeConcurrent !== undefined) steps.push({ step: 'free_concurrent', quantity: shown(metered.sub(level)) });
  if (price.freeUnits !== undefined) steps.push({ step: 'free_units', quantity: shown(free) });
  if (steps.length > 1 || !billable.equals(metered)) steps.push({ step: 'billable', quantity: shown(billable) });
  const priced = level.equals(ZERO) ? { amount: ZERO, breakdown: [] } : rate(price, { quantity: billable, events: usage.events });
  return bounded(price, share, { amount: priced.amount, breakdown: [...steps, ...priced.breakdown] });
}

/** Topped up to the minimum, cut to the maximum. */
function bounded({ minimum, maximum }: MeteredPrice, share: Exact, { amount, breakdown }: Rated): Rated {
  const bound = (text: string): Exact => exact(text).mul(share);
  if (minimum !== undefined && amount.lt(bound(minimum)))
    return { amount: bound(minimum), breakdown: [...breakdown, { step: 'minimum', amount: shown(bound(minimum), AMOUNT_DECIMALS) }] };
  if (maximum !== undefined && amount.gt(bound(maximum)))
    return { amount: bound(maximum), breakdown: [...breakdown, { step: 'maximum', amount: shown(bound(maximum), AMOUNT_DECIMALS) }] };
  return { amount, breakdown };
}
