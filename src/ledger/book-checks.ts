import type { Check, Difference } from '../common/checks.js';
import type { Tx } from '../common/database/database.js';
import { formatMoney } from '../domain/currency.js';
import { recognizedMinor } from '../domain/revenue.js';
import { recognizedOn, recognitionOf } from './recognition.js';
import { REVENUE_LINE_COLUMNS, type RevenueLineRow } from './revenue-lines.js';

const ROWS_AT_ONCE = 5_000;

const UNBALANCED = `
  select e.id as subject, coalesce(sum(p.amount_minor), 0)::bigint as "apartMinor", count(p.n)::int as postings, e.currency
  from journal_entry e left join posting p on p.account_id = e.account_id and p.entry_id = e.id
  where ($1::uuid is null or e.account_id = $1)
  group by e.account_id, e.id, e.currency having coalesce(sum(p.amount_minor), 0) <> 0 or count(p.n) < 2 order by e.id`;

/** The postings of every entry sum to zero. An entry has one currency. */
export const entriesBalance: Check = {
  name: 'entries balance',
  group: 'ledger',
  narrows: true,
  run: async (tx, { accountId }) => {
    const rows = await tx.query<{ subject: string; apartMinor: bigint; postings: number; currency: string }[]>(UNBALANCED, [
      accountId ?? null,
    ]);
    return rows.map(({ subject, apartMinor, postings, currency }) => ({
      subject,
      detail: `${String(postings)} postings, ${formatMoney(apartMinor, currency)} ${currency} apart`,
    }));
  },
};

const CLOSED = `
  select p.seller, p.month, p.entries, s.hash as "hashThere", p.chain_hash as "chainHash", p.chain_entries as "chainEntries",
    (select count(*) from journal_entry e where e.seller = p.seller and e.at < p.ends_at) as "entriesThere"
  from accounting_period p left join journal_seal s on s.seq = p.chain_entries where p.status = 'closed' order by p.seller, p.month`;

interface ClosedRow {
  readonly seller: string;
  readonly month: string;
  readonly entries: bigint;
  readonly entriesThere: bigint;
  readonly chainEntries: bigint;
  readonly chainHash: string;
  readonly hashThere: string | null;
}

/** Closed months hold the entries that they were closed with, and the chain goes through where it ended then. */
export const closedPeriods: Check = {
  name: 'closed periods',
  group: 'ledger',
  narrows: false,
  run: async (tx) => (await tx.query<ClosedRow[]>(CLOSED)).flatMap(differencesOfPeriod),
};

function differencesOfPeriod({ seller, month, entries, entriesThere, chainEntries, chainHash, hashThere }: ClosedRow): Difference[] {
  const subject = `${month} of ${seller}`;
  return [
    ...(entries === entriesThere ? [] : [{ subject, detail: `closed with ${entries.toString()} entries, has ${entriesThere.toString()}` }]),
    ...(chainEntries === 0n || hashThere === chainHash
      ? []
      : [{ subject, detail: `entry ${chainEntries.toString()} of the chain had another hash when the month was closed` }]),
  ];
}

const DEFERRED = `
  select e.seller, e.currency, -sum(p.amount_minor)::bigint as "amountMinor"
  from posting p join journal_entry e on e.account_id = p.account_id and e.id = p.entry_id
  where p.ledger_account = 'deferred_revenue' group by e.seller, e.currency`;

const RECOGNITION_ENTRIES = `
  select e.cause_id as cause, p.amount_minor as "amountMinor" from journal_entry e
  join posting p on p.account_id = e.account_id and p.entry_id = e.id
  where e.cause_kind = 'recognition' and p.ledger_account = 'deferred_revenue'`;

/** Deferred revenue is what is not recognized yet of the lines, and each day recognized what was its own. */
export const deferredRevenue: Check = { name: 'deferred revenue', group: 'ledger', narrows: false, run: checkDeferred };

async function* checkDeferred(tx: Tx): AsyncGenerator<Difference> {
  const [progress] = await tx.query<{ through: number | null; first: number | null }[]>(
    'select posted_through as through, (select min(from_day) from revenue_line) as first from revenue_progress',
  );
  const through = progress?.through ?? -1;
  const wanted = await deferredByCurrency(tx, through);
  const booked = new Map(
    (await tx.query<{ seller: string; currency: string; amountMinor: bigint }[]>(DEFERRED)).map((row) => [bookOf(row), row.amountMinor]),
  );
  yield* differing(wanted, booked, 'deferred revenue', 'is not recognized yet of the lines');
  const days = await recognizedOn(tx, progress?.first ?? through + 1, through);
  const entries = await tx.query<{ cause: string; amountMinor: bigint }[]>(RECOGNITION_ENTRIES);
  yield* differing(
    new Map(days.map((day) => [recognitionOf(day), day.amountMinor])),
    new Map(entries.map(({ cause, amountMinor }) => [cause, amountMinor])),
    'recognized',
    'is the share of the day in the lines',
  );
}

const bookOf = ({ seller, currency }: { readonly seller: string; readonly currency: string }): string => `${seller} ${currency}`;

/** By the domain's own rule, line by line. */
async function deferredByCurrency(tx: Tx, through: number): Promise<Map<string, bigint>> {
  const sums = new Map<string, bigint>();
  for (let after: readonly string[] = ['00000000-0000-0000-0000-000000000000', '']; ;) {
    const rows = await tx.query<RevenueLineRow[]>(
      `select ${REVENUE_LINE_COLUMNS} from revenue_line where method = 'daily' and last_day > $1 and (account_id, line_id) > ($2::uuid, $3)
       order by account_id, line_id limit $4`,
      [through, ...after, ROWS_AT_ONCE],
    );
    for (const row of rows) sums.set(bookOf(row), (sums.get(bookOf(row)) ?? 0n) + row.amountMinor - recognizedMinor(row, through));
    const last = rows.at(-1);
    if (!last) return sums;
    after = [last.accountId, last.lineId];
  }
}

function* differing(
  wanted: ReadonlyMap<string, bigint>,
  booked: ReadonlyMap<string, bigint>,
  what: string,
  why: string,
): Generator<Difference> {
  for (const key of [...new Set([...wanted.keys(), ...booked.keys()])].sort()) {
    const currency = key.split(' ')[1] ?? '';
    const [should, is] = [wanted.get(key) ?? 0n, booked.get(key) ?? 0n];
    if (should !== is)
      yield { subject: key, detail: `${what} is ${formatMoney(is, currency)} in the ledger, but ${formatMoney(should, currency)} ${why}` };
  }
}
