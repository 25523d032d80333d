import type { TaxRate } from '../catalog.js';
import { ratio, roundUp } from '../decimal.js';
import type { Instant, Stretch } from '../instant.js';
import type { BreakdownStep } from '../rating/model.js';

/** A whole billing period; `key` tells its schedule and index. */
export interface BillingPeriod extends Stretch {
  readonly key: string;
}

export type LineKind = 'one_time' | 'recurring' | 'metered' | 'adjustment' | 'minimum';

/** What one coupon took off a line, in minor units; negative where a credit takes its share back. */
export interface LineDiscount {
  readonly coupon: string;
  readonly amountMinor: bigint;
}

/** A tax rate that applies to a line, as it was when the line was made. */
export type LineTax = Pick<TaxRate, 'key' | 'name' | 'rate' | 'category' | 'inclusive'> & {
  /** The remark that the law wants where no tax is charged. */
  readonly exemptionReason?: string;
};

/** What a line is, before discounts and taxes. */
export interface Charge {
  /** Names what is charged: the same thing always has the same slot, and what was billed for it is found by it. */
  readonly slot: string;
  /** Position among the lines of the slot, from 1. Two runs that bill the same thing claim the same position, and only one gets it. */
  readonly slotSeq: number;
  /** When it fell due. A credit or adjustment bears the instant of the line that it adjusts. */
  readonly dueAt: Instant;
  readonly kind: LineKind;
  /** What is charged for; `null`, with its plan, for what was added by hand. */
  readonly subscription: string | null;
  readonly plan: string | null;
  readonly planVersion: number | null;
  /** The price's key; `null` for a plan's minimum, and for what was added by hand. */
  readonly price: string | null;
  readonly description: string;
  /** As shown: at most 6 decimals. */
  readonly quantity: string;
  readonly unitPrice: string | null;
  readonly amountMinor: bigint;
  readonly servicePeriod: Stretch;
  /** The whole billing period that the service period is a part of. */
  readonly period: BillingPeriod;
  /** Which of the subscription's billing periods it belongs to, counted from 0. */
  readonly periodOrdinal: number;
  /** Whether the amount is a share of a whole period's amount. */
  readonly proration: boolean;
  /** The line that this one credits or corrects. */
  readonly adjusts: string | null;
  readonly groups: Readonly<Record<string, string>> | null;
  readonly breakdown: readonly BreakdownStep[];
}

/** A line with what was taken off and what tax it bears. `amountMinor` is before both. */
export interface Line extends Charge {
  readonly discounts: readonly LineDiscount[];
  readonly taxes: readonly LineTax[];
}

/** A line on an invoice that is not void, or whose charge was waived when it was voided. */
export interface BilledLine extends Line {
  readonly id: string;
  /** What credit notes, or a waiver, took off it, after discounts, in minor units from 0: no credit may take more than is left. */
  readonly creditNotedMinor: bigint;
}

export const discountOf = (line: Pick<Line, 'discounts'>): bigint =>
  line.discounts.reduce((total, discount) => total + discount.amountMinor, 0n);
export const netOf = (line: Pick<Line, 'amountMinor' | 'discounts'>): bigint => line.amountMinor - discountOf(line);

/**
 * How much of the amount, which is before discounts, credit notes took off a line: in proportion, rounded up, so that no credit on a later
 * invoice gives back what a credit note gave back. Minor units, from 0.
 */
export function creditNotedOf(line: BilledLine): bigint {
  const net = netOf(line);
  return net <= 0n ? 0n : roundUp(ratio(line.amountMinor * line.creditNotedMinor, net));
}
