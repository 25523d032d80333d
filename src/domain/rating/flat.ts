import type { FlatModel } from '../catalog.js';
import { exact, ZERO } from '../decimal.js';
import { rated, ratedStep, type Rater } from './model.js';

/** One amount, however much of it; nothing for none. */
export const flat: Rater<FlatModel> = ({ amount }, { quantity }) =>
  quantity.equals(0n) ? rated(ZERO, []) : rated(exact(amount), [ratedStep({ step: 'flat', amount }, { amount: exact(amount) })]);
