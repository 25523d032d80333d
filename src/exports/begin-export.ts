import { formatInstant, type Instant, parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { decodeCursor, encodeCursor, type ExportCursor } from './export-cursor.js';
import type { ExportRequest } from './export-request.js';
import type { SnapshotReader } from './snapshot-reader.js';

/** From where to where an export goes, and where the next one goes on. */
export interface Begun {
  readonly from: string | null;
  readonly to: string | null;
  /** The snapshot that it continues. */
  readonly after: string | null;
  readonly nextCursor: string | null;
}

/** A row that was recorded by a transaction which has not begun yet came with a dump of another server. */
const WHERE_WE_ARE = `
  select pg_current_snapshot()::text, pg_snapshot_xmax(pg_current_snapshot())::text, (select system_identifier from pg_control_system())::text,
    exists (select from journal_entry where recorded_xid >= pg_snapshot_xmax(pg_current_snapshot()))
      or exists (select from invoice where recorded_xid >= pg_snapshot_xmax(pg_current_snapshot()))`;

/**
 * A continued export keeps the range of the first one: what lies outside was never taken, and would be missed.
 * @throws Refusal `invalid_cursor`, `cursor_elsewhere`, `recorded_elsewhere`
 */
export async function beginExport(reader: SnapshotReader, request: ExportRequest): Promise<Begun> {
  const [[snapshot, xmax, database, foreign] = []] = await reader.rows(WHERE_WE_ARE);
  const here = { snapshot: snapshot ?? '', xmax: BigInt(xmax ?? '0'), database: database ?? '' };
  const cursor = request.after === undefined ? undefined : continued(decodeCursor(request.after), request, here);
  if (cursor && foreign === 't') throw recordedElsewhere();
  const from = cursor ? cursor.from : textOf(request.from);
  const to = cursor ? cursor.to : textOf(request.to);
  const next = { dataset: request.dataset, from, to, snapshot: here.snapshot, database: here.database };
  return { from, to, after: cursor?.snapshot ?? null, nextCursor: foreign === 't' ? null : encodeCursor(next) };
}

const textOf = (instant: Instant | undefined): string | null => (instant === undefined ? null : formatInstant(instant));

function continued(
  cursor: ExportCursor,
  { dataset, from, to }: ExportRequest,
  here: { readonly xmax: bigint; readonly database: string },
): ExportCursor {
  const differs = (wanted: Instant | undefined, had: string | null): boolean =>
    wanted !== undefined && (had === null || parseInstant(had) !== wanted);
  if (cursor.dataset !== dataset || differs(from, cursor.from) || differs(to, cursor.to))
    throw new Refusal(
      'invalid',
      'invalid_cursor',
      `The cursor is of an export of ${cursor.dataset} ${rangeText(cursor)}: continue that one, without "from" and "to", or begin another without a cursor.`,
    );
  if (cursor.database !== here.database || BigInt(cursor.snapshot.split(':')[1] ?? '0') > here.xmax)
    throw new Refusal(
      'conflict',
      'cursor_elsewhere',
      'The cursor is of another database, or of this one before it was set back: export a whole range, compare it with what you have, and go on from its cursor.',
    );
  return cursor;
}

const rangeText = ({ from, to }: ExportCursor): string => `from ${from ?? 'the beginning'} ${to === null ? 'on' : `to ${to}`}`;

const recordedElsewhere = (): Refusal =>
  new Refusal(
    'conflict',
    'recorded_elsewhere',
    'The database was restored from a dump: run "select forget_recorded_transactions()" in it as its owner, export a whole range, and go on from its cursor.',
  );
