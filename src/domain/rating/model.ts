import { type Exact, shown } from '../decimal.js';

/** One line of arithmetic behind an amount. Quantities are shown with at most 6 decimals, amounts with at most 12: shown, never calculated with. */
export interface BreakdownStep {
  readonly step:
    | 'metered' // the quantity as metered
    | 'free_units' // taken off first
    | 'free_concurrent' // level-time not charged
    | 'billable' // what is charged
    | 'below_zero' // a warning: the quantity is below zero, and was rated as zero
    | 'units'
    | 'tier'
    | 'packages'
    | 'flat'
    | 'percentage'
    | 'events'
    | 'minimum'
    | 'maximum'
    | 'share'; // the prorated part of a period
  readonly quantity?: string;
  readonly upTo?: string | null;
  readonly unitPrice?: string;
  readonly flatPrice?: string;
  readonly rate?: string;
  /** What this step contributes, in major units. */
  readonly amount?: string;
}

/** Decimals of an amount as shown in a breakdown. */
export const AMOUNT_DECIMALS = 12;

/** What is to be priced: a quantity that is never below zero, and, for prices charged by event, how many events made it. */
export interface Measured {
  readonly quantity: Exact;
  readonly events: bigint;
}

/** One line of arithmetic with its numbers exact: what is shown of it is rounded, and never calculated with. */
export interface RatedStep {
  readonly shown: BreakdownStep;
  readonly quantity?: Exact;
  /** What it contributes, in major units; of a minimum or maximum, what the amount becomes. */
  readonly amount?: Exact;
}

/** An exact amount in major units, not rounded, and how it came about. */
export interface Rated {
  readonly amount: Exact;
  readonly steps: readonly RatedStep[];
  /** The steps as they are shown. */
  readonly breakdown: readonly BreakdownStep[];
}

export const rated = (amount: Exact, steps: readonly RatedStep[]): Rated => ({ amount, steps, breakdown: steps.map((step) => step.shown) });

/** A step that is shown with its numbers rounded; an amount that `shown` names itself is shown as it is written there. */
export function ratedStep(step: Omit<BreakdownStep, 'quantity'>, exact: Omit<RatedStep, 'shown'>): RatedStep {
  const quantity = exact.quantity && { quantity: shown(exact.quantity) };
  const amount = exact.amount && { amount: shown(exact.amount, AMOUNT_DECIMALS) };
  return { ...exact, shown: { ...quantity, ...amount, ...step } };
}

/** A price model: one file, one pure function. */
export type Rater<Model> = (model: Model, measured: Measured) => Rated;
