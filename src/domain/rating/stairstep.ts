import type { StairstepModel } from '../catalog.js';
import { exact, shown, ZERO } from '../decimal.js';
import type { Rater } from './model.js';
import { tierReached } from './tiers.js';

/** The flat price of the tier reached. */
export const stairstep: Rater<StairstepModel> = ({ tiers }, { quantity }) => {
  const tier = tierReached(tiers, quantity);
  if (!tier) return { amount: ZERO, breakdown: [] };
  const { upTo, flatPrice = '0' } = tier;
  return { amount: exact(flatPrice), breakdown: [{ step: 'tier', upTo, quantity: shown(quantity), flatPrice, amount: flatPrice }] };
};
