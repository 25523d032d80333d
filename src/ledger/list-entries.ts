import type { Tx } from '../common/database/database.js';
import { newestFirstKey } from '../common/database/newest-first.js';
import { type Page, page } from '../common/http/page.js';
import { accountIdFor } from '../common/ids.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { EntriesQuery, EntryView } from './ledger.dto.js';

interface EntryRow extends Omit<EntryView, 'at' | 'eventAt' | 'postings'> {
  readonly at: Instant;
  readonly eventAt: Instant;
  readonly postings: readonly { readonly ledgerAccount: string; readonly amount: string }[];
}

const LIST = `
  select e.id, e.account_id as "accountId", e.seller, e.at, coalesce(e.event_at, e.at) as "eventAt", e.invoice_id as invoice, e.cause_kind as "causeKind", e.cause_id as "causeId", e.purpose, e.currency,
    (select jsonb_agg(jsonb_build_object('ledgerAccount', p.ledger_account, 'amount', p.amount_minor::text) order by p.n)
     from posting p where p.account_id = e.account_id and p.entry_id = e.id) as postings,
    (select jsonb_build_object('number', s.seq::text, 'hash', s.hash)
     from journal_seal s where s.account_id = e.account_id and s.entry_id = e.id) as seal
  from journal_entry e
  where ($1::uuid is null or e.account_id = $1) and ($2::timestamptz is null or (e.at, e.id) < ($2, $3))
  order by e.at desc, e.id desc limit $4`;

/** Entries, newest first. Relies on journal_entry_by_time. */
export async function listEntries(tx: Tx, { account, cursor, limit }: EntriesQuery): Promise<Page<EntryView>> {
  const after = newestFirstKey(cursor);
  const accountId = account === undefined ? null : accountIdFor(account);
  const rows = await tx.query<EntryRow[]>(LIST, [accountId, after?.createdAt ?? null, after?.key ?? null, limit + 1]);
  const { data, nextCursor } = page(rows, limit, (row) => [formatInstant(row.at), row.id]);
  return { data: data.map(view), nextCursor };
}

const view = (row: EntryRow): EntryView => ({
  ...row,
  at: formatInstant(row.at),
  eventAt: formatInstant(row.eventAt),
  postings: row.postings.map(({ ledgerAccount, amount }) => ({ ledgerAccount, amount: formatMoney(BigInt(amount), row.currency) })),
});
