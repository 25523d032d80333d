import type { MeteredPrice, OneTimePrice, RecurringPrice } from '../catalog.js';
import type { Exact } from '../decimal.js';
import type { Instant, Stretch } from '../instant.js';
import type { UsageQuestion } from '../metering/question.js';
import type { ProrationRule } from '../proration.js';
import type { BreakdownStep } from '../rating/model.js';
import type { Holding } from '../subscription/history.js';
import type { BillingPeriod } from './line.js';

/** What should have been charged by some instant, with nothing rounded yet. */
export interface Expected {
  readonly oneTime: readonly ExpectedOneTime[];
  readonly recurring: readonly ExpectedRecurring[];
  readonly metered: readonly ExpectedMetered[];
  readonly minimums: readonly ExpectedMinimum[];
}

export interface Due {
  readonly subscription: string;
  readonly plan: string;
  readonly planVersion: number;
  readonly dueAt: Instant;
}

export interface ExpectedOneTime extends Due {
  readonly slot: string;
  readonly price: OneTimePrice;
  readonly at: Instant;
  readonly periodOrdinal: number;
}

/** A stretch for which a recurring price is held, with the whole period that it is a share of. */
export interface ExpectedRecurring extends Due {
  readonly slot: string;
  readonly price: RecurringPrice;
  readonly quantity: string;
  /** For one whole period, in major units. */
  readonly fullAmount: Exact;
  readonly breakdown: readonly BreakdownStep[];
  readonly stretch: Stretch;
  readonly period: BillingPeriod;
  readonly periodOrdinal: number;
  readonly rule: ProrationRule;
}

/** A stretch whose usage is to be charged: the quantity is asked for, not looked up. */
export interface ExpectedMetered extends Due {
  readonly price: MeteredPrice;
  readonly question: UsageQuestion;
  readonly stretch: Stretch;
  readonly period: BillingPeriod;
  readonly periodOrdinal: number;
  /** The whole period that is metered by itself: the plan's, or the price's where it has an interval of its own. */
  readonly meteredPeriod: Stretch;
  /** Of the whole metered period: shares out free units, minimum and maximum. */
  readonly share: Exact;
}

/** What the metered lines of a subscription must come to at least, in a stretch. */
export interface ExpectedMinimum extends Due {
  readonly slot: string;
  /** Shared out already, in major units. */
  readonly commitment: Exact;
  readonly stretch: Stretch;
  readonly period: BillingPeriod;
  readonly periodOrdinal: number;
  readonly proration: boolean;
}

/** Names what is charged, for ever. */
export const slotOf = (...parts: readonly (string | number)[]): string => JSON.stringify(parts);

export function dueBy(holding: Holding, dueAt: Instant): Due {
  return { subscription: holding.subscription, plan: holding.plan.plan, planVersion: holding.plan.version, dueAt };
}
