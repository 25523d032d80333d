import type { GraduatedPercentageModel } from '../catalog.js';
import { exact, sum } from '../decimal.js';
import { rated, ratedStep, type Rater } from './model.js';
import { tierParts } from './tiers.js';

/** Each part of the metered amount at the rate of the tier that it falls in; a tier's flat price is charged once something falls into it. */
export const graduatedPercentage: Rater<GraduatedPercentageModel> = ({ tiers }, { quantity }) => {
  const parts = tierParts(tiers, quantity).map(({ tier: { upTo, rate = '0', flatPrice = '0' }, quantity: within }) => {
    const amount = exact(rate).mul(within).add(exact(flatPrice));
    return { amount, step: ratedStep({ step: 'tier', upTo, rate, flatPrice }, { quantity: within, amount }) };
  });
  return rated(
    sum(parts.map((part) => part.amount)),
    parts.map((part) => part.step),
  );
};
