import type { GraduatedModel } from '../catalog.js';
import { exact, sum } from '../decimal.js';
import { rated, ratedStep, type Rater } from './model.js';
import { tierParts } from './tiers.js';

/** Each unit is priced in the tier that it falls in; a tier's flat price is charged once something falls into it. */
export const graduated: Rater<GraduatedModel> = ({ tiers }, { quantity }) => {
  const parts = tierParts(tiers, quantity).map(({ tier: { upTo, unitPrice = '0', flatPrice = '0' }, quantity: within }) => {
    const amount = exact(unitPrice).mul(within).add(exact(flatPrice));
    return { amount, step: ratedStep({ step: 'tier', upTo, unitPrice, flatPrice }, { quantity: within, amount }) };
  });
  return rated(
    sum(parts.map((part) => part.amount)),
    parts.map((part) => part.step),
  );
};
