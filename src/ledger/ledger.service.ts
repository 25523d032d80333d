import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { type CauseKind, type Entry, type LedgerAccount, STANDARD_SELLER } from '../domain/ledger.js';
import { type BilledRevenueLine, insertRevenueLines, REVENUE_LINE_COLUMNS, type RevenueLineRow } from './revenue-lines.js';

/** An entry, and the business event that it records: one for each purpose of each cause. */
export interface CausedEntry {
  readonly accountId: string;
  /** When it happened. In a month that is closed it counts from the first instant that is open, and this is kept beside it. */
  readonly at: Instant;
  readonly causeKind: CauseKind;
  readonly causeId: string;
  readonly entry: Entry;
  /** The invoice whose receivable it moves; an entry of an invoice moves its own. */
  readonly invoiceId?: string;
  /** In whose books; the standard seller's where it is left out. */
  readonly seller?: string;
}

export interface BalanceOfAccount {
  readonly seller: string;
  readonly ledgerAccount: LedgerAccount;
  readonly currency: string;
  readonly debitMinor: bigint;
  readonly creditMinor: bigint;
}

/* The postings of an entry come in one statement: the database takes them for all that there are. */
const INSERT = `
  with closed as (select seller, max(ends_at) as open_from from accounting_period where status = 'closed' group by seller),
  entries as (
    insert into journal_entry (account_id, id, at, event_at, seller, invoice_id, cause_kind, cause_id, purpose, currency)
    select e.account_id, e.id, greatest(e.at, c.open_from), case when e.at < c.open_from then e.at end, e.seller, e.invoice_id,
      e.cause_kind, e.cause_id, e.purpose, e.currency
    from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
      as e(account_id, id, at, seller, invoice_id, cause_kind, cause_id, purpose, currency)
    left join closed c on c.seller = e.seller)
  insert into posting (account_id, entry_id, n, ledger_account, amount_minor)
  select * from unnest($10::uuid[], $11::text[], $12::integer[], $13::text[], $14::bigint[])`;

const TRIAL_BALANCE = `
  select e.seller, p.ledger_account as "ledgerAccount", e.currency,
    coalesce(sum(p.amount_minor) filter (where p.amount_minor > 0), 0)::bigint as "debitMinor",
    coalesce(-sum(p.amount_minor) filter (where p.amount_minor < 0), 0)::bigint as "creditMinor"
  from journal_entry e join posting p on p.account_id = e.account_id and p.entry_id = e.id
  where e.at <= $1 and ($2::text is null or e.seller = $2)
  group by e.seller, p.ledger_account, e.currency order by e.seller, e.currency, p.ledger_account`;

/** Double entry: written, never changed. */
@Injectable()
export class LedgerService {
  /**
   * Records entries, all in one statement. The database refuses postings that do not sum to zero, a second entry for the same purpose, and what
   * lies in a closed month: what happened there counts from the first open instant.
   */
  async post(tx: Tx, entries: readonly CausedEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const made = entries.map((entry) => ({ ...entry, id: newId('je', entry.at, entry.accountId) }));
    const postings = made.flatMap(({ accountId, id, entry }) =>
      entry.postings.map((posting, n) => ({ accountId, id, n: n + 1, ...posting })),
    );
    await tx.query(INSERT, [
      made.map((one) => one.accountId),
      made.map((one) => one.id),
      made.map((one) => formatInstant(one.at)),
      made.map((one) => one.seller ?? STANDARD_SELLER),
      made.map((one) => one.invoiceId ?? (one.causeKind === 'invoice' ? one.causeId : null)),
      made.map((one) => one.causeKind),
      made.map((one) => one.causeId),
      made.map((one) => one.entry.purpose),
      made.map((one) => one.entry.currency),
      postings.map((one) => one.accountId),
      postings.map((one) => one.id),
      postings.map((one) => one.n),
      postings.map((one) => one.ledgerAccount),
      postings.map((one) => one.amountMinor.toString()),
    ]);
  }

  /** Notes how lines that were billed become revenue; those that are spread over days are recognized day by day from then on. */
  async recordRevenue(tx: Tx, lines: readonly BilledRevenueLine[]): Promise<void> {
    await insertRevenueLines(tx, lines);
  }

  /** What was recorded of the revenue of an invoice. Relies on revenue_line_pk, for those of its account. */
  revenueOf(tx: Tx, accountId: string, invoiceId: string): Promise<RevenueLineRow[]> {
    return tx.query<RevenueLineRow[]>(
      `select ${REVENUE_LINE_COLUMNS} from revenue_line where account_id = $1 and invoice_id = $2 order by line_id`,
      [accountId, invoiceId],
    );
  }

  /** Sums by seller, ledger account and currency over all entries up to and with an instant. */
  trialBalance(tx: Tx, asOf: Instant, seller?: string): Promise<BalanceOfAccount[]> {
    return tx.query<BalanceOfAccount[]>(TRIAL_BALANCE, [formatInstant(asOf), seller ?? null]);
  }
}
