import type { InvoicedLine } from '../billing/creditable.js';
import type { CreditedLine } from '../billing/credit-note.js';
import type { CreditSettlement } from '../billing/credit-settlement.js';
import type { TaxTotal } from '../billing/tax.js';
import type { Instant } from '../instant.js';
import type { BillingDocument, DocumentLine, Settled } from './document.js';
import { references } from './invoice-document.js';
import { buyerOf, datesOf, sellerOf, type Snapshot, taxesOf, timeZoneOf, utcDate } from './snapshot.js';

/** A credit note as it is kept, with what it needs of its invoice. Amounts in minor units. */
export interface CreditNoteContent extends CreditSettlement {
  readonly number: string;
  readonly currency: string;
  readonly issuedAt: Instant;
  readonly reason: string;
  readonly lines: readonly CreditedLine[];
  readonly subtotalMinor: bigint;
  readonly taxes: readonly TaxTotal[];
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
  readonly snapshot: Snapshot;
  readonly invoice: {
    readonly number: string;
    readonly issuedAt: Instant;
    readonly snapshot: Snapshot;
    readonly lines: readonly InvoicedLine[];
  };
}

/** What a credit note says. Its lines bear the taxes and periods of the lines that they take from. */
export function creditNoteDocument(note: CreditNoteContent): BillingDocument {
  const timeZone = timeZoneOf(note.snapshot);
  return {
    kind: 'credit_note',
    number: note.number,
    currency: note.currency,
    issuedAt: note.issuedAt,
    issuedOn: utcDate(note.issuedAt),
    dueOn: null,
    period: null,
    seller: sellerOf(note.snapshot),
    buyer: buyerOf(note.snapshot),
    corrects: references([note.invoice]),
    reason: note.reason,
    memo: null,
    purchaseOrder: null,
    lines: note.lines.map((line, i) => lineOf(line, note.invoice.lines, i + 1, timeZone)),
    subtotalMinor: note.subtotalMinor,
    discountMinor: 0n,
    taxes: taxesOf(note.taxes, [note.snapshot, note.invoice.snapshot]),
    taxMinor: note.taxMinor,
    totalMinor: note.totalMinor,
    settled: settledOf(note),
    dueMinor: note.totalMinor - note.balanceMinor - note.coveredMinor,
  };
}

function lineOf(credited: CreditedLine, lines: readonly InvoicedLine[], n: number, timeZone: string): DocumentLine {
  const origin = lines.find(({ id }) => id === credited.line);
  return {
    n,
    description: credited.description,
    period: origin ? datesOf(origin.servicePeriod, timeZone) : null,
    quantity: null,
    unitPrice: null,
    proration: false,
    amountMinor: credited.amountMinor,
    discounts: [],
    baseMinor: credited.revenueMinor,
    taxes: origin?.taxes ?? [],
    groups: origin?.groups ?? null,
    breakdown: [],
  };
}

function settledOf({ reducedMinor, recoveredMinor, coveredMinor, balanceMinor, refundMinor }: CreditNoteContent): Settled[] {
  const all: Settled[] = [
    { kind: 'reduces_invoice', amountMinor: reducedMinor + recoveredMinor },
    { kind: 'refunded_before', amountMinor: coveredMinor },
    { kind: 'balance_credited', amountMinor: balanceMinor },
    { kind: 'refund', amountMinor: refundMinor },
  ];
  return all.filter(({ amountMinor }) => amountMinor !== 0n);
}
