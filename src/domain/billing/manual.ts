import { formatMoney, parseMoney } from '../currency.js';
import { exact } from '../decimal.js';
import type { Instant, Stretch } from '../instant.js';
import { Refusal } from '../refusal.js';
import type { Draft } from './draft.js';
import { slotOf } from './due.js';
import { lineAmount } from './line-amount.js';
import type { Line, LineTax } from './line.js';

/** A line that a person puts on an invoice: a quantity at a unit price, or an amount. Below zero it takes something off. */
export interface ManualLine {
  readonly description: string;
  readonly quantity: string;
  /** In major units; null where an amount is given. */
  readonly unitPrice: string | null;
  readonly amount: string | null;
  /** Null for those of the account. */
  readonly taxes: readonly LineTax[] | null;
  /** Null for what is not a service over time: it is revenue when it is billed. */
  readonly servicePeriod: Stretch | null;
}

export interface ManualContext {
  /** Of the invoice: a draft that is finalized twice claims the same slots. */
  readonly invoiceId: string;
  readonly currency: string;
  /** When they fall due. */
  readonly at: Instant;
  /** The rates of the account. */
  readonly taxes: readonly LineTax[];
}

/** The invoice lines that they make, in their order; no coupon applies to them. @throws Refusal `invalid_money`, `amount_too_large` */
export function manualLines(lines: readonly ManualLine[], { invoiceId, currency, at, taxes }: ManualContext): Line[] {
  return lines.map((line, i) => {
    const service = line.servicePeriod ?? { start: at, end: at };
    return {
      slot: slotOf('manual', invoiceId, i + 1),
      slotSeq: 1,
      dueAt: at,
      kind: 'adjustment',
      subscription: null,
      plan: null,
      planVersion: null,
      price: null,
      description: line.description,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      amountMinor: amountOf(line, currency),
      servicePeriod: service,
      period: { key: 'manual', ...service },
      periodOrdinal: 0,
      proration: false,
      adjusts: null,
      groups: null,
      breakdown: [],
      discounts: [],
      taxes: line.taxes ?? taxes,
    };
  });
}

function amountOf({ quantity, unitPrice, amount }: ManualLine, currency: string): bigint {
  if (unitPrice === null) return parseMoney(amount ?? '0', currency);
  return lineAmount(exact(quantity).mul(exact(unitPrice)), currency);
}

export const isManual = ({ subscription }: Pick<Line, 'subscription'>): boolean => subscription === null;

/**
 * What is given by hand takes no invoice below zero: that would be a credit without the document that a credit needs.
 * @throws Refusal `total_below_zero`
 */
export function refuseBelowZero({ lines, totalMinor, currency }: Pick<Draft, 'lines' | 'totalMinor' | 'currency'>): void {
  const givenMinor = lines.filter(isManual).reduce((total, { amountMinor }) => total + amountMinor, 0n);
  if (totalMinor < 0n && givenMinor < 0n)
    throw new Refusal(
      'unprocessable',
      'total_below_zero',
      `The invoice would come to ${formatMoney(totalMinor, currency)} ${currency}: issue a credit note for what was charged too much, or give a credit grant.`,
    );
}
