import type { LineTax } from '../billing/line.js';
import type { BreakdownStep } from '../rating/model.js';

/** Dates as they are printed: 2026-01-31. */
export type IsoDate = string;

/** The first and the last day of what is paid for. */
export interface DateRange {
  readonly from: IsoDate;
  readonly to: IsoDate;
}

export interface PostalAddress {
  readonly line1?: string;
  readonly line2?: string;
  readonly city?: string;
  readonly region?: string;
  readonly postalCode?: string;
  /** ISO 3166-1 alpha-2. */
  readonly country?: string;
}

/** A tax number as it was written, and the kind under which it was kept, such as `eu_vat`. */
export interface TaxNumber {
  readonly type: string;
  readonly value: string;
}

/** Who sold or who bought, as the document froze it. */
export interface Party {
  readonly name: string;
  readonly address: PostalAddress | null;
  readonly taxIds: readonly TaxNumber[];
  readonly email: string | null;
}

/** Who sold, and how to pay. */
export interface SellingParty extends Party {
  /** In a register of companies. */
  readonly registrationNumber: string | null;
  readonly iban: string | null;
  readonly bic: string | null;
  readonly bankDetails: string | null;
  readonly paymentTerms: string | null;
}

/** One charge or credit. Amounts in minor units. */
export interface DocumentLine {
  /** From 1. */
  readonly n: number;
  readonly description: string;
  readonly period: DateRange | null;
  /** `null` on credit notes, which take amounts off lines. */
  readonly quantity: string | null;
  readonly unitPrice: string | null;
  readonly proration: boolean;
  /** Before discounts, with the taxes that are included in it. */
  readonly amountMinor: bigint;
  readonly discounts: readonly { readonly coupon: string; readonly amountMinor: bigint }[];
  /** Without taxes, where the document says so; else it follows from the rest. */
  readonly baseMinor: bigint | null;
  readonly taxes: readonly LineTax[];
  readonly groups: Readonly<Record<string, string>> | null;
  readonly breakdown: readonly BreakdownStep[];
}

/** One rate's tax, and why none is charged where there is none. Amounts in minor units. */
export interface DocumentTax extends Omit<LineTax, 'exemptionReason'> {
  readonly taxableMinor: bigint;
  readonly amountMinor: bigint;
  readonly exemptionReason: string | null;
}

/** What became of the total at the moment of issue. Positive where it is named, in minor units. */
export interface Settled {
  readonly kind: 'grant' | 'balance' | 'balance_credited' | 'reduces_invoice' | 'refund' | 'refunded_before';
  readonly amountMinor: bigint;
}

/** Another document that this one corrects. */
export interface DocumentReference {
  readonly number: string;
  readonly issuedOn: IsoDate;
}

/** An invoice or a credit note as it is printed and sent: all that it says, and nothing of what became of it later. Amounts in minor units. */
export interface BillingDocument {
  readonly kind: 'invoice' | 'credit_note';
  readonly number: string;
  readonly currency: string;
  /** When it was issued, in microseconds. */
  readonly issuedAt: bigint;
  /** The day of the books: in UTC. */
  readonly issuedOn: IsoDate;
  readonly dueOn: IsoDate | null;
  readonly period: DateRange | null;
  readonly seller: SellingParty;
  readonly buyer: Party;
  readonly corrects: readonly DocumentReference[];
  readonly reason: string | null;
  /** A note to the buyer. */
  readonly memo: string | null;
  /** The number of the buyer's order. */
  readonly purchaseOrder: string | null;
  readonly lines: readonly DocumentLine[];
  readonly subtotalMinor: bigint;
  readonly discountMinor: bigint;
  readonly taxes: readonly DocumentTax[];
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
  readonly settled: readonly Settled[];
  /** What was to be paid when it was issued, by the buyer or, for a credit note, to the buyer or off what the buyer owes. */
  readonly dueMinor: bigint;
}

/** Whether it gives money back: a credit note, or an invoice with a total below zero. */
export const isCredit = ({ kind, totalMinor }: Pick<BillingDocument, 'kind' | 'totalMinor'>): boolean =>
  kind === 'credit_note' || totalMinor < 0n;
