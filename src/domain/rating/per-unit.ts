import type { PerUnitModel } from '../catalog.js';
import { exact, shown } from '../decimal.js';
import { AMOUNT_DECIMALS, type Rater } from './model.js';

/** Every unit, and every part of one, at one price. */
export const perUnit: Rater<PerUnitModel> = ({ unitPrice }, { quantity }) => {
  const amount = exact(unitPrice).mul(quantity);
  return { amount, breakdown: [{ step: 'units', quantity: shown(quantity), unitPrice, amount: shown(amount, AMOUNT_DECIMALS) }] };
};
