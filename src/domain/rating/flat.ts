import type { FlatModel } from '../catalog.js';
import { exact, ZERO } from '../decimal.js';
import type { Rater } from './model.js';

/** One amount, however much of it; nothing for none. */
export const flat: Rater<FlatModel> = ({ amount }, { quantity }) =>
  quantity.equals(0n) ? { amount: ZERO, breakdown: [] } : { amount: exact(amount), breakdown: [{ step: 'flat', amount }] };
