import Fraction from 'fraction.js';
import type { PercentageModel } from '../catalog.js';
import { exact, shown } from '../decimal.js';
import { AMOUNT_DECIMALS, type BreakdownStep, type Rater } from './model.js';

/** A share of the metered amount, and a fixed price for each event. */
export const percentage: Rater<PercentageModel> = ({ rate, fixedPerEvent }, { quantity, events }) => {
  const share = exact(rate).mul(quantity);
  const fixed = exact(fixedPerEvent ?? '0').mul(new Fraction(events));
  const steps: BreakdownStep[] = [{ step: 'percentage', quantity: shown(quantity), rate, amount: shown(share, AMOUNT_DECIMALS) }];
  if (fixedPerEvent !== undefined)
    steps.push({ step: 'events', quantity: events.toString(), unitPrice: fixedPerEvent, amount: shown(fixed, AMOUNT_DECIMALS) });
  return { amount: share.add(fixed), breakdown: steps };
};
