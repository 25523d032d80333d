import type { VolumeModel } from '../catalog.js';
import { exact, shown, ZERO } from '../decimal.js';
import { AMOUNT_DECIMALS, type Rater } from './model.js';
import { tierReached } from './tiers.js';

/** All units at the tier that their total falls in, with that tier's flat price. The amount may fall as the quantity grows. */
export const volume: Rater<VolumeModel> = ({ tiers }, { quantity }) => {
  const tier = tierReached(tiers, quantity);
  if (!tier) return { amount: ZERO, breakdown: [] };
  const { upTo, unitPrice = '0', flatPrice = '0' } = tier;
  const amount = exact(unitPrice).mul(quantity).add(exact(flatPrice));
  return {
    amount,
    breakdown: [{ step: 'tier', upTo, quantity: shown(quantity), unitPrice, flatPrice, amount: shown(amount, AMOUNT_DECIMALS) }],
  };
};
