import type { SelectQueryBuilder } from 'typeorm';
import type { Instant } from '../../domain/instant.js';
import { tryInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { cursorKey } from '../http/page.js';

/** Where the list of a keyed resource goes on: after the row created then, with that key. */
export interface NewestFirstKey {
  /** RFC 3339. */
  readonly createdAt: string;
  readonly key: string;
}

/** @throws Refusal `invalid_cursor` */
export function newestFirstKey(cursor: string | undefined): NewestFirstKey | undefined {
  const parts = cursorKey(cursor);
  if (parts === undefined) return undefined;
  const [createdAt, key] = parts;
  if (createdAt === undefined || key === undefined || tryInstant(createdAt) === undefined) throw foreign();
  return { createdAt, key };
}

/** The rows after the cursor, newest first, one more than the limit. */
export function newestFirst<Row extends { key: string; createdAt: Instant }>(
  rows: SelectQueryBuilder<Row>,
  { cursor, limit }: { readonly cursor?: string; readonly limit: number },
): SelectQueryBuilder<Row> {
  const { alias } = rows;
  const after = newestFirstKey(cursor);
  return rows
    .where(after ? `(${alias}.createdAt, ${alias}.key) < (:createdAt, :key)` : 'true', { ...after })
    .orderBy(`${alias}.createdAt`, 'DESC')
    .addOrderBy(`${alias}.key`, 'DESC')
    .limit(limit + 1);
}

/** The one part of a cursor that consists of one. */
export function onlyCursor(cursor: string | undefined): string | undefined {
  const parts = cursorKey(cursor);
  if (parts === undefined) return undefined;
  if (parts[0] === undefined) throw foreign();
  return parts[0];
}

/** The whole number that a cursor consists of. */
export function numberCursor(cursor: string | undefined): number | undefined {
  const text = onlyCursor(cursor);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw foreign();
  return Number(text);
}

const foreign = (): Refusal =>
  new Refusal('invalid', 'invalid_cursor', 'The cursor is not one of this list: send the nextCursor of its last page, or leave it out.');
