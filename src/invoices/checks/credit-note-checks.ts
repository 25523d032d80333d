import type { Check, CheckScope, Difference } from '../../common/checks.js';
import type { Tx } from '../../common/database/database.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant } from '../../domain/instant.js';
import { bookedEntries } from '../../ledger/booked-entries.js';
import { amountsCheck } from '../../ledger/compare-amounts.js';
import { entryDifferences, orphansSql } from '../../ledger/compare-entries.js';
import { REVENUE_LINE_COLUMNS, type RevenueLineRow } from '../../ledger/revenue-lines.js';
import { creditNoteBooks } from '../credit-notes/credit-note-books.js';
import { type CreditNoteRow, creditNotesWhere, taxOf } from '../credit-notes/credit-note-rows.js';
import { revenueDifferences } from './revenue-differences.js';

const NOTES_AT_ONCE = 500;

const REST = `
  where (c.account_id, c.id) > ($1::uuid, $2) and ($3::uuid is null or c.account_id = $3)
    and ($4::timestamptz is null or c.issued_at >= $4) and ($5::timestamptz is null or c.issued_at < $5)
  order by c.account_id, c.id limit $6`;

const WITHOUT_NOTE = `
  select r.line_id as subject, 'revenue of a credit note that is not there' as detail from revenue_line r
  where r.line_id like 'cn\\_%' and ($1::uuid is null or r.account_id = $1) and not exists (
    select from credit_note c join credit_note_line l on l.account_id = c.account_id and l.credit_note_id = c.id
    where c.account_id = r.account_id and c.invoice_id = r.invoice_id and r.line_id = c.id || ':' || l.line_id) order by 1`;

/** The lines of each credit note add up to it, and it has exactly the entry and the revenue that they give. */
export const creditNotesCheck: Check = { name: 'credit notes', group: 'ledger', narrows: true, run: checkNotes };

async function* checkNotes(tx: Tx, { accountId, from, to }: CheckScope): AsyncGenerator<Difference> {
  const bounds = [accountId ?? null, from === undefined ? null : formatInstant(from), to === undefined ? null : formatInstant(to)];
  for (let after: readonly string[] = ['00000000-0000-0000-0000-000000000000', '']; ;) {
    const notes = await creditNotesWhere(tx, REST, [...after, ...bounds, NOTES_AT_ONCE]);
    const last = notes.at(-1);
    if (!last) break;
    yield* await differencesOf(tx, notes);
    after = [last.accountId, last.id];
  }
  const isThere = 'select from credit_note c where c.account_id = e.account_id and c.id = e.cause_id';
  yield* await tx.query<Difference[]>(orphansSql('credit_note', isThere), [accountId ?? null]);
  yield* await tx.query<Difference[]>(WITHOUT_NOTE, [accountId ?? null]);
}

async function differencesOf(tx: Tx, notes: readonly CreditNoteRow[]): Promise<Difference[]> {
  const accountIds = [...new Set(notes.map((note) => note.accountId))];
  const names = notes.flatMap(({ id, lines }) => lines.flatMap(({ line }) => [line, `${id}:${line}`]));
  const revenue = await tx.query<RevenueLineRow[]>(
    `select ${REVENUE_LINE_COLUMNS} from revenue_line where account_id = any($1::uuid[]) and line_id = any($2::text[])`,
    [accountIds, names],
  );
  const entries = await bookedEntries(tx, { accountIds, causeKinds: ['credit_note'], causeIds: notes.map(({ id }) => id) });
  return notes.flatMap((note) => {
    const kept = revenue.filter(({ lineId }) => lineId.startsWith(`${note.id}:`));
    const booked = entries.filter(({ causeId }) => causeId === note.id);
    return [...sumsDiffer(note), ...booksDiffer(note, { revenue, kept, booked })];
  });
}

/** A line without revenue makes no entry, which is a difference as well. */
function booksDiffer(
  note: CreditNoteRow,
  {
    revenue,
    kept,
    booked,
  }: {
    readonly revenue: readonly RevenueLineRow[];
    readonly kept: readonly RevenueLineRow[];
    readonly booked: Parameters<typeof entryDifferences>[2];
  },
): Difference[] {
  try {
    const books = creditNoteBooks(note, revenue);
    return [...entryDifferences(note.number, books.entries, booked), ...revenueDifferences(note, books.revenue, kept)];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [{ subject: note.number, detail: `its amounts and the revenue of its lines make no entry: ${error.message}` }];
  }
}

function sumsDiffer({ number, currency, lines, taxes, subtotalMinor, taxMinor, totalMinor }: CreditNoteRow): Difference[] {
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
  const rates = taxes.map(taxOf);
  const added = rates.filter(({ inclusive }) => !inclusive).map(({ amountMinor }) => amountMinor);
  const compared: readonly (readonly [string, bigint, bigint])[] = [
    ['subtotal', subtotalMinor, sum(lines.map(({ amountMinor }) => amountMinor))],
    ['tax', taxMinor, sum(rates.map(({ amountMinor }) => amountMinor))],
    ['total', totalMinor, subtotalMinor + sum(added)],
    ['revenue', sum(lines.map(({ revenueMinor }) => revenueMinor)), totalMinor - taxMinor],
  ];
  return compared
    .filter(([, is, should]) => is !== should)
    .map(([what, is, should]) => ({
      subject: number,
      detail: `its ${what} is ${formatMoney(is, currency)}, but its parts come to ${formatMoney(should, currency)}`,
    }));
}

/* Of each invoice, each of its lines and each of its rates: what credit notes took off it, where that is more than there was. */
const TOO_MUCH = `
  with note as (select * from credit_note where $1::uuid is null or account_id = $1),
  rate as (
    select c.account_id, c.invoice_id, t - 'taxableMinor' - 'amountMinor' as rate, sum((t ->> 'amountMinor')::bigint) as amount_minor
    from note c cross join jsonb_array_elements(c.taxes) t group by 1, 2, 3)
  select * from (
    select i.number as subject, i.currency, sum(c.total_minor)::bigint as "isMinor",
      (case when s.closed = 'void' then 0 else greatest(i.total_minor, 0) end)::bigint as "shouldMinor"
    from note c join invoice i on i.account_id = c.account_id and i.id = c.invoice_id
    left join invoice_settlement s on s.account_id = i.account_id and s.invoice_id = i.id
    group by i.account_id, i.id, i.number, i.currency, i.total_minor, s.closed
    union all
    select i.number || ', ' || l.line_id, i.currency, sum(l.amount_minor)::bigint, coalesce(max(n.net_minor), 0)::bigint
    from note c join credit_note_line l on l.account_id = c.account_id and l.credit_note_id = c.id
    join invoice i on i.account_id = c.account_id and i.id = c.invoice_id
    left join lateral (
      select o.amount_minor - coalesce((select sum((d ->> 'amountMinor')::bigint) from jsonb_array_elements(o.discounts) d), 0) as net_minor
      from invoice_line o where o.account_id = c.account_id and o.id = l.line_id and o.invoice_id = c.invoice_id) n on true
    group by i.account_id, i.id, i.number, i.currency, l.line_id
    union all
    select i.number || ', ' || (r.rate ->> 'name'), i.currency, r.amount_minor::bigint, coalesce(t.amount_minor, 0)::bigint
    from rate r join invoice i on i.account_id = r.account_id and i.id = r.invoice_id
    left join lateral (
      select sum((t ->> 'amountMinor')::bigint) as amount_minor from jsonb_array_elements(i.taxes) t
      where t - 'taxableMinor' - 'amountMinor' = r.rate) t on true) compared
  where "isMinor" > "shouldMinor" order by 1`;

/** No invoice, none of its lines and none of its rates is credited beyond what was invoiced. */
export const creditedTooMuchCheck = amountsCheck(
  'credited amounts',
  TOO_MUCH,
  (is, should, currency) => `${is} ${currency} was credited of ${should}`,
);

/* What credit notes say of how they were settled, against the settlement of the invoice, the balance, and the refunds. */
const SETTLED = `
  with note as (select * from credit_note where $1::uuid is null or account_id = $1)
  select * from (
    select i.number || ', taken off what was due' as subject, i.currency, s.credited_minor as "isMinor", coalesce(c.taken, 0)::bigint as "shouldMinor"
    from invoice_settlement s join invoice i on i.account_id = s.account_id and i.id = s.invoice_id
    left join (select account_id, invoice_id, sum(reduced_minor + recovered_minor) as taken from note group by 1, 2) c
      on c.account_id = s.account_id and c.invoice_id = s.invoice_id
    where (s.credited_minor > 0 or c.taken is not null) and ($1::uuid is null or s.account_id = $1)
    union all
    select c.number || ', put on the balance', c.currency, coalesce(b.amount_minor, 0)::bigint, c.balance_minor
    from note c left join balance_entry b on b.account_id = c.account_id and b.cause_kind = 'credit_note' and b.cause_id = c.id
    union all
    select c.number || ', refunded', c.currency, coalesce(sum(r.amount_minor), 0)::bigint, c.refund_minor
    from note c left join refund r on r.account_id = c.account_id and r.credit_note_id = c.id
    group by c.account_id, c.id, c.number, c.currency, c.refund_minor) compared
  where "isMinor" <> "shouldMinor" order by 1`;

/** What credit notes took off invoices, put on balances and had refunded is what these say. */
export const creditsSettledCheck = amountsCheck(
  'settled credits',
  SETTLED,
  (is, should, currency) => `${is} ${currency}, but ${should} by credit notes`,
);
