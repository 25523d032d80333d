import type { PlanVersion } from '../../catalog.js';
import { planProblems } from '../../catalog-rules.js';
import { type FieldProblem, Refusal } from '../../refusal.js';
import type { Overrides, Quantities } from '../facts.js';

export const QUANTITY_MAX = 1_000_000_000n;

/** @throws Refusal `currency_mismatch` */
export function refuseOtherCurrency(plan: PlanVersion, currency: string, whose: 'account' | 'subscription'): void {
  if (plan.currency !== currency)
    throw new Refusal(
      'conflict',
      'currency_mismatch',
      `The plan is priced in ${plan.currency} and the ${whose} in ${currency}: choose a plan in ${currency}.`,
    );
}

/** Quantities name recurring prices of the plan and are whole numbers from 0. */
export function quantityProblems(plan: PlanVersion, quantities: Quantities): FieldProblem[] {
  return Object.entries(quantities).flatMap(([key, quantity]) =>
    oneQuantityProblems(plan, key, quantity, { price: `/quantities/${pointerOf(key)}`, quantity: `/quantities/${pointerOf(key)}` }),
  );
}

export function oneQuantityProblems(
  plan: PlanVersion,
  key: string,
  quantity: string,
  pointers: { readonly price: string; readonly quantity: string },
): FieldProblem[] {
  if (!plan.prices.some((price) => price.kind === 'recurring' && price.key === key))
    return [{ pointer: pointers.price, code: 'unknown_price', detail: `The plan "${plan.plan}" has no recurring price "${key}".` }];
  if (!/^(0|[1-9]\d{0,9})$/.test(quantity) || BigInt(quantity) > QUANTITY_MAX)
    return [
      { pointer: pointers.quantity, code: 'invalid_quantity', detail: `A quantity is a whole number from 0 to ${String(QUANTITY_MAX)}.` },
    ];
  return [];
}

const pointerOf = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Overriding prices take the place of prices of the plan of the same kind, and make a plan that could be sold. */
export function overrideProblems(plan: PlanVersion, overrides: Overrides): FieldProblem[] {
  const { prices = [], minimumCommitment = null } = overrides;
  const own = new Map(plan.prices.map((price) => [price.key, price]));
  const misplaced = prices.flatMap((price, i): FieldProblem[] => {
    const pointer = `/overrides/prices/${String(i)}`;
    const planned = own.get(price.key);
    if (planned?.kind !== price.kind)
      return [
        {
          pointer: `${pointer}/key`,
          code: 'unknown_price',
          detail: `The plan "${plan.plan}" has no ${price.kind} price "${price.key}" to override.`,
        },
      ];
    if (price.kind !== 'metered' || planned.kind !== 'metered' || price.meter === planned.meter) return [];
    return [{ pointer: `${pointer}/meter`, code: 'other_meter', detail: `The price is of the meter "${planned.meter}": name that one.` }];
  });
  const invalid = planProblems({ ...plan, prices, minimumCommitment }).filter(({ pointer }) =>
    /^\/(prices|minimumCommitment)/.test(pointer),
  );
  return [...misplaced, ...invalid.map((problem) => ({ ...problem, pointer: `/overrides${problem.pointer}` }))];
}
