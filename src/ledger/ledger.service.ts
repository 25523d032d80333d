import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { Entry, LedgerAccount, Posting } from '../domain/ledger.js';

/** An entry, and the business event that it records: one for each purpose of each cause. */
export interface CausedEntry {
  readonly accountId: string;
  readonly at: Instant;
  readonly causeKind: 'invoice' | 'credit_note' | 'payment' | 'refund' | 'import';
  readonly causeId: string;
  readonly entry: Entry;
}

export interface BalanceOfAccount {
  readonly ledgerAccount: LedgerAccount;
  readonly currency: string;
  readonly debitMinor: bigint;
  readonly creditMinor: bigint;
}

/** The postings of an entry come in one statement: the database takes them for all that there are. */
const INSERT = `
  with entries as (
    insert into journal_entry (account_id, id, at, cause_kind, cause_id, purpose, currency)
    select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[]))
  insert into posting (account_id, entry_id, n, ledger_account, amount_minor)
  select * from unnest($8::uuid[], $9::text[], $10::integer[], $11::text[], $12::bigint[])`;

const TRIAL_BALANCE = `
  select p.ledger_account as "ledgerAccount", e.currency,
    coalesce(sum(p.amount_minor) filter (where p.amount_minor > 0), 0)::bigint as "debitMinor",
    coalesce(-sum(p.amount_minor) filter (where p.amount_minor < 0), 0)::bigint as "creditMinor"
  from journal_entry e join posting p on p.account_id = e.account_id and p.entry_id = e.id
  where e.at <= $1 group by p.ledger_account, e.currency order by e.currency, p.ledger_account`;

/** Double entry: written, never changed. */
@Injectable()
export class LedgerService {
  /** Records entries, all in one statement. The database refuses postings that do not sum to zero, and a second entry for the same purpose. */
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

  /** All postings that an event caused so far. Relies on journal_entry_once. */
  postingsOf(tx: Tx, { accountId, causeKind, causeId }: Pick<CausedEntry, 'accountId' | 'causeKind' | 'causeId'>): Promise<Posting[]> {
    return tx.query<Posting[]>(
      `select p.ledger_account as "ledgerAccount", p.amount_minor as "amountMinor"
       from journal_entry e join posting p on p.account_id = e.account_id and p.entry_id = e.id
       where e.account_id = $1 and e.cause_kind = $2 and e.cause_id = $3 order by e.at, e.id, p.n`,
      [accountId, causeKind, causeId],
    );
  }

  /** Sums by ledger account and currency over all entries up to and with an instant. */
  trialBalance(tx: Tx, asOf: Instant): Promise<BalanceOfAccount[]> {
    return tx.query<BalanceOfAccount[]>(TRIAL_BALANCE, [formatInstant(asOf)]);
  }
}
