import type { Instant } from '../instant.js';
import { type DiscountInput, discounts } from './discount.js';
import { burnDown, type CreditGrant, type GrantApplication, sumOf } from './grants.js';
import { type Charge, discountOf, type Line, type LineDiscount, type LineTax } from './line.js';
import { type TaxTotal, taxTotals } from './tax.js';

export const INVOICE_TYPES = ['subscription', 'one_off'] as const;
/** Whether an invoice is made by what subscriptions owe, or by a person. */
export type InvoiceType = (typeof INVOICE_TYPES)[number];

/** An invoice that has no number yet. Amounts in minor units of the currency. */
export interface Draft {
  readonly currency: string;
  readonly lines: readonly Line[];
  readonly subtotalMinor: bigint;
  readonly discountMinor: bigint;
  readonly taxes: readonly TaxTotal[];
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
  /** Paid from credit grants and from the account's balance. Always: total = applied + due - credited. */
  readonly appliedMinor: bigint;
  /** What of it grants pay, in the order in which they are burnt down. The rest is the balance's. */
  readonly grantsApplied: readonly GrantApplication[];
  readonly dueMinor: bigint;
  /** A total below zero, put on the account's balance. */
  readonly creditedMinor: bigint;
}

/** What credit there is to pay an invoice with. */
export interface Credit {
  /** What stands on the account's balance, from 0. */
  readonly balanceMinor: bigint;
  readonly grants: readonly CreditGrant[];
  /** When the invoice is made, by the clock: no grant pays at or after its expiry. */
  readonly billedAt: Instant;
}

export interface UntaxedInput extends DiscountInput {
  /** When each subscription was created: orders the lines. */
  readonly createdAt: ReadonlyMap<string, Instant>;
  /** Added by hand: they come last, and stand as they are. */
  readonly manual?: readonly Line[];
}

/** A line whose taxes are known where it adjusts another one: they are those of that one. Of a new charge they are to be asked. */
export interface UntaxedLine extends Charge {
  readonly discounts: readonly LineDiscount[];
  readonly taxes: readonly LineTax[] | undefined;
}

/** The lines for what is owed, in the order of the invoice, with what coupons take off. */
export function untaxedLines(input: UntaxedInput): UntaxedLine[] {
  const charges = inOrder(input.charges, input.createdAt);
  const origins = new Map(input.billed.map((line) => [line.id, line]));
  const off = discounts({ ...input, charges });
  const lines = charges.map((charge, i) => ({
    ...charge,
    discounts: off[i] ?? [],
    taxes: charge.adjusts === null ? undefined : (origins.get(charge.adjusts)?.taxes ?? []),
  }));
  return [...lines, ...(input.manual ?? [])];
}

/** The invoice of lines that are what they are. Order: lines, discounts, tax, grants, balance. */
export function drafted({ currency, lines, ...credit }: Credit & Pick<Draft, 'currency' | 'lines'>): Draft {
  return { currency, lines, ...totals(lines, credit) };
}

/** What of an invoice the account's balance pays, in minor units. */
export const balanceAppliedOf = ({ appliedMinor, grantsApplied }: Pick<Draft, 'appliedMinor' | 'grantsApplied'>): bigint =>
  appliedMinor - sumOf(grantsApplied);

/** What lines come to: their amounts, less discounts, with the taxes that they do not contain. */
export function addedUp(lines: readonly Line[]): Pick<Draft, 'subtotalMinor' | 'discountMinor' | 'taxes' | 'taxMinor' | 'totalMinor'> {
  const subtotalMinor = lines.reduce((total, line) => total + line.amountMinor, 0n);
  const discountMinor = lines.reduce((total, line) => total + discountOf(line), 0n);
  const taxes = taxTotals(lines);
  const added = taxes.filter((tax) => !tax.inclusive).reduce((total, tax) => total + tax.amountMinor, 0n);
  return {
    subtotalMinor,
    discountMinor,
    taxes,
    taxMinor: taxes.reduce((total, tax) => total + tax.amountMinor, 0n),
    totalMinor: subtotalMinor - discountMinor + added,
  };
}

/** A total above zero is paid by grants, then by what the balance holds; a total below zero goes to the balance. */
function totals(lines: readonly Line[], { balanceMinor, grants, billedAt }: Credit): Omit<Draft, 'currency' | 'lines'> {
  const sums = addedUp(lines);
  const { totalMinor } = sums;
  const charged = totalMinor > 0n ? totalMinor : 0n;
  const grantsApplied = burnDown(grants, charged, billedAt);
  const left = charged - sumOf(grantsApplied);
  const dueMinor = balanceMinor < left ? left - balanceMinor : 0n;
  return {
    ...sums,
    appliedMinor: charged - dueMinor,
    grantsApplied,
    dueMinor,
    creditedMinor: totalMinor < 0n ? -totalMinor : 0n,
  };
}

/** By the subscription's creation, price key (bytewise), start of the service period, credits before charges, plan version. */
function inOrder(charges: readonly Charge[], createdAt: ReadonlyMap<string, Instant>): Charge[] {
  const created = (charge: Charge): bigint => createdAt.get(charge.subscription ?? '') ?? 0n;
  return [...charges].sort(
    (a, b) =>
      compare(created(a), created(b)) ||
      compare(a.subscription ?? '', b.subscription ?? '') ||
      compare(a.price ?? '', b.price ?? '') ||
      compare(a.servicePeriod.start, b.servicePeriod.start) ||
      compare(a.amountMinor < 0n ? 0 : 1, b.amountMinor < 0n ? 0 : 1) ||
      compare(a.planVersion ?? 0, b.planVersion ?? 0) ||
      compare(a.slot, b.slot),
  );
}

function compare<Value extends bigint | string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
