import { bookDay } from '../../domain/books.js';
import { creditNoteEntry } from '../../domain/correction-entries.js';
import { creditedRevenue } from '../../domain/revenue-taken-back.js';
import type { CausedEntry } from '../../ledger/ledger.service.js';
import type { BilledRevenueLine, RevenueLineRow } from '../../ledger/revenue-lines.js';
import type { CreditNoteRow } from './credit-note-rows.js';
import type { InvoiceBooks } from '../invoice-books.js';

/** A credit note, as far as the books go. */
export type BookedCreditNote = Omit<CreditNoteRow, 'number' | 'invoiceNumber' | 'reason' | 'settle' | 'taxes' | 'subtotalMinor'>;

/** What a credit note is to the books: an entry that takes revenue and tax back, and what it takes of the revenue of each line. */
export function creditNoteBooks(note: BookedCreditNote, billed: readonly RevenueLineRow[]): InvoiceBooks {
  const { accountId, id, invoiceId, issuedAt, currency } = note;
  const seller = String(note.snapshot.seller['key']);
  const issueDay = bookDay(issuedAt);
  const revenue = note.lines.map(({ line, revenueMinor }): BilledRevenueLine => ({
    ...creditedRevenue(revenueOfLine(billed, line), revenueMinor, issueDay),
    accountId,
    lineId: `${id}:${line}`,
    invoiceId,
    seller,
    currency,
    issuedAt,
    issueDay,
  }));
  const entry: CausedEntry = {
    accountId,
    at: issuedAt,
    causeKind: 'credit_note',
    causeId: id,
    invoiceId,
    seller,
    entry: creditNoteEntry(note, revenue),
  };
  return { entries: [entry], revenue };
}

/** Whether a name of revenue is that of a credit note's. */
export const isOfCreditNote = (lineId: string): boolean => lineId.startsWith('cn_');

function revenueOfLine(billed: readonly RevenueLineRow[], line: string): RevenueLineRow {
  const found = billed.find(({ lineId }) => lineId === line);
  if (!found) throw new RangeError(`line ${line} has no revenue`);
  return found;
}
