import type { Instant } from '../instant.js';
import type { UsageAnswer } from '../metering/question.js';
import type { ProrationRule } from '../proration.js';
import type { Expected, ExpectedMetered } from './due.js';
import type { BilledLine } from './line.js';

/** A metered stretch with the answer to its question. */
export interface Answered extends ExpectedMetered {
  readonly answer: UsageAnswer;
}

export interface OwedInput {
  readonly currency: string;
  readonly asOf: Instant;
  readonly expected: Omit<Expected, 'metered'> & { readonly metered: readonly Answered[] };
  /** Every line billed for these subscriptions that is not on a void invoice, in the order of billing. */
  readonly billed: readonly BilledLine[];
  /** The highest position taken in each slot, on void invoices too. */
  readonly slotSeqs: ReadonlyMap<string, number>;
  /** How each subscription's time is shared out, for credits on lines whose price is no longer expected. */
  readonly ruleOf: (line: BilledLine) => ProrationRule;
}
