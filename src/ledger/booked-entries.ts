import type { Tx } from '../common/database/database.js';
import type { Instant } from '../domain/instant.js';
import type { BookedEntry } from '../domain/journal-chain.js';

/** An entry as a query gives it. */
export interface BookedEntryRow extends Omit<BookedEntry, 'postings' | 'eventAt'> {
  readonly eventAt: Instant | null;
  /** Pairs of ledger account and amount. */
  readonly postings: readonly (readonly [string, string])[] | null;
}

/** Of journal_entry `e`. */
export const BOOKED_ENTRY_COLUMNS = `
  e.id, e.account_id as "accountId", e.seller, e.at, e.event_at as "eventAt", e.cause_kind as "causeKind", e.cause_id as "causeId", e.purpose,
  e.currency, e.invoice_id as "invoiceId",
  (select jsonb_agg(jsonb_build_array(p.ledger_account, p.amount_minor::text) order by p.n)
   from posting p where p.account_id = e.account_id and p.entry_id = e.id) as postings`;

export const bookedEntry = ({ eventAt, postings, ...entry }: BookedEntryRow): BookedEntry => ({
  ...entry,
  eventAt: eventAt ?? entry.at,
  postings: (postings ?? []).map(([ledgerAccount, amount]) => ({ ledgerAccount, amountMinor: BigInt(amount) })),
});

/** Which entries: of some accounts, those of a kind of cause. */
export interface EntriesOf {
  readonly accountIds: readonly string[];
  readonly causeKinds: readonly string[];
  /** Ids of causes, or of the invoices that entries are about. */
  readonly causeIds?: readonly string[];
  readonly invoiceIds?: readonly string[];
}

const ENTRIES = `
  select ${BOOKED_ENTRY_COLUMNS} from journal_entry e
  where e.account_id = any($1::uuid[]) and e.cause_kind = any($2::text[]) and (e.cause_id = any($3::text[]) or e.invoice_id = any($4::text[]))
  order by e.at, e.id`;

/** Relies on journal_entry_once. */
export async function bookedEntries(tx: Tx, { accountIds, causeKinds, causeIds = [], invoiceIds = [] }: EntriesOf): Promise<BookedEntry[]> {
  const rows = await tx.query<BookedEntryRow[]>(ENTRIES, [[...new Set(accountIds)], causeKinds, causeIds, invoiceIds]);
  return rows.map(bookedEntry);
}
