import type { Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/** A change of an account's balance: credit above zero, what was applied below. One for each cause. */
export interface BalanceChange {
  readonly accountId: string;
  readonly at: Instant;
  readonly amountMinor: bigint;
  readonly causeKind: 'invoice' | 'import' | 'payment' | 'refund' | 'void' | 'credit_note' | 'returned_refund';
  readonly causeId: string;
}

/** What stands on each account's balance, in minor units; nothing for an account that never had any. */
export async function balancesOf(tx: Tx, accountIds: readonly string[]): Promise<Map<string, bigint>> {
  const rows = await tx.query<{ accountId: string; balance: bigint }[]>(
    'select account_id as "accountId", sum(amount_minor)::bigint as balance from balance_entry where account_id = any($1::uuid[]) group by account_id',
    [accountIds],
  );
  return new Map(rows.map((row) => [row.accountId, row.balance]));
}

export async function insertBalanceChanges(tx: Tx, changes: readonly BalanceChange[]): Promise<void> {
  const made = changes.filter((change) => change.amountMinor !== 0n);
  if (made.length === 0) return;
  await tx.query(
    `insert into balance_entry (account_id, id, at, amount_minor, cause_kind, cause_id)
     select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[], $6::text[])`,
    [
      made.map((change) => change.accountId),
      made.map((change) => newId('bal', change.at, change.accountId)),
      made.map((change) => formatInstant(change.at)),
      made.map((change) => change.amountMinor.toString()),
      made.map((change) => change.causeKind),
      made.map((change) => change.causeId),
    ],
  );
}

/** What each of some causes moved on the balance of its account, in minor units; nothing for one that moved nothing. */
export async function changesByCause(
  tx: Tx,
  {
    accountIds,
    causeKind,
    causeIds,
  }: { readonly accountIds: readonly string[]; readonly causeKind: BalanceChange['causeKind']; readonly causeIds: readonly string[] },
): Promise<Map<string, bigint>> {
  const rows = await tx.query<{ causeId: string; amountMinor: bigint }[]>(
    `select cause_id as "causeId", amount_minor as "amountMinor" from balance_entry
     where account_id = any($1::uuid[]) and cause_kind = $2 and cause_id = any($3::text[])`,
    [accountIds, causeKind, causeIds],
  );
  return new Map(rows.map((row) => [row.causeId, row.amountMinor]));
}
