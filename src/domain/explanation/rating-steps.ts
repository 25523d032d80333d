import type { MeteredPrice, Price, PriceModel } from '../catalog.js';
import { type Exact, exact, exactText, ratio, ZERO } from '../decimal.js';
import type { BreakdownStep, Rated, RatedStep } from '../rating/model.js';
import { amountStep, type ExplainedStep } from './step.js';

export interface RatedUnder {
  readonly price: Price;
  readonly currency: string;
  /** What share of a period free units, minimum and maximum are for. */
  readonly share: Exact;
}

/** Steps that charge something; together they come to what was rated, before a minimum and a maximum. */
const CHARGES: ReadonlySet<BreakdownStep['step']> = new Set(['units', 'tier', 'packages', 'flat', 'percentage', 'events']);
const BOUNDS: ReadonlySet<BreakdownStep['step']> = new Set(['minimum', 'maximum']);

/** The arithmetic of a price as sentences; the amount of the last one is what was rated, exact. */
export function ratingSteps(rated: Rated, under: RatedUnder): ExplainedStep[] {
  const charges = rated.steps.filter(({ shown }) => CHARGES.has(shown.step));
  const bound = rated.steps.find(({ shown }) => BOUNDS.has(shown.step));
  const before = rated.steps.filter((step) => step !== bound).map((step) => explained(step, under));
  const total = charges.reduce((sum, { amount }) => sum.add(amount ?? ZERO), ZERO);
  const adds = charges.length > 1 || (charges.length === 0 && bound === undefined);
  return [...before, ...(adds ? [sumOf(charges, total, under.currency)] : []), ...(bound === undefined ? [] : [explained(bound, under)])];
}

function sumOf(charges: readonly RatedStep[], total: Exact, currency: string): ExplainedStep {
  const parts = charges.map(({ amount }) => exactText(amount ?? ZERO)).join(' + ');
  const text = charges.length === 0 ? 'No price applies to that: nothing is charged.' : `${parts} = ${exactText(total)} ${currency}.`;
  return amountStep('sum', text, total);
}

function explained({ shown, quantity, amount }: RatedStep, under: RatedUnder): ExplainedStep {
  const q = quantity === undefined ? '' : exactText(quantity);
  return {
    step: shown.step,
    text: sentence(shown, { q, result: `${exactText(amount ?? ZERO)} ${under.currency}` }, under),
    ...(quantity === undefined ? {} : { quantity: q }),
    ...(amount === undefined ? {} : { amount: exactText(amount) }),
  };
}

interface Numbers {
  readonly q: string;
  readonly result: string;
}

function sentence(step: BreakdownStep, { q, result }: Numbers, { price, share }: RatedUnder): string {
  const bounds: Partial<MeteredPrice> = price.kind === 'metered' ? price : {};
  switch (step.step) {
    case 'metered':
      return `${q} was metered.`;
    case 'below_zero':
      return 'That is below zero, and is rated as zero.';
    case 'free_concurrent':
      return `${q} of it is free: up to ${bounds.freeConcurrent ?? '0'} at any moment.`;
    case 'free_units':
      return `${q} of it is free: at most ${bounds.freeUnits ?? '0'}${ofShare(share)}.`;
    case 'billable':
      return `${q} is charged.`;
    case 'units':
      return `${q} x ${step.unitPrice ?? '0'} = ${result}.`;
    case 'tier':
      return tierSentence(price, step, { q, result });
    case 'packages':
      return `${q} packages${sizeOf(price)} were begun: ${q} x ${step.unitPrice ?? '0'} = ${result}.`;
    case 'flat':
      return `A flat amount: ${result}.`;
    case 'percentage':
      return `${q} x ${step.rate ?? '0'} = ${result}.`;
    case 'events':
      return `${q} events x ${step.unitPrice ?? '0'} = ${result}.`;
    case 'minimum':
      return `It is at least ${bounds.minimum ?? '0'}${ofShare(share)}: ${result}.`;
    case 'maximum':
      return `It is at most ${bounds.maximum ?? '0'}${ofShare(share)}: ${result}.`;
    case 'share':
      return `${q} of it.`;
  }
}

/** Says by what share of the period an amount for a whole one is taken. */
const ofShare = (share: Exact): string => (share.equals(ratio(1n, 1n)) ? '' : ` a period, times ${share.toFraction()} of it`);

const sizeOf = (price: Price): string => ('packageSize' in price ? ` of ${price.packageSize}` : '');

const IN_TIER: Readonly<Partial<Record<PriceModel['model'], (q: string, tier: string) => string>>> = {
  volume: (q, tier) => `All ${q} at the price of the tier ${tier}`,
  stairstep: (q, tier) => `${q} reaches the tier ${tier}`,
};

function tierSentence(price: Price, { upTo, unitPrice, flatPrice, rate }: BreakdownStep, { q, result }: Numbers): string {
  const tier = upTo === null || upTo === undefined ? 'without an end' : `up to ${upTo}`;
  const model = price.kind === 'one_time' ? undefined : price.model;
  const begin = (model && IN_TIER[model]?.(q, tier)) ?? `${q} falls into the tier ${tier}`;
  const each = unitPrice ?? rate;
  const terms = [
    ...(each === undefined ? [] : [`${q} x ${each}`]),
    ...(isNothing(flatPrice) && each !== undefined ? [] : [flatPrice ?? '0']),
  ];
  return `${begin}: ${terms.join(' + ')} = ${result}.`;
}

const isNothing = (text: string | undefined): boolean => text === undefined || exact(text).equals(ZERO);
