import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant, parseInstant } from '../domain/instant.js';
import type { Fact, SubscriptionHistory } from '../domain/subscription/facts.js';
import { startOf } from '../domain/subscription/lifecycle.js';
import type { SubscriptionChange } from './subscription.entity.js';

/** A subscription with its facts, and whose it is. */
export type AccountHistory = SubscriptionHistory & { readonly accountId: string };

interface FactRow {
  readonly accountId: string;
  readonly id: string;
  readonly createdAt: Instant;
  readonly seq: number;
  readonly kind: string;
  readonly effectiveAt: Instant;
  readonly recordedAt: Instant;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The histories of accounts, or of single subscriptions of them and of those that they were added to. One query, over both primary keys. */
export async function readHistories(
  tx: Tx,
  wanted: { readonly accountIds: readonly string[]; readonly ids?: readonly string[] },
): Promise<AccountHistory[]> {
  const rows = await tx.query<FactRow[]>(
    `select s.account_id as "accountId", s.id, s.created_at as "createdAt",
            c.seq, c.kind, c.effective_at as "effectiveAt", c.recorded_at as "recordedAt", c.payload
     from subscription s join subscription_change c on c.account_id = s.account_id and c.subscription_id = s.id
     where s.account_id = any($1::uuid[]) and ($2::text[] is null or s.id = any($2) or exists (
       select 1 from subscription a where a.account_id = s.account_id and a.id = any($2) and a.add_on_to = s.id))
     order by s.account_id, s.created_at, s.id, c.seq`,
    [wanted.accountIds, wanted.ids ?? null],
  );
  const found = new Map<string, Omit<AccountHistory, 'facts'> & { readonly facts: Fact[] }>();
  for (const row of rows) {
    const { accountId, id, createdAt } = row;
    const history = found.get(id) ?? { accountId, id, createdAt, facts: [] };
    history.facts.push(factOf(row));
    found.set(id, history);
  }
  return [...found.values()].map((history) => withParent(history, found));
}

function withParent(history: AccountHistory, all: ReadonlyMap<string, AccountHistory>): AccountHistory {
  const { addOnTo } = startOf(history);
  const parent = addOnTo === null ? undefined : all.get(addOnTo);
  return parent ? { ...history, parent } : history;
}

/** A fact as a row: what every fact has in columns, the rest as JSON with instants in RFC 3339. */
export function changeOf(of: { readonly accountId: string; readonly subscriptionId: string }, fact: Fact): SubscriptionChange {
  const { kind, seq, effectiveAt, recordedAt, ...rest } = fact;
  const payload = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, typeof value === 'bigint' ? formatInstant(value) : (value as unknown)]),
  );
  return { ...of, kind, seq, effectiveAt, recordedAt, payload };
}

/** The fields of facts that are instants are those named `...At`. */
function factOf({ seq, kind, effectiveAt, recordedAt, payload }: FactRow): Fact {
  const rest = Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [name, name.endsWith('At') && typeof value === 'string' ? parseInstant(value) : value]),
  );
  return { seq, kind, effectiveAt, recordedAt, ...rest } as unknown as Fact;
}
