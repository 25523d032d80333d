import type { GraduatedPercentageModel } from '../catalog.js';
import { exact, shown, sum } from '../decimal.js';
import { AMOUNT_DECIMALS, type Rater } from './model.js';
import { tierParts } from './tiers.js';

/** Each part of the metered amount at the rate of the tier that it falls in; a tier's flat price is charged once something falls into it. */
export const graduatedPercentage: Rater<GraduatedPercentageModel> = ({ tiers }, { quantity }) => {
  const parts = tierParts(tiers, quantity).map(({ tier: { upTo, rate = '0', flatPrice = '0' }, quantity: within }) => {
    const amount = exact(rate).mul(within).add(exact(flatPrice));
    return {
      amount,
      step: { step: 'tier' as const, upTo, quantity: shown(within), rate, flatPrice, amount: shown(amount, AMOUNT_DECIMALS) },
    };
  });
  return { amount: sum(parts.map((part) => part.amount)), breakdown: parts.map((part) => part.step) };
};
