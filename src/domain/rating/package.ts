import Fraction from 'fraction.js';
import type { PackageModel } from '../catalog.js';
import { exact, shown } from '../decimal.js';
import { AMOUNT_DECIMALS, type Rater } from './model.js';

/** A price for every package that was started. */
export const packaged: Rater<PackageModel> = ({ packageSize, packagePrice }, { quantity }) => {
  const { n, d } = quantity.div(exact(packageSize));
  const packages = new Fraction((n + d - 1n) / d);
  const amount = exact(packagePrice).mul(packages);
  return {
    amount,
    breakdown: [{ step: 'packages', quantity: shown(packages), unitPrice: packagePrice, amount: shown(amount, AMOUNT_DECIMALS) }],
  };
};
