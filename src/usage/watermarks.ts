import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/*
 * An account's watermark is the end of the last service period that was billed. A transaction that stores events of an account holds the
 * watermark's row shared; a bill run holds it alone from before it reads the usage until it commits. So a run sees every event that was
 * acknowledged before, and an event that comes later sees what the run has billed: no event falls between them.
 */

/** Held shared until the transaction ends. */
const HOLD = `
  insert into usage_watermark (account_id) select unnest($1::uuid[]) order by 1 on conflict do nothing`;
const BILLED = `
  select account_id as "accountId", billed_through as "billedThrough" from usage_watermark where account_id = any($1::uuid[]) order by account_id for share`;

const TOUCH = `
  insert into usage_late_touch (account_id, touched_at, earliest_event_time)
  select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as t(a, b, c) order by a
  on conflict (account_id) do update set touched_at = excluded.touched_at,
    earliest_event_time = least(usage_late_touch.earliest_event_time, excluded.earliest_event_time)`;

export interface StoredEvent {
  readonly accountId: string;
  readonly time: Instant;
}

/** To be called before events are stored: keeps bill runs of these accounts out, and tells what was billed. */
export async function holdShared(tx: Tx, accountIds: readonly string[]): Promise<Map<string, Instant | null>> {
  const ids = [...new Set(accountIds)].sort();
  await tx.query(HOLD, [ids]);
  const rows = await tx.query<{ accountId: string; billedThrough: Instant | null }[]>(BILLED, [ids]);
  return new Map(rows.map((row) => [row.accountId, row.billedThrough]));
}

/** Leaves a mark for every account with an event from before its watermark. */
export async function markLate(
  tx: Tx,
  stored: readonly StoredEvent[],
  billedThrough: ReadonlyMap<string, Instant | null>,
  now: Instant,
): Promise<void> {
  const late = new Map<string, Instant>();
  for (const { accountId, time } of stored) {
    const through = billedThrough.get(accountId);
    if (through === null || through === undefined || time >= through) continue;
    const earliest = late.get(accountId);
    if (earliest === undefined || time < earliest) late.set(accountId, time);
  }
  if (late.size === 0) return;
  const ids = [...late.keys()];
  await tx.query(TOUCH, [ids, ids.map(() => formatInstant(now)), [...late.values()].map(formatInstant)]);
}

/** To be called by a bill run before it asks for usage: waits for events that are being stored, and keeps new ones out until the end. */
export async function holdAlone(tx: Tx, accountIds: readonly string[]): Promise<void> {
  const ids = [...new Set(accountIds)].sort();
  await tx.query(HOLD, [ids]);
  await tx.query('select 1 from usage_watermark where account_id = any($1::uuid[]) order by account_id for update', [ids]);
}

/** What is billed now; it never goes back. */
export async function raise(tx: Tx, billed: readonly { readonly accountId: string; readonly through: Instant }[]): Promise<void> {
  await tx.query(
    `update usage_watermark w set billed_through = greatest(w.billed_through, b.through)
     from unnest($1::uuid[], $2::timestamptz[]) as b(account_id, through) where w.account_id = b.account_id`,
    [billed.map((one) => one.accountId), billed.map((one) => formatInstant(one.through))],
  );
}
