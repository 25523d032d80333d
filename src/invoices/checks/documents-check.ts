import type { Check, CheckScope, Difference } from '../../common/checks.js';
import type { Tx } from '../../common/database/database.js';
import { type BilledLine, discountOf } from '../../domain/billing/line.js';
import { taxTotals } from '../../domain/billing/tax.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant } from '../../domain/instant.js';
import { LINE_COLUMNS, lineOf, type LineRow } from '../billed-lines.js';
import { INVOICE_COLUMNS, type InvoiceRow } from '../invoice-view.js';

const INVOICES_AT_ONCE = 500;

interface SealedRow extends InvoiceRow {
  readonly isAsSealed: boolean;
  readonly isNumbered: boolean;
}

const INVOICES = `
  select ${INVOICE_COLUMNS}, i.seal = invoice_seal(i.taxes, i.snapshot) as "isAsSealed",
    exists (select from invoice_number n where n.series = i.series and n.n = i.n and n.account_id = i.account_id and n.invoice_id = i.id) as "isNumbered"
  from invoice i
  where (i.account_id, i.id) > ($1::uuid, $2) and ($3::uuid is null or i.account_id = $3)
    and ($4::timestamptz is null or i.issued_at >= $4) and ($5::timestamptz is null or i.issued_at < $5)
  order by i.account_id, i.id limit ${String(INVOICES_AT_ONCE)}`;

/** Each invoice adds up to its lines, says what it said when it was issued, and has its number. */
export const documentsCheck: Check = { name: 'documents', group: 'invoices', narrows: true, run: checkDocuments };

async function* checkDocuments(tx: Tx, { accountId, from, to }: CheckScope): AsyncGenerator<Difference> {
  const bounds = [accountId ?? null, from === undefined ? null : formatInstant(from), to === undefined ? null : formatInstant(to)];
  for (let after: readonly string[] = ['00000000-0000-0000-0000-000000000000', '']; ;) {
    const rows = await tx.query<SealedRow[]>(INVOICES, [...after, ...bounds]);
    const lines = await linesOf(tx, rows);
    for (const row of rows) yield* faultsOf(row, lines.get(row.id) ?? []);
    const last = rows.at(-1);
    if (!last || rows.length < INVOICES_AT_ONCE) return;
    after = [last.accountId, last.id];
  }
}

async function linesOf(tx: Tx, rows: readonly InvoiceRow[]): Promise<Map<string, BilledLine[]>> {
  const found = await tx.query<LineRow[]>(
    `select ${LINE_COLUMNS} from invoice_line where account_id = any($1::uuid[]) and invoice_id = any($2::text[]) order by n`,
    [rows.map((row) => row.accountId), rows.map((row) => row.id)],
  );
  const lines = new Map<string, BilledLine[]>();
  for (const row of found) lines.set(row.invoiceId, [...(lines.get(row.invoiceId) ?? []), lineOf(row)]);
  return lines;
}

function* faultsOf(row: SealedRow, lines: readonly BilledLine[]): Generator<Difference> {
  const { number: subject, currency } = row;
  if (!row.isNumbered) yield { subject, detail: 'its number was not given to it' };
  if (!row.isAsSealed) yield { subject, detail: 'seller, buyer, plans or taxes are not what it was issued with' };
  const taxes = taxTotals(lines);
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
  const subtotal = sum(lines.map(({ amountMinor }) => amountMinor));
  const discount = sum(lines.map(discountOf));
  const added = sum(taxes.filter(({ inclusive }) => !inclusive).map(({ amountMinor }) => amountMinor));
  const amounts: readonly [string, bigint, bigint][] = [
    ['subtotal', row.subtotalMinor, subtotal],
    ['discount', row.discountMinor, discount],
    ['tax', row.taxMinor, sum(taxes.map(({ amountMinor }) => amountMinor))],
    ['total', row.totalMinor, subtotal - discount + added],
  ];
  for (const [name, is, should] of amounts)
    if (is !== should)
      yield { subject, detail: `its ${name} is ${formatMoney(is, currency)}, but its lines come to ${formatMoney(should, currency)}` };
  const shown = (list: readonly { key: string; taxableMinor: bigint | string; amountMinor: bigint | string }[]): string =>
    list.map(({ key, taxableMinor, amountMinor }) => `${key} ${String(amountMinor)} on ${String(taxableMinor)}`).join(', ');
  if (shown(row.taxes) !== shown(taxes))
    yield { subject, detail: `its taxes are ${shown(row.taxes)}, but its lines come to ${shown(taxes)} (minor units)` };
}

/* Numbers of both kinds of documents, each of which has its own series. */
const NUMBERS = `
  with number as (
    select n.series, n.n, exists (select from invoice i where i.account_id = n.account_id and i.id = n.invoice_id) as is_there from invoice_number n
    union all
    select n.series, n.n, exists (select from credit_note c where c.account_id = n.account_id and c.id = n.credit_note_id) from credit_note_number n)
  select 'series ' || s.key as subject, 'is at ' || s.next || ', but ' || count(n.n) || ' numbers were given, from ' || min(n.n) || ' to ' || max(n.n) as detail
  from number_series s left join number n on n.series = s.key
  group by s.key, s.next having count(n.n) > 0 and (count(n.n) <> max(n.n) - min(n.n) + 1 or max(n.n) + 1 <> s.next)
  union all
  select 'number ' || n || ' of series ' || series, 'belongs to no document' from number where not is_there`;

/** Every number of a series was given once, without a gap, up to where the series is. */
export const numbersCheck: Check = { name: 'numbers', group: 'invoices', narrows: false, run: (tx) => tx.query<Difference[]>(NUMBERS) };

const CREDIT_NOTES = `
  select * from (
    select c.number as subject, 'seller, buyer or taxes are not what it was issued with' as detail from credit_note c
    where c.seal <> invoice_seal(c.taxes, c.snapshot) and ($1::uuid is null or c.account_id = $1)
      and ($2::timestamptz is null or c.issued_at >= $2) and ($3::timestamptz is null or c.issued_at < $3)
    union all
    select c.number, 'its number was not given to it' from credit_note c
    where ($1::uuid is null or c.account_id = $1) and ($2::timestamptz is null or c.issued_at >= $2) and ($3::timestamptz is null or c.issued_at < $3)
      and not exists (select from credit_note_number n where n.series = c.series and n.n = c.n and n.account_id = c.account_id and n.credit_note_id = c.id)) f
  order by 1`;

/** Each credit note says what it said when it was issued, and has its number. What it adds up to is a matter of the ledger, too. */
export const creditNoteDocumentsCheck: Check = {
  name: 'credit note documents',
  group: 'invoices',
  narrows: true,
  run: (tx, { accountId, from, to }) =>
    tx.query<Difference[]>(CREDIT_NOTES, [
      accountId ?? null,
      from === undefined ? null : formatInstant(from),
      to === undefined ? null : formatInstant(to),
    ]),
};

/** What is left of each credit grant is its amount less what its entries took. */
export const grantEntriesCheck: Check = {
  name: 'grant entries',
  group: 'invoices',
  narrows: true,
  run: async (tx, { accountId }) =>
    (
      await tx.query<{ id: string; currency: string; left: bigint; wanted: bigint }[]>(
        `select g.id, g.currency, g.remaining_minor as left, (g.amount_minor + coalesce(sum(e.amount_minor), 0))::bigint as wanted
         from credit_grant g left join grant_entry e on e.account_id = g.account_id and e.grant_id = g.id
         where $1::uuid is null or g.account_id = $1
         group by g.account_id, g.id having g.remaining_minor <> g.amount_minor + coalesce(sum(e.amount_minor), 0) order by g.account_id, g.id`,
        [accountId ?? null],
      )
    ).map(({ id, currency, left, wanted }) => ({
      subject: id,
      detail: `${formatMoney(left, currency)} is left of it, but its amount and its entries leave ${formatMoney(wanted, currency)}`,
    })),
};
