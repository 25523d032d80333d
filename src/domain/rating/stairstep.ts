import type { StairstepModel } from '../catalog.js';
import { exact, ZERO } from '../decimal.js';
import { rated, ratedStep, type Rater } from './model.js';
import { tierReached } from './tiers.js';

/** The flat price of the tier reached. */
export const stairstep: Rater<StairstepModel> = ({ tiers }, { quantity }) => {
  const tier = tierReached(tiers, quantity);
  if (!tier) return rated(ZERO, []);
  const { upTo, flatPrice = '0' } = tier;
  const amount = exact(flatPrice);
  return rated(amount, [ratedStep({ step: 'tier', upTo, flatPrice, amount: flatPrice }, { quantity, amount })]);
};
