import type { Tx } from '../../common/database/database.js';
import type { Billed } from '../bill-accounts.js';
import { NOT_VOID } from '../invoice-settlements.js';

/** What a dry run would bill an account, against what its last invoice came to. Minor units. */
export interface RunChange {
  readonly accountId: string;
  readonly currency: string;
  readonly totalMinor: bigint;
  /** Null where it would be the account's first invoice. */
  readonly lastTotalMinor: bigint | null;
  readonly changeMinor: bigint;
}

/* The last invoice that is not void is the newest by id, which sorts by the instant at which it was made: some steps in invoice_pk an account. */
const KEEP = `
  insert into bill_run_change (account_id, run_id, currency, total_minor, last_total_minor)
  select b.account_id, $1, b.currency, b.total,
    (select i.total_minor from invoice i where i.account_id = b.account_id and i.type = 'subscription' and ${NOT_VOID} order by i.id desc limit 1)
  from unnest($2::uuid[], $3::text[], $4::bigint[]) as b(account_id, currency, total)
  on conflict (account_id, run_id) do update set currency = excluded.currency, total_minor = excluded.total_minor,
    last_total_minor = excluded.last_total_minor`;

/** Again for a run that was cut off. */
export async function keepChanges(tx: Tx, runId: string, bills: Billed['bills']): Promise<void> {
  if (bills.length === 0) return;
  await tx.query(KEEP, [
    runId,
    bills.map(({ accountId }) => accountId),
    bills.map(({ draft }) => draft.currency),
    bills.map(({ draft }) => draft.totalMinor.toString()),
  ]);
}

/** Where a page of changes begins. */
export interface After {
  /** How large the last change was, whatever its sign. */
  readonly size: string;
  readonly accountId: string;
}

/** The largest first. Relies on bill_run_change_largest. */
export const listChanges = (tx: Tx, runId: string, after: After | undefined, limit: number): Promise<RunChange[]> =>
  tx.query<RunChange[]>(
    `select account_id as "accountId", currency, total_minor as "totalMinor", last_total_minor as "lastTotalMinor", change_minor as "changeMinor"
     from bill_run_change
     where run_id = $1 and ($2::bigint is null or abs(change_minor) < $2 or (abs(change_minor) = $2 and account_id > $3))
     order by abs(change_minor) desc, account_id limit $4`,
    [runId, after?.size ?? null, after?.accountId ?? null, limit],
  );
