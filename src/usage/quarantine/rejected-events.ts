import { textArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { UsageEventDto } from '../usage.dto.js';

/** Which of the kept events: those that meet all that is given. */
export interface RejectedWanted {
  readonly account?: string | undefined;
  readonly source?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly ids?: readonly string[] | undefined;
}

export interface RejectedEvent {
  readonly id: string;
  readonly receivedAt: Instant;
  readonly expiresAt: Instant;
  readonly code: string;
  readonly pointer: string;
  readonly apiKey: string | null;
  readonly mayBackfill: boolean;
  readonly event: UsageEventDto;
}

/** From where on, in which direction, and how many at the most. */
interface Part {
  readonly now: Instant;
  readonly order: 'oldest' | 'newest';
  readonly after: string | undefined;
  readonly limit: number;
}

const COLUMN_OF = { account: 'subject', source: 'source', type: 'type', code: 'code' } as const;

/** Kept events whose time is not over, in the order of their coming. Relies on usage_quarantine_pk. */
export function rejectedEvents(tx: Tx, wanted: RejectedWanted, { now, order, after, limit }: Part): Promise<RejectedEvent[]> {
  const values: unknown[] = [formatInstant(now), limit];
  const conditions = ['expires_at > $1::timestamptz'];
  const demand = (condition: string, value: unknown): void => {
    values.push(value);
    conditions.push(`${condition}$${String(values.length)}`);
  };
  for (const name of ['account', 'source', 'type', 'code'] as const)
    if (wanted[name] !== undefined) demand(`${COLUMN_OF[name]} = `, wanted[name]);
  if (after !== undefined) demand(order === 'oldest' ? 'id > ' : 'id < ', after);
  if (wanted.ids !== undefined) {
    values.push(textArray(wanted.ids));
    conditions.push(`id = any($${String(values.length)}::text[])`);
  }
  return tx.query<RejectedEvent[]>(
    `select id, received_at as "receivedAt", expires_at as "expiresAt", code, pointer, api_key_id as "apiKey", may_backfill as "mayBackfill", body as event
     from usage_quarantine where ${conditions.join(' and ')} order by id ${order === 'oldest' ? 'asc' : 'desc'} limit $2`,
    values,
  );
}

/** What is wrong with them by now. One that was sent again meanwhile has another id. */
export async function changeRejections(
  tx: Tx,
  rejections: readonly { readonly id: string; readonly code: string; readonly pointer: string }[],
): Promise<void> {
  if (rejections.length === 0) return;
  await tx.query(
    `update usage_quarantine q set code = k.code, pointer = k.pointer
     from unnest($1::text[], $2::text[], $3::text[]) as k(id, code, pointer)
     where q.id = k.id and (q.code, q.pointer) is distinct from (k.code, k.pointer)`,
    [
      textArray(rejections.map(({ id }) => id)),
      textArray(rejections.map(({ code }) => code)),
      textArray(rejections.map(({ pointer }) => pointer)),
    ],
  );
}
