import { discountOf } from '../billing/line.js';
import type { InvoicedLine } from '../billing/creditable.js';
import type { TaxTotal } from '../billing/tax.js';
import type { Instant } from '../instant.js';
import type { BillingDocument, DocumentLine, DocumentReference, Settled } from './document.js';
import { buyerOf, datesOf, sellerOf, type Snapshot, taxesOf, timeZoneOf, utcDate } from './snapshot.js';

/** A final invoice as it is kept. Amounts in minor units. */
export interface InvoiceContent {
  readonly number: string;
  readonly currency: string;
  readonly issuedAt: Instant;
  readonly dueAt: Instant;
  readonly periodStart: Instant;
  readonly periodEnd: Instant;
  readonly lines: readonly InvoicedLine[];
  readonly subtotalMinor: bigint;
  readonly discountMinor: bigint;
  readonly taxes: readonly TaxTotal[];
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
  readonly appliedMinor: bigint;
  /** What of that credit grants paid. */
  readonly grantsAppliedMinor: bigint;
  readonly dueMinor: bigint;
  readonly creditedMinor: bigint;
  readonly memo: string | null;
  readonly purchaseOrder: string | null;
  readonly snapshot: Snapshot;
  /** The invoices whose lines it credits or corrects. */
  readonly corrects: readonly { readonly number: string; readonly issuedAt: Instant }[];
}

/** What an invoice says, from what it froze. Dates of issue are those of the books (UTC), periods those of the account's time zone. */
export function invoiceDocument(invoice: InvoiceContent): BillingDocument {
  const { snapshot, issuedAt } = invoice;
  const timeZone = timeZoneOf(snapshot);
  return {
    kind: 'invoice',
    number: invoice.number,
    currency: invoice.currency,
    issuedAt,
    issuedOn: utcDate(issuedAt),
    dueOn: utcDate(invoice.dueAt),
    period: datesOf({ start: invoice.periodStart, end: invoice.periodEnd }, timeZone),
    seller: sellerOf(snapshot),
    buyer: buyerOf(snapshot),
    corrects: references(invoice.corrects),
    reason: null,
    memo: invoice.memo,
    purchaseOrder: invoice.purchaseOrder,
    lines: invoice.lines.map((line, i) => lineOf(line, i + 1, timeZone)),
    subtotalMinor: invoice.subtotalMinor,
    discountMinor: invoice.discountMinor,
    taxes: taxesOf(invoice.taxes, [snapshot]),
    taxMinor: invoice.taxMinor,
    totalMinor: invoice.totalMinor,
    settled: settledOf(invoice),
    dueMinor: invoice.dueMinor,
  };
}

export const references = (documents: InvoiceContent['corrects']): DocumentReference[] =>
  documents.map(({ number, issuedAt }) => ({ number, issuedOn: utcDate(issuedAt) }));

function lineOf(line: InvoicedLine, n: number, timeZone: string): DocumentLine {
  const { description, quantity, unitPrice, proration, amountMinor, taxes, groups, breakdown } = line;
  return {
    n,
    description,
    period: datesOf(line.servicePeriod, timeZone),
    quantity,
    unitPrice,
    proration,
    amountMinor,
    discounts: discountOf(line) === 0n ? [] : line.discounts,
    baseMinor: null,
    taxes,
    groups,
    breakdown,
  };
}

function settledOf({ appliedMinor, grantsAppliedMinor, creditedMinor }: InvoiceContent): Settled[] {
  const all: Settled[] = [
    { kind: 'grant', amountMinor: grantsAppliedMinor },
    { kind: 'balance', amountMinor: appliedMinor - grantsAppliedMinor },
    { kind: 'balance_credited', amountMinor: creditedMinor },
  ];
  return all.filter(({ amountMinor }) => amountMinor !== 0n);
}
