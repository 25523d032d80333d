import type { Check, CheckScope, Difference } from '../../common/checks.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { grantsReleasedEntry, openingBalanceEntry } from '../../domain/ledger.js';
import type { BookedEntry } from '../../domain/journal-chain.js';
import { bookedEntries } from '../../ledger/booked-entries.js';
import { entryDifferences, orphansSql } from '../../ledger/compare-entries.js';
import { REVENUE_LINE_COLUMNS, type RevenueLineRow } from '../../ledger/revenue-lines.js';
import { LINE_COLUMNS, lineOf, type LineRow } from '../billed-lines.js';
import type { CausedEntry } from '../../ledger/ledger.service.js';
import { isOfCreditNote } from '../credit-notes/credit-note-books.js';
import { applicationsTo, releasesOf } from '../grants/grant-entries.js';
import { type BookedInvoice, booksOf, entriesOf, voidBooksOf, voidRevenueOf, writeOffOf } from '../invoice-books.js';
import type { Closed } from '../invoice-settlements.js';
import { INVOICE_COLUMNS, type InvoiceRow } from '../invoice-view.js';
import { revenueDifferences } from './revenue-differences.js';

const INVOICES_AT_ONCE = 500;

/** An invoice, and what became of it. */
interface CheckedRow extends InvoiceRow {
  readonly closed: Closed | null;
  readonly closedAt: Instant | null;
  readonly writtenOffMinor: bigint;
}

const INVOICES = `
  select ${INVOICE_COLUMNS}, s.closed, s.closed_at as "closedAt", s.written_off_minor as "writtenOffMinor"
  from invoice i left join invoice_settlement s on s.account_id = i.account_id and s.invoice_id = i.id
  where (i.account_id, i.id) > ($1::uuid, $2) and ($3::uuid is null or i.account_id = $3)
    and ($4::timestamptz is null or i.issued_at >= $4) and ($5::timestamptz is null or i.issued_at < $5)
  order by i.account_id, i.id limit $6`;

/** Each invoice has exactly the entries that its lines, its totals and its settlement give, and each of its lines the revenue. */
export const invoiceEntriesCheck: Check = { name: 'invoices', group: 'ledger', narrows: true, run: checkInvoices };

async function* checkInvoices(tx: Tx, { accountId, from, to }: CheckScope): AsyncGenerator<Difference> {
  const bounds = [accountId ?? null, from === undefined ? null : formatInstant(from), to === undefined ? null : formatInstant(to)];
  for (let after: readonly string[] = ['00000000-0000-0000-0000-000000000000', '']; ;) {
    const rows = await tx.query<CheckedRow[]>(INVOICES, [...after, ...bounds, INVOICES_AT_ONCE]);
    const last = rows.at(-1);
    if (!last) break;
    yield* await differencesOf(tx, rows);
    after = [last.accountId, last.id];
  }
  for (const kind of ['invoice', 'service'] as const)
    yield* await tx.query<Difference[]>(
      orphansSql(kind, 'select from invoice i where i.account_id = e.account_id and i.id = e.invoice_id'),
      [accountId ?? null],
    );
}

async function differencesOf(tx: Tx, rows: readonly CheckedRow[]): Promise<Difference[]> {
  const [accountIds, ids] = [rows.map((row) => row.accountId), rows.map((row) => row.id)];
  const of = 'account_id = any($1::uuid[]) and invoice_id = any($2::text[])';
  const lines = byInvoice(await tx.query<LineRow[]>(`select ${LINE_COLUMNS} from invoice_line where ${of} order by n`, [accountIds, ids]));
  const revenue = byInvoice(
    await tx.query<RevenueLineRow[]>(`select ${REVENUE_LINE_COLUMNS} from revenue_line where ${of} order by line_id`, [accountIds, ids]),
  );
  const grants = byInvoice(await applicationsTo(tx, rows));
  const releases = byInvoice(await releasesOf(tx, rows));
  const entries = byInvoice(await bookedEntries(tx, { accountIds, causeKinds: ['invoice', 'service'], invoiceIds: ids }));
  return rows.flatMap((row) => {
    const { seller, buyer } = row.snapshot as { seller: { key: string }; buyer: { timeZone: string } };
    const own = (lines.get(row.id) ?? []).map(lineOf);
    const invoice: Checked = {
      ...row,
      seller: seller.key,
      timeZone: buyer.timeZone,
      lines: own,
      grantsApplied: grants.get(row.id) ?? [],
      releasedAt: releases.get(row.id)?.[0]?.at ?? null,
    };
    const kept = (revenue.get(row.id) ?? []).filter(({ lineId }) => !isOfCreditNote(lineId));
    const billed = kept.filter(({ lineId }) => own.some(({ id }) => id === lineId));
    const wanted = [...booksOf(invoice).revenue, ...(isVoid(invoice) ? voidRevenueOf(billed, invoice.closedAt) : [])];
    return [...entriesDiffer(invoice, billed, entries.get(row.id) ?? []), ...revenueDifferences(row, wanted, kept)];
  });
}

interface Checked extends BookedInvoice, Pick<CheckedRow, 'number' | 'closed' | 'closedAt' | 'writtenOffMinor'> {
  /** When what grants paid of it was released to them. */
  readonly releasedAt: Instant | null;
}

const isVoid = (invoice: Checked): invoice is Checked & { readonly closedAt: Instant } =>
  invoice.closed === 'void' && invoice.closedAt !== null;

/** Amounts that cannot be made into entries are a difference as well. */
function entriesDiffer(invoice: Checked, billed: readonly RevenueLineRow[], booked: readonly BookedEntry[]): Difference[] {
  try {
    const voided = isVoid(invoice) ? voidBooksOf(invoice, billed, invoice.closedAt).entries : [];
    return entryDifferences(invoice.number, [...entriesOf(invoice, billed), ...laterEntries(invoice), ...voided], booked);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [{ subject: invoice.number, detail: `its amounts and the revenue of its lines make no entry: ${error.message}` }];
  }
}

/** What it was written off with; and grants are released where it is void. */
function laterEntries(invoice: Checked): CausedEntry[] {
  const { accountId, id, seller, currency, closed, closedAt, writtenOffMinor, grantsApplied, releasedAt } = invoice;
  if (closedAt === null) return [];
  const released = closed === 'void' && grantsApplied.length > 0;
  return [
    ...(writtenOffMinor > 0n ? [writeOffOf(invoice, writtenOffMinor, closedAt)] : []),
    ...(released
      ? [
          {
            accountId,
            invoiceId: id,
            seller,
            at: releasedAt ?? closedAt,
            causeKind: 'invoice' as const,
            causeId: id,
            entry: grantsReleasedEntry(grantsApplied, currency),
          },
        ]
      : []),
  ];
}

function byInvoice<Row extends { readonly invoiceId: string | null }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.invoiceId ?? '', [...(groups.get(row.invoiceId ?? '') ?? []), row]);
  return groups;
}

const OPENED = `
  select b.account_id as "accountId", b.cause_id as "causeId", b.at, b.amount_minor as "amountMinor", a.key, a.currency
  from balance_entry b join account a on a.id = b.account_id
  where b.cause_kind = 'import' and ($1::uuid is null or b.account_id = $1) order by a.key`;

interface Opened {
  readonly accountId: string;
  readonly causeId: string;
  readonly at: bigint;
  readonly amountMinor: bigint;
  readonly key: string;
  readonly currency: string;
}

/** What accounts brought along stands in the ledger. */
export const openingBalancesCheck: Check = {
  name: 'opening balances',
  group: 'ledger',
  narrows: true,
  run: async (tx, { accountId }) => {
    const opened = await tx.query<Opened[]>(OPENED, [accountId ?? null]);
    const causeIds = [...new Set(opened.map((row) => row.causeId))];
    const entries = await bookedEntries(tx, { accountIds: opened.map((row) => row.accountId), causeKinds: ['import'], causeIds });
    const isThere = `select from balance_entry b where b.account_id = e.account_id and b.cause_kind = 'import' and b.cause_id = e.cause_id`;
    return [
      ...opened.flatMap(({ key, amountMinor, currency, ...about }) =>
        entryDifferences(
          key,
          [{ ...about, causeKind: 'import', entry: openingBalanceEntry(amountMinor, currency) }],
          entries.filter((entry) => entry.accountId === about.accountId),
        ),
      ),
      ...(await tx.query<Difference[]>(orphansSql('import', isThere), [accountId ?? null])),
    ];
  },
};
