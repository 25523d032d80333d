import type { PerUnitModel } from '../catalog.js';
import { exact } from '../decimal.js';
import { rated, ratedStep, type Rater } from './model.js';

/** Every unit, and every part of one, at one price. */
export const perUnit: Rater<PerUnitModel> = ({ unitPrice }, { quantity }) => {
  const amount = exact(unitPrice).mul(quantity);
  return rated(amount, [ratedStep({ step: 'units', unitPrice }, { quantity, amount })]);
};
