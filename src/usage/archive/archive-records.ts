import type { Actor } from '../../common/actor.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { Month } from '../months.js';

/** A file of archived events. */
export interface ArchivedFile {
  readonly month: Month;
  /** Files of a month are counted from 1; events that came after some of them was made are in later ones. */
  readonly part: number;
  /** Its name within the archive's folder. */
  readonly file: string;
  readonly events: number;
  readonly bytes: number;
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  /** SHA-256 of the events in it, in hex; see `Content`. */
  readonly contentSha256: string;
  readonly types: readonly string[];
}

/** One that is about to be recorded. */
export interface WrittenFile extends ArchivedFile {
  /** The highest position of its events. */
  readonly lastSeq: bigint;
}

const COLUMNS = `month, part, file, events::int as events, bytes::float8 as bytes, sha256, content_sha256 as "contentSha256", types`;

/** The files whose events are nowhere else, in order. */
export const filesOf = (tx: Tx, month: Month): Promise<ArchivedFile[]> =>
  tx.query<ArchivedFile[]>(`select ${COLUMNS} from usage_archive where month = $1 and restored_at is null order by part`, [month]);

/** The number of a month's next file. */
export async function nextPart(tx: Tx, month: Month): Promise<number> {
  const [row] = await tx.query<{ next: number }[]>('select coalesce(max(part), 0) + 1 as next from usage_archive where month = $1', [
    month,
  ]);
  return row?.next ?? 1;
}

export async function insertArchived(
  tx: Tx,
  files: readonly WrittenFile[],
  { actor, at }: { readonly actor: Actor; readonly at: Instant },
): Promise<void> {
  for (const { month, part, file, events, bytes, sha256, contentSha256, types, lastSeq } of files)
    await tx.query(
      `insert into usage_archive (month, part, file, events, bytes, sha256, content_sha256, types, last_seq, archived_at, actor_kind, actor_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [month, part, file, events, bytes, sha256, contentSha256, types, lastSeq.toString(), formatInstant(at), actor.kind, actor.id],
    );
}

export async function markRestored(tx: Tx, month: Month, { actor, at }: { readonly actor: Actor; readonly at: Instant }): Promise<void> {
  await tx.query(
    `update usage_archive set restored_at = $2, restored_by_kind = $3, restored_by_id = $4 where month = $1 and restored_at is null`,
    [month, formatInstant(at), actor.kind, actor.id],
  );
}

/** Months of which events were put back since then. */
export async function restoredSince(tx: Tx, since: Instant): Promise<Set<Month>> {
  const rows = await tx.query<{ month: Month }[]>('select distinct month from usage_archive where restored_at >= $1', [
    formatInstant(since),
  ]);
  return new Set(rows.map(({ month }) => month));
}
