import Fraction from 'fraction.js';
import type { PackageModel } from '../catalog.js';
import { exact } from '../decimal.js';
import { rated, ratedStep, type Rater } from './model.js';

/** A price for every package that was started. */
export const packaged: Rater<PackageModel> = ({ packageSize, packagePrice }, { quantity }) => {
  const { n, d } = quantity.div(exact(packageSize));
  const packages = new Fraction((n + d - 1n) / d);
  const amount = exact(packagePrice).mul(packages);
  return rated(amount, [ratedStep({ step: 'packages', unitPrice: packagePrice }, { quantity: packages, amount })]);
};
