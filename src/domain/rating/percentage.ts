import Fraction from 'fraction.js';
import type { PercentageModel } from '../catalog.js';
import { exact } from '../decimal.js';
import { rated, ratedStep, type Rater } from './model.js';

/** A share of the metered amount, and a fixed price for each event. */
export const percentage: Rater<PercentageModel> = ({ rate, fixedPerEvent }, { quantity, events }) => {
  const share = exact(rate).mul(quantity);
  const steps = [ratedStep({ step: 'percentage', rate }, { quantity, amount: share })];
  if (fixedPerEvent === undefined) return rated(share, steps);
  const fixed = exact(fixedPerEvent).mul(new Fraction(events));
  const perEvent = ratedStep({ step: 'events', unitPrice: fixedPerEvent }, { quantity: new Fraction(events), amount: fixed });
  return rated(share.add(fixed), [...steps, perEvent]);
};
