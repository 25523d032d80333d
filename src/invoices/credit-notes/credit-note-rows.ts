import type { Tx } from '../../common/database/database.js';
import type { CreditedLine } from '../../domain/billing/credit-note.js';
import type { CreditSettlement, Settle } from '../../domain/billing/credit-settlement.js';
import type { TaxTotal } from '../../domain/billing/tax.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { InvoiceRow } from '../invoice-view.js';

type StoredTax = InvoiceRow['taxes'][number];

/** A credit note as it is kept, with its lines. */
export interface CreditNoteRow extends CreditSettlement {
  readonly accountId: string;
  readonly id: string;
  readonly number: string;
  readonly invoiceId: string;
  readonly invoiceNumber: string;
  readonly currency: string;
  readonly issuedAt: Instant;
  readonly reason: string;
  readonly settle: Settle;
  readonly subtotalMinor: bigint;
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
  readonly taxes: readonly StoredTax[];
  readonly snapshot: InvoiceRow['snapshot'];
  readonly lines: readonly CreditedLine[];
}

/** As a query gives it. */
interface StoredCreditNote extends Omit<CreditNoteRow, 'lines'> {
  readonly lines: readonly {
    readonly line: string;
    readonly description: string;
    readonly amountMinor: string;
    readonly revenueMinor: string;
  }[];
}

/* Relies on credit_note_line_pk. */
const SELECT = `
  select c.account_id as "accountId", c.id, c.number, c.invoice_id as "invoiceId", i.number as "invoiceNumber", c.currency,
    c.issued_at as "issuedAt", c.reason, c.settle, c.subtotal_minor as "subtotalMinor", c.tax_minor as "taxMinor", c.total_minor as "totalMinor",
    c.reduced_minor as "reducedMinor", c.recovered_minor as "recoveredMinor", c.covered_minor as "coveredMinor",
    c.balance_minor as "balanceMinor", c.refund_minor as "refundMinor", c.taxes, c.snapshot,
    (select jsonb_agg(jsonb_build_object('line', l.line_id, 'description', l.description, 'amountMinor', l.amount_minor::text,
       'revenueMinor', l.revenue_minor::text) order by l.n)
     from credit_note_line l where l.account_id = c.account_id and l.credit_note_id = c.id) as lines
  from credit_note c join invoice i on i.account_id = c.account_id and i.id = c.invoice_id`;

/** Those that the rest of the statement names, of credit note `c` and its invoice `i`. */
export async function creditNotesWhere(tx: Tx, rest: string, values: readonly unknown[]): Promise<CreditNoteRow[]> {
  const rows = await tx.query<StoredCreditNote[]>(`${SELECT} ${rest}`, [...values]);
  return rows.map(({ lines, ...note }) => ({
    ...note,
    lines: lines.map(({ line, description, amountMinor, revenueMinor }) => ({
      line,
      description,
      amountMinor: BigInt(amountMinor),
      revenueMinor: BigInt(revenueMinor),
    })),
  }));
}

/** The credit notes of an invoice, oldest first. Relies on credit_note_one_by_one. */
export const creditNotesOf = (tx: Tx, accountId: string, invoiceId: string): Promise<CreditNoteRow[]> =>
  creditNotesWhere(tx, 'where c.account_id = $1 and c.invoice_id = $2 order by c.invoice_seq', [accountId, invoiceId]);

export const storedTax = ({ taxableMinor, amountMinor, ...tax }: TaxTotal): StoredTax => ({
  ...tax,
  taxableMinor: taxableMinor.toString(),
  amountMinor: amountMinor.toString(),
});

export const taxOf = ({ taxableMinor, amountMinor, ...tax }: StoredTax): TaxTotal => ({
  ...tax,
  category: tax.category as TaxTotal['category'],
  taxableMinor: BigInt(taxableMinor),
  amountMinor: BigInt(amountMinor),
});

/** Before the credit note itself: the database takes no lines for one that is there. */
export async function insertCreditNoteLines(tx: Tx, accountId: string, id: string, lines: readonly CreditedLine[]): Promise<void> {
  await tx.query(
    `insert into credit_note_line (account_id, credit_note_id, n, line_id, description, amount_minor, revenue_minor)
     select $1, $2, n, line, description, amount, revenue
     from unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[]) with ordinality as l(line, description, amount, revenue, n)`,
    [
      accountId,
      id,
      lines.map(({ line }) => line),
      lines.map(({ description }) => description),
      lines.map(({ amountMinor }) => String(amountMinor)),
      lines.map(({ revenueMinor }) => String(revenueMinor)),
    ],
  );
}

/** What the number brings with it. */
export interface NumberedCreditNote extends Omit<CreditNoteRow, 'invoiceNumber'> {
  readonly series: string;
  readonly n: bigint;
  /** Its position among the credit notes of the invoice, from 1. */
  readonly invoiceSeq: number;
}

/** The note and its number, in one statement, while the series is held. */
const INSERT = `
  with numbered as (insert into credit_note_number (series, n, account_id, credit_note_id) values ($3, $4, $1, $2))
  insert into credit_note (account_id, id, series, n, number, invoice_id, invoice_seq, currency, issued_at, reason, settle, subtotal_minor, tax_minor,
    total_minor, reduced_minor, recovered_minor, covered_minor, balance_minor, refund_minor, taxes, snapshot, seal)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, invoice_seal($20::jsonb, $21::jsonb))`;

export async function insertCreditNote(tx: Tx, note: NumberedCreditNote): Promise<void> {
  await tx.query(INSERT, [
    note.accountId,
    note.id,
    note.series,
    note.n.toString(),
    note.number,
    note.invoiceId,
    note.invoiceSeq,
    note.currency,
    formatInstant(note.issuedAt),
    note.reason,
    note.settle,
    note.subtotalMinor.toString(),
    note.taxMinor.toString(),
    note.totalMinor.toString(),
    note.reducedMinor.toString(),
    note.recoveredMinor.toString(),
    note.coveredMinor.toString(),
    note.balanceMinor.toString(),
    note.refundMinor.toString(),
    JSON.stringify(note.taxes),
    JSON.stringify(note.snapshot),
  ]);
}
