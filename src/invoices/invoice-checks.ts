import type { Check, CheckScope, Difference } from '../common/checks.js';
import type { Tx } from '../common/database/database.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant } from '../domain/instant.js';
import { openingBalanceEntry } from '../domain/ledger.js';
import type { BookedEntry } from '../domain/journal-chain.js';
import { bookedEntries } from '../ledger/booked-entries.js';
import { entryDifferences, orphansSql } from '../ledger/compare-entries.js';
import { openReceivablesSql } from '../ledger/open-receivables.js';
import { type BilledRevenueLine, REVENUE_LINE_COLUMNS, type RevenueLineRow } from '../ledger/revenue-lines.js';
import { LINE_COLUMNS, lineOf, type LineRow } from './billed-lines.js';
import { applicationsTo } from './grants/grant-entries.js';
import { type BookedInvoice, booksOf, entriesOf } from './invoice-books.js';
import { INVOICE_COLUMNS, type InvoiceRow } from './invoice-view.js';

const INVOICES_AT_ONCE = 500;

const INVOICES = `
  select ${INVOICE_COLUMNS} from invoice i
  where (i.account_id, i.id) > ($1::uuid, $2) and ($3::uuid is null or i.account_id = $3)
    and ($4::timestamptz is null or i.issued_at >= $4) and ($5::timestamptz is null or i.issued_at < $5)
  order by i.account_id, i.id limit $6`;

/** Each invoice has exactly the entries that its lines and totals give, and each of its lines the revenue. */
export const invoiceEntriesCheck: Check = { name: 'invoices', group: 'ledger', narrows: true, run: checkInvoices };

async function* checkInvoices(tx: Tx, { accountId, from, to }: CheckScope): AsyncGenerator<Difference> {
  const bounds = [accountId ?? null, from === undefined ? null : formatInstant(from), to === undefined ? null : formatInstant(to)];
  for (let after: readonly string[] = ['00000000-0000-0000-0000-000000000000', '']; ;) {
    const rows = await tx.query<InvoiceRow[]>(INVOICES, [...after, ...bounds, INVOICES_AT_ONCE]);
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

async function differencesOf(tx: Tx, rows: readonly InvoiceRow[]): Promise<Difference[]> {
  const [accountIds, ids] = [rows.map((row) => row.accountId), rows.map((row) => row.id)];
  const of = 'account_id = any($1::uuid[]) and invoice_id = any($2::text[])';
  const lines = groupedByInvoice(
    await tx.query<LineRow[]>(`select ${LINE_COLUMNS} from invoice_line where ${of} order by n`, [accountIds, ids]),
  );
  const revenue = groupedByInvoice(
    await tx.query<RevenueLineRow[]>(`select ${REVENUE_LINE_COLUMNS} from revenue_line where ${of}`, [accountIds, ids]),
  );
  const grants = groupedByInvoice(await applicationsTo(tx, rows));
  const entries = groupedByInvoice(await bookedEntries(tx, { accountIds, causeKinds: ['invoice', 'service'], invoiceIds: ids }));
  return rows.flatMap((row) => {
    const { seller, buyer } = row.snapshot as { seller: { key: string }; buyer: { timeZone: string } };
    const invoice = {
      ...row,
      seller: seller.key,
      timeZone: buyer.timeZone,
      lines: (lines.get(row.id) ?? []).map(lineOf),
      grantsApplied: grants.get(row.id) ?? [],
    };
    const kept = revenue.get(row.id) ?? [];
    return [...entriesDiffer(invoice, kept, entries.get(row.id) ?? []), ...revenueDifferences(row, booksOf(invoice).revenue, kept)];
  });
}

/** Amounts that cannot be made into entries are a difference as well. */
function entriesDiffer(
  invoice: Omit<BookedInvoice, 'lines' | 'timeZone'> & { readonly number: string },
  revenue: readonly RevenueLineRow[],
  booked: readonly BookedEntry[],
): Difference[] {
  try {
    return entryDifferences(invoice.number, entriesOf(invoice, revenue), booked);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [{ subject: invoice.number, detail: `its amounts and the revenue of its lines make no entry: ${error.message}` }];
  }
}

/** What was issued before revenue was recognized by line was recognized in another way: its amounts are the same. */
function revenueDifferences(
  { number, currency }: InvoiceRow,
  wanted: readonly BilledRevenueLine[],
  kept: readonly RevenueLineRow[],
): Difference[] {
  const left = new Map(kept.map((line) => [line.lineId, line]));
  const differences = wanted.flatMap((should) => {
    const is = left.get(should.lineId);
    left.delete(should.lineId);
    if (!is) return [{ subject: number, detail: `line ${should.lineId} has no revenue` }];
    const same =
      is.method !== should.method || (is.firstDay === should.firstDay && is.days === should.days && is.issueDay >= should.issueDay);
    if (same && is.amountMinor === should.amountMinor) return [];
    return [
      {
        subject: number,
        detail: `the revenue of line ${should.lineId} is ${formatMoney(is.amountMinor, currency)} over ${String(is.days)} days from day ${String(is.firstDay)}, but should be ${formatMoney(should.amountMinor, currency)} over ${String(should.days)} from ${String(should.firstDay)}`,
      },
    ];
  });
  return [
    ...differences,
    ...[...left.keys()].map((lineId) => ({ subject: number, detail: `revenue of a line that it does not have: ${lineId}` })),
  ];
}

function groupedByInvoice<Row extends { readonly invoiceId: string | null }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.invoiceId ?? '', [...(groups.get(row.invoiceId ?? '') ?? []), row]);
  return groups;
}

const RECEIVABLES = `
  select coalesce(i.number, o.invoice_id, 'receivables without an invoice') as subject, coalesce(o.currency, i.currency) as currency,
    coalesce(o.open_minor, 0)::bigint as "bookedMinor", coalesce(s.due_minor - s.paid_minor, 0)::bigint as "wantedMinor"
  from (${openReceivablesSql(`'infinity'`)}) o
  full join (select * from invoice_settlement where paid_minor < due_minor) s on s.account_id = o.account_id and s.invoice_id = o.invoice_id
  left join invoice i on i.account_id = coalesce(o.account_id, s.account_id) and i.id = coalesce(o.invoice_id, s.invoice_id)
  where coalesce(o.open_minor, 0) <> coalesce(s.due_minor - s.paid_minor, 0) and ($1::uuid is null or coalesce(o.account_id, s.account_id) = $1)
  order by 1`;

/** What is left to collect of each invoice is what its receivable comes to. */
export const receivablesCheck: Check = {
  name: 'receivables',
  group: 'ledger',
  narrows: true,
  run: (tx, scope) => comparedAmounts(tx, scope, { sql: RECEIVABLES, what: 'left to collect' }),
};

const BALANCES = `
  select a.key as subject, a.currency, coalesce(l.booked, 0)::bigint as "bookedMinor", coalesce(b.wanted, 0)::bigint as "wantedMinor"
  from (
    select e.account_id, -sum(p.amount_minor) as booked from posting p join journal_entry e on e.account_id = p.account_id and e.id = p.entry_id
    where p.ledger_account = 'customer_balance' group by e.account_id) l
  full join (select account_id, sum(amount_minor) as wanted from balance_entry group by account_id) b on b.account_id = l.account_id
  join account a on a.id = coalesce(l.account_id, b.account_id)
  where coalesce(l.booked, 0) <> coalesce(b.wanted, 0) and ($1::uuid is null or a.id = $1) order by 1`;

/** What stands on each account's balance is what the ledger says that we owe it. */
export const balancesCheck: Check = {
  name: 'balances',
  group: 'ledger',
  narrows: true,
  run: (tx, scope) => comparedAmounts(tx, scope, { sql: BALANCES, what: 'on the balance' }),
};

const GRANTS = `
  select a.key as subject, a.currency, coalesce(l.booked, 0)::bigint as "bookedMinor", coalesce(g.wanted, 0)::bigint as "wantedMinor"
  from (
    select e.account_id, -sum(p.amount_minor) as booked from posting p join journal_entry e on e.account_id = p.account_id and e.id = p.entry_id
    where p.ledger_account = 'prepaid_credits' group by e.account_id) l
  full join (select account_id, sum(remaining_minor) as wanted from credit_grant where kind = 'paid' group by account_id) g
    on g.account_id = l.account_id
  join account a on a.id = coalesce(l.account_id, g.account_id)
  where coalesce(l.booked, 0) <> coalesce(g.wanted, 0) and ($1::uuid is null or a.id = $1) order by 1`;

/** What is left of each account's paid grants is what the ledger says that it has prepaid. */
export const grantsCheck: Check = {
  name: 'credit grants',
  group: 'ledger',
  narrows: true,
  run: (tx, scope) => comparedAmounts(tx, scope, { sql: GRANTS, what: 'left of grants that were paid for' }),
};

interface Compared {
  readonly subject: string;
  readonly currency: string;
  readonly bookedMinor: bigint;
  readonly wantedMinor: bigint;
}

async function comparedAmounts(
  tx: Tx,
  { accountId }: CheckScope,
  { sql, what }: { readonly sql: string; readonly what: string },
): Promise<Difference[]> {
  const rows = await tx.query<Compared[]>(sql, [accountId ?? null]);
  return rows.map(({ subject, currency, bookedMinor, wantedMinor }) => ({
    subject,
    detail: `${formatMoney(bookedMinor, currency)} ${currency} in the ledger, but ${formatMoney(wantedMinor, currency)} ${what}`,
  }));
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
