import { plainArray } from '../common/database/arrays.js';
import type { Tx } from '../common/database/database.js';
import type { Settlement } from '../domain/billing/settled.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/** How far accounts are settled, by account; one that never was is left out. */
export async function settlementsOf(tx: Tx, accountIds: readonly string[]): Promise<Map<string, Settlement>> {
  const rows = await tx.query<(Settlement & { readonly accountId: string })[]>(
    `select account_id as "accountId", settled_through as through, settled_facts as facts from billing_state
     where account_id = any($1::uuid[]) and settled_through is not null`,
    [accountIds],
  );
  return new Map(rows.map(({ accountId, ...settlement }) => [accountId, settlement]));
}

/** How far an account is settled now, and from when on its usage may still be asked for. */
export interface Settled extends Settlement {
  readonly accountId: string;
  readonly usageNeededFrom: Instant | undefined;
}

/** For accounts that the transaction has claimed. */
export async function saveSettlements(tx: Tx, settled: readonly Settled[]): Promise<void> {
  if (settled.length === 0) return;
  await tx.query(
    `update billing_state s set settled_through = n.through, settled_facts = n.facts, usage_needed_from = n.needed_from
     from unnest($1::uuid[], $2::timestamptz[], $3::jsonb[], $4::timestamptz[]) as n(account_id, through, facts, needed_from)
     where s.account_id = n.account_id`,
    [
      plainArray(settled.map(({ accountId }) => accountId)),
      plainArray(settled.map(({ through }) => formatInstant(through))),
      settled.map(({ facts }) => JSON.stringify(facts)),
      plainArray(settled.map(({ usageNeededFrom: at }) => (at === undefined ? null : formatInstant(at)))),
    ],
  );
}

/** Something that was billed changed in a way that no fact of a subscription tells: the next bill of the account leaves nothing out. */
export async function unsettle(tx: Tx, accountId: string): Promise<void> {
  await tx.query('update billing_state set settled_through = null where account_id = $1', [accountId]);
}
