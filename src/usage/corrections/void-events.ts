import type { Actor } from '../../common/actor.js';
import { plainArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import { asCounted } from '../fills/fill-rows.js';
import { keptAt, type Position, positionColumns, positionOf } from '../kept-events.js';
import { markLate } from '../late-marks.js';
import type { CountedEvent } from '../measured-event.js';
import { countLevels, uncountLevels } from '../rollups/count-levels.js';
import { countNumbers, uncountNumbers } from '../rollups/count-numbers.js';

/** Who corrects usage, when and why. */
export interface Correction {
  readonly actor: Actor;
  readonly at: Instant;
  readonly reason: string;
  /** The back-fill that it is a part of. */
  readonly backfill?: string;
  /** The event that stands in the place of a voided one. */
  readonly replacedBy?: string;
}

/* In the order of the key, so that two who void the same events wait for each other in one direction. Relies on usage_void_pk. */
const VOID = `
  insert into usage_void (account_id, type, event_time, event_seq, ident, voided_at, actor_kind, actor_id, reason, replaced_by, correction)
  select a, t, at, s, i, $6::timestamptz, $7, $8, $9, $10, $11
  from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::uuid[]) as e(a, t, at, s, i) order by 1, 2, 3, 4
  on conflict do nothing returning event_seq::text as seq`;

/**
 * Voids events and takes them back from all that was counted. The transaction holds the ingest lock.
 * @returns those that were not voided before; the others are left as they are
 */
export async function voidEvents(tx: Tx, events: readonly CountedEvent[], correction: Correction): Promise<CountedEvent[]> {
  if (events.length === 0) return [];
  const { actor, at, reason, backfill = null, replacedBy = null } = correction;
  const rows = await tx.query<{ seq: string }[]>(VOID, [
    plainArray(events.map(({ accountId }) => accountId)),
    ...positionColumns(events.map(positionOf)),
    plainArray(events.map(({ ident }) => ident)),
    formatInstant(at),
    actor.kind,
    actor.id,
    reason,
    replacedBy,
    backfill,
  ]);
  const fresh = new Set(rows.map(({ seq }) => seq));
  const voided = events.filter(({ seq }) => fresh.has(seq));
  const counted = await asCounted(tx, voided);
  await uncountNumbers(tx, counted);
  await uncountLevels(tx, counted);
  await markLate(tx, voided, at);
  return voided;
}

/* What a back-fill added that was reverted itself stays voided, whatever voided it first. */
const RESTORE = `
  with restored as (
    delete from usage_void v using unnest($2::text[], $3::timestamptz[], $4::bigint[]) as p(type, event_time, event_seq)
    where v.account_id = $1 and v.type = p.type and v.event_time = p.event_time and v.event_seq = p.event_seq and v.correction = $5
      and not exists (
        select 1 from usage_backfill b
        join usage_backfill_item i on i.account_id = b.account_id and i.backfill_id = b.id and i.ident = v.ident and i.act = 'added'
        where b.account_id = $1 and b.reverted_at is not null)
    returning v.*)
  insert into usage_restored (account_id, type, event_time, event_seq, ident, voided_at, voided_by_kind, voided_by_id, void_reason, correction,
    restored_at, actor_kind, actor_id, reason)
  select account_id, type, event_time, event_seq, ident, voided_at, actor_kind, actor_id, reason, correction, $6::timestamptz, $7, $8, $9
  from restored order by event_time, event_seq
  returning type, event_time as time, event_seq::text as seq`;

/**
 * Lets events count again that a back-fill voided. What they were is kept. The transaction holds the ingest lock, and those of the account's
 * back-fills.
 */
export async function restoreEvents(
  tx: Tx,
  { accountId, positions, meters }: { accountId: string; positions: readonly Position[]; meters: readonly CatalogMeter[] },
  { actor, at, reason, backfill }: Correction & { readonly backfill: string },
): Promise<number> {
  if (positions.length === 0) return 0;
  const restored = await tx.query<Position[]>(RESTORE, [
    accountId,
    ...positionColumns(positions),
    backfill,
    formatInstant(at),
    actor.kind,
    actor.id,
    reason,
  ]);
  const events = await keptAt(tx, accountId, restored, meters);
  const counted = await asCounted(tx, events);
  await countNumbers(tx, counted);
  await countLevels(tx, counted);
  await markLate(tx, events, at);
  return events.length;
}
