import type { VolumeModel } from '../catalog.js';
import { exact, ZERO } from '../decimal.js';
import { rated, ratedStep, type Rater } from './model.js';
import { tierReached } from './tiers.js';

/** All units at the tier that their total falls in, with that tier's flat price. The amount may fall as the quantity grows. */
export const volume: Rater<VolumeModel> = ({ tiers }, { quantity }) => {
  const tier = tierReached(tiers, quantity);
  if (!tier) return rated(ZERO, []);
  const { upTo, unitPrice = '0', flatPrice = '0' } = tier;
  const amount = exact(unitPrice).mul(quantity).add(exact(flatPrice));
  return rated(amount, [ratedStep({ step: 'tier', upTo, unitPrice, flatPrice }, { quantity, amount })]);
};
