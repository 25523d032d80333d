import { bookDay } from '../domain/books.js';
import type { Line } from '../domain/billing/line.js';
import type { Instant } from '../domain/instant.js';
import { earnedEntries, type InvoiceAmounts, invoiceEntries } from '../domain/ledger.js';
import { voidEntry, writeOffEntry } from '../domain/correction-entries.js';
import { type RevenueLine, revenueLines } from '../domain/revenue.js';
import { voidedRevenue } from '../domain/revenue-taken-back.js';
import type { CausedEntry } from '../ledger/ledger.service.js';
import type { BilledRevenueLine, RevenueLineRow } from '../ledger/revenue-lines.js';

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
  const { accountId, id, seller, issuedAt } = invoice;
  const about = { accountId, invoiceId: id, seller };
  return [
    ...invoiceEntries(invoice, revenue).map((entry) => ({ ...about, at: issuedAt, causeKind: 'invoice' as const, causeId: id, entry })),
    ...serviceEntries(invoice, revenue, { at: issuedAt, causeOf: (day) => `${id}:${String(day)}` }),
  ];
}

/** The invoice is void from `at` on: all that it was to the books is taken back, but for what grants paid of it, which is released to them. */
export function voidBooksOf(
  invoice: Omit<BookedInvoice, 'lines' | 'timeZone'>,
  billed: readonly RevenueLineRow[],
  at: Instant,
): InvoiceBooks {
  const { accountId, id, seller } = invoice;
  const revenue = voidRevenueOf(billed, at);
  const entry = voidEntry(invoice, revenue);
  const whole = { accountId, invoiceId: id, seller, at, causeKind: 'invoice', causeId: id, entry } as const;
  return {
    entries: [
      ...(entry.postings.length > 0 ? [whole] : []),
      ...serviceEntries(invoice, revenue, { at, causeOf: (day) => `${id}:${String(day)}:void` }),
    ],
    revenue,
  };
}

/** What becomes of the revenue of lines whose invoice is void from `at` on. */
export const voidRevenueOf = (billed: readonly RevenueLineRow[], at: Instant): BilledRevenueLine[] =>
  billed.map((line) => ({
    ...line,
    ...voidedRevenue(line, bookDay(at)),
    lineId: `${line.lineId}:void`,
    issuedAt: at,
    issueDay: bookDay(at),
  }));

/** The invoice is written off, as far as it is open then. */
export const writeOffOf = (
  { accountId, id, seller, currency }: Pick<BookedInvoice, 'accountId' | 'id' | 'seller' | 'currency'>,
  openMinor: bigint,
  at: Instant,
): CausedEntry => ({ accountId, invoiceId: id, seller, at, causeKind: 'invoice', causeId: id, entry: writeOffEntry(openMinor, currency) });

/** What is earned, or no longer is, on the last days of services. */
const serviceEntries = (
  { accountId, id, seller, currency }: Pick<BookedInvoice, 'accountId' | 'id' | 'seller' | 'currency'>,
  revenue: readonly RevenueLine[],
  { at: latestAt, causeOf }: { readonly at: Instant; readonly causeOf: (day: number) => string },
): CausedEntry[] =>
  earnedEntries(revenue, currency, latestAt).map(({ at, day, entry }) => ({
    accountId,
    invoiceId: id,
    seller,
    at,
    causeKind: 'service',
    causeId: causeOf(day),
    entry,
  }));

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
