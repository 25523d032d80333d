import { tryInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';

/**
 * Where an export ended: what its snapshot saw. The next one takes what was recorded by transactions that this snapshot did not see, so that one
 * that was open meanwhile is neither missed nor taken twice, however late it commits.
 */
export interface ExportCursor {
  readonly dataset: string;
  readonly from: string | null;
  readonly to: string | null;
  /** A `pg_snapshot` as text: `xmin:xmax:open,open`. */
  readonly snapshot: string;
  /** Numbers of transactions mean something within one PostgreSQL server only. */
  readonly database: string;
}

const SNAPSHOT = /^\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19})*)?$/;

export const encodeCursor = ({ dataset, from, to, snapshot, database }: ExportCursor): string =>
  Buffer.from(JSON.stringify([dataset, from, to, snapshot, database])).toString('base64url');

/** @throws Refusal `invalid_cursor` */
export function decodeCursor(text: string): ExportCursor {
  const [dataset, from, to, snapshot, database] = partsOf(text);
  if (
    typeof dataset !== 'string' ||
    !isBound(from) ||
    !isBound(to) ||
    typeof snapshot !== 'string' ||
    !isSnapshot(snapshot) ||
    typeof database !== 'string'
  )
    throw new Refusal(
      'invalid',
      'invalid_cursor',
      'The cursor is not one of an export: send the nextCursor of its manifest, or leave it out.',
    );
  return { dataset, from, to, snapshot, database };
}

function partsOf(text: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

const isBound = (value: unknown): value is string | null =>
  value === null || (typeof value === 'string' && tryInstant(value) !== undefined);

/** What PostgreSQL would take: the open ones in order, from the first that was open to the first that had not begun. */
function isSnapshot(text: string): boolean {
  if (!SNAPSHOT.test(text)) return false;
  const [xmin = 0n, xmax = 0n, ...open] = text
    .split(/[:,]/)
    .filter((part) => part !== '')
    .map(BigInt);
  const ordered = open.every((xid, i) => xid >= xmin && xid < xmax && (i === 0 || xid > (open[i - 1] ?? 0n)));
  return xmin > 0n && xmax >= xmin && xmax < 1n << 63n && ordered;
}
