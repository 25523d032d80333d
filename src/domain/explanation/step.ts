import { formatMoney, fromMinor } from '../currency.js';
import { type Exact, exactText } from '../decimal.js';

/** One step of an explanation: a sentence for people, and its numbers in full. */
export interface ExplainedStep {
  readonly step: string;
  readonly text: string;
  /** In the meter's unit, or units held: a decimal, or "n/d" where no decimal can write it. */
  readonly quantity?: string;
  /** A part of a whole as the fraction "n/d". */
  readonly share?: string;
  /** What the step comes to, in major units: a decimal, or "n/d". */
  readonly amount?: string;
}

/** Something about a line that a reader must know, with a stable code. */
export interface ExplanationWarning {
  readonly code: 'quantity_below_zero' | 'usage_changed' | 'usage_archived' | 'not_reproduced';
  readonly detail: string;
}

/** What the steps of a line come to. */
export interface Reckoned {
  readonly steps: readonly ExplainedStep[];
  /** The last step's amount, in minor units. */
  readonly amountMinor: bigint;
}

export const amountStep = (step: string, text: string, amount: Exact): ExplainedStep => ({ step, text, amount: exactText(amount) });

/** A step whose amount is money already. */
export const moneyStep = (step: string, text: string, amountMinor: bigint, currency: string): ExplainedStep =>
  amountStep(step, text, fromMinor(amountMinor, currency));

/** "12.00 USD". */
export const moneyText = (amountMinor: bigint, currency: string): string => `${formatMoney(amountMinor, currency)} ${currency}`;

/** The one rounding of a line. */
export const roundStep = (amountMinor: bigint, currency: string): ExplainedStep =>
  moneyStep(
    'round',
    `Rounded to the currency's minor unit, halves away from zero: ${moneyText(amountMinor, currency)}.`,
    amountMinor,
    currency,
  );
