import { bookDay } from '../domain/books.js';
import type { Line } from '../domain/billing/line.js';
import type { Instant } from '../domain/instant.js';
import { earnedEntries, type InvoiceAmounts, invoiceEntries } from '../domain/ledger.js';
import { type RevenueLine, revenueLines } from '../domain/revenue.js';
import type { CausedEntry } from '../ledger/ledger.service.js';
import type { BilledRevenueLine } from '../ledger/revenue-lines.js';

/** An issued invoice, as far as the books go. */
export interface BookedInvoice extends InvoiceAmounts {
  readonly accountId: string;
  readonly id: string;
  readonly seller: string;
  readonly issuedAt: Instant;
  /** The account's, when it was issued. */
  readonly timeZone: string;
  readonly lines: readonly (Line & { readonly id: string })[];
}

/** What an invoice is to the books: its entries, and how its lines become revenue. */
export interface InvoiceBooks {
  readonly entries: readonly CausedEntry[];
  readonly revenue: readonly BilledRevenueLine[];
}

export function booksOf(invoice: BookedInvoice): InvoiceBooks {
  const { lines, totalMinor, taxMinor, issuedAt, timeZone } = invoice;
  const revenue = revenueLines({ lines, netMinor: totalMinor - taxMinor, issuedAt, timeZone });
  return { entries: entriesOf(invoice, revenue), revenue: revenue.map((line, i) => billed(invoice, line, lines[i]?.id ?? '')) };
}

/** The entries of an invoice whose revenue is known. */
export function entriesOf(invoice: Omit<BookedInvoice, 'lines' | 'timeZone'>, revenue: readonly RevenueLine[]): CausedEntry[] {
  const { accountId, id, seller, currency, issuedAt } = invoice;
  const about = { accountId, invoiceId: id, seller };
  return [
    ...invoiceEntries(invoice, revenue).map((entry) => ({ ...about, at: issuedAt, causeKind: 'invoice' as const, causeId: id, entry })),
    ...earnedEntries(revenue, currency, issuedAt).map(({ at, day, entry }) => ({
      ...about,
      at,
      causeKind: 'service' as const,
      causeId: `${id}:${String(day)}`,
      entry,
    })),
  ];
}

const billed = ({ accountId, id, seller, currency, issuedAt }: BookedInvoice, line: RevenueLine, lineId: string): BilledRevenueLine => ({
  ...line,
  accountId,
  lineId,
  invoiceId: id,
  seller,
  currency,
  issuedAt,
  issueDay: bookDay(issuedAt),
});
