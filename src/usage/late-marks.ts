import type { PoolClient } from 'pg';
import { plainArray } from '../common/database/arrays.js';
import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/*
 * What was billed, and what came too late for it.
 *
 * An account's watermark is an instant before which its usage is being billed, or was. A bill run raises it and commits, then waits until
 * every transaction that stores events and began before has ended, and only then asks for usage. An event stored before that is seen by the
 * run; one stored after it sees the raised watermark and leaves a mark, in its own transaction. So no event falls between, and neither side
 * waits for the other to compute. Marks are rows of their own: a run takes away those that it saw, and none that comes later.
 */

/** Held shared by every transaction that stores events. To be taken before the first statement whose snapshot matters. */
const INGEST_LOCK = 727011;

export const SHARE_INGEST = `select pg_advisory_xact_lock_shared(${String(INGEST_LOCK)})`;

/** Waits until all events that were being stored are stored, and keeps others from being stored until the transaction ends. */
export const STOP_INGEST = `select pg_advisory_xact_lock(${String(INGEST_LOCK)})`;

/** SQL for the position of the last event that was stored. While none is being stored, every event that comes has a later one. */
export const LAST_POSITION = '(select case when is_called then last_value else 0 end from usage_event_seq)';

/** An event of these accounts from before that instant comes late from now on; it never goes back. To be committed before usage is asked for. */
export async function raiseWatermarks(client: PoolClient, accountIds: readonly string[], through: Instant): Promise<void> {
  await client.query(
    `insert into usage_watermark as w (account_id, billed_through) select a, $2::timestamptz from unnest($1::uuid[]) as u(a) order by a
     on conflict (account_id) do update set billed_through = excluded.billed_through
     where w.billed_through is null or w.billed_through < excluded.billed_through`,
    [[...new Set(accountIds)], formatInstant(through)],
  );
}

/** Which usage of an account came late: since when, and the marks that say so. */
export interface LateUsage {
  readonly accountId: string;
  readonly earliestEventTime: Instant;
  readonly touches: readonly bigint[];
}

/** SQL that says whether the account has usage that came late. */
export const hasLateUsageSql = (accountId: string): string => `exists (select 1 from usage_late_touch t where t.account_id = ${accountId})`;

/** The marks of these accounts. Read before the usage is, they can be taken away once it was billed. */
export async function lateUsage(tx: Tx, accountIds: readonly string[]): Promise<LateUsage[]> {
  const rows = await tx.query<{ accountId: string; earliestEventTime: Instant; touches: string[] }[]>(
    `select account_id as "accountId", min(earliest_event_time) as "earliestEventTime", array_agg(touch_seq::text) as touches
     from usage_late_touch where account_id = any($1::uuid[]) group by account_id`,
    [accountIds],
  );
  return rows.map((row) => ({ ...row, touches: row.touches.map(BigInt) }));
}

export async function clearLateUsage(tx: Tx, late: readonly LateUsage[]): Promise<void> {
  const marks = late.flatMap(({ accountId, touches }) => touches.map((touch) => ({ accountId, touch })));
  if (marks.length === 0) return;
  await tx.query(
    `delete from usage_late_touch t using unnest($1::uuid[], $2::bigint[]) as m(account_id, touch_seq)
     where t.account_id = m.account_id and t.touch_seq = m.touch_seq`,
    [marks.map(({ accountId }) => accountId), marks.map(({ touch }) => touch.toString())],
  );
}

/** Leaves a mark for every account of which one of these events was billed already. The transaction holds the ingest lock. */
export async function markLate(
  tx: Tx,
  events: readonly { readonly accountId: string; readonly event: { readonly time: Instant } }[],
  now: Instant,
): Promise<void> {
  if (events.length === 0) return;
  await tx.query(
    `insert into usage_late_touch (account_id, touched_at, earliest_event_time)
     select e.a, $3::timestamptz, min(e.t) from unnest($1::uuid[], $2::timestamptz[]) as e(a, t)
     join usage_watermark w on w.account_id = e.a and e.t < w.billed_through group by e.a`,
    [
      plainArray(events.map(({ accountId }) => accountId)),
      plainArray(events.map(({ event }) => formatInstant(event.time))),
      formatInstant(now),
    ],
  );
}
