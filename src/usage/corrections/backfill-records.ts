import type { Actor } from '../../common/actor.js';
import { plainArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { type Position, positionColumns, positionOf } from '../kept-events.js';
import type { CountedEvent } from '../measured-event.js';

export interface BackfillRecord {
  readonly accountId: string;
  readonly id: string;
  readonly meter: string;
  readonly mode: 'add' | 'replace';
  readonly from: Instant;
  readonly to: Instant;
  readonly reason: string;
  readonly added: number;
  readonly voided: number;
  readonly createdAt: Instant;
  readonly actorKind: string;
  readonly actorId: string;
  readonly revertedAt: Instant | null;
  readonly revertedByKind: string | null;
  readonly revertedById: string | null;
  readonly revertReason: string | null;
}

type NewRecord = Omit<BackfillRecord, 'actorKind' | 'actorId' | 'revertedAt' | 'revertedByKind' | 'revertedById' | 'revertReason'>;

const SELECT = `
  select account_id as "accountId", id, meter, mode, from_at as "from", to_at as "to", reason, added, voided, created_at as "createdAt",
    actor_kind as "actorKind", actor_id as "actorId", reverted_at as "revertedAt", reverted_by_kind as "revertedByKind",
    reverted_by_id as "revertedById", revert_reason as "revertReason"
  from usage_backfill`;

export async function insertBackfill(
  tx: Tx,
  actor: Actor,
  record: NewRecord,
  { added, voided }: { readonly added: readonly CountedEvent[]; readonly voided: readonly CountedEvent[] },
): Promise<void> {
  await tx.query(
    `insert into usage_backfill (account_id, id, meter, mode, from_at, to_at, reason, added, voided, created_at, actor_kind, actor_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      record.accountId,
      record.id,
      record.meter,
      record.mode,
      formatInstant(record.from),
      formatInstant(record.to),
      record.reason,
      record.added,
      record.voided,
      formatInstant(record.createdAt),
      actor.kind,
      actor.id,
    ],
  );
  const items = [...added.map((event) => ({ event, act: 'added' })), ...voided.map((event) => ({ event, act: 'voided' }))];
  await tx.query(
    `insert into usage_backfill_item (account_id, backfill_id, type, event_time, event_seq, ident, act)
     select $1, $2, t, at, s, i, act from unnest($3::text[], $4::timestamptz[], $5::bigint[], $6::uuid[], $7::text[]) as e(t, at, s, i, act)`,
    [
      record.accountId,
      record.id,
      ...positionColumns(items.map(({ event }) => positionOf(event))),
      plainArray(items.map(({ event }) => event.ident)),
      plainArray(items.map(({ act }) => act)),
    ],
  );
}

/** Back-fills of an account are reverted one at a time: what one may restore depends on the others. */
export async function lockBackfills(tx: Tx, accountId: string): Promise<void> {
  await tx.query('select 1 from usage_backfill where account_id = $1 order by id for update', [accountId]);
}

export async function findBackfill(tx: Tx, accountId: string, id: string): Promise<BackfillRecord | undefined> {
  const [row] = await tx.query<BackfillRecord[]>(`${SELECT} where account_id = $1 and id = $2`, [accountId, id]);
  return row;
}

/** Newest first, as ids sort by time. Relies on usage_backfill_by_id, or usage_backfill_pk for one account. */
export const listBackfills = (
  tx: Tx,
  { accountId, after, limit }: { readonly accountId: string | undefined; readonly after: string | undefined; readonly limit: number },
): Promise<BackfillRecord[]> =>
  tx.query<BackfillRecord[]>(
    `${SELECT} where ($1::uuid is null or account_id = $1) and ($2::text is null or id < $2) order by id desc limit $3`,
    [accountId ?? null, after ?? null, limit],
  );

export const itemsOf = (tx: Tx, { accountId, id }: BackfillRecord, act: 'added' | 'voided'): Promise<Position[]> =>
  tx.query<Position[]>(
    `select type, event_time as time, event_seq::text as seq from usage_backfill_item where account_id = $1 and backfill_id = $2 and act = $3`,
    [accountId, id, act],
  );

export async function markReverted(
  tx: Tx,
  { accountId, id }: BackfillRecord,
  { actor, at, reason }: { readonly actor: Actor; readonly at: Instant; readonly reason: string },
): Promise<void> {
  await tx.query(
    `update usage_backfill set reverted_at = $3, reverted_by_kind = $4, reverted_by_id = $5, revert_reason = $6 where account_id = $1 and id = $2`,
    [accountId, id, formatInstant(at), actor.kind, actor.id, reason],
  );
}
