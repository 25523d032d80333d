import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { FieldProblem } from '../domain/refusal.js';
import type { ExportRequest } from './export-request.js';
import type { ExportManifest } from './manifest.js';

export const FILE_STATES = ['queued', 'running', 'finished', 'failed', 'expired'] as const;

/** The manifest of a file that is there as a whole. */
export interface FileManifest extends ExportManifest {
  /** Of the file, in hexadecimal digits. */
  readonly sha256: string;
  readonly bytes: number;
}

/** As it is kept: instants as texts. */
export type StoredRequest = Omit<ExportRequest, 'from' | 'to'> & { readonly from: string | undefined; readonly to: string | undefined };

export interface ExportFailure {
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly FieldProblem[];
}

/** An export in the background. */
export interface ExportFile {
  readonly id: string;
  readonly request: StoredRequest;
  readonly status: (typeof FILE_STATES)[number];
  readonly requestedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly expiresAt: Instant | null;
  readonly manifest: FileManifest | null;
  readonly failure: ExportFailure | null;
}

const COLUMNS = `id, request, status, requested_at as "requestedAt", finished_at as "finishedAt", expires_at as "expiresAt", manifest, failure`;

export async function insertFile(tx: Tx, { id, request, requestedAt }: Pick<ExportFile, 'id' | 'request' | 'requestedAt'>): Promise<void> {
  await tx.query(`insert into export_file (id, request, status, requested_at) values ($1, $2, 'queued', $3)`, [
    id,
    JSON.stringify(request),
    formatInstant(requestedAt),
  ]);
}

export async function findFile(tx: Tx, id: string): Promise<ExportFile | undefined> {
  const [row] = await tx.query<ExportFile[]>(`select ${COLUMNS} from export_file where id = $1`, [id]);
  return row;
}

export const listFiles = (tx: Tx, after: string | undefined, limit: number): Promise<ExportFile[]> =>
  tx.query<ExportFile[]>(`select ${COLUMNS} from export_file where $1::text is null or id < $1 order by id desc limit $2`, [
    after ?? null,
    limit,
  ]);

/** Whether there is still something to do: one that is done is not done again. */
export async function markRunning(tx: Tx, id: string): Promise<boolean> {
  const [rows] = await tx.query<[unknown[], number]>(
    `update export_file set status = 'running' where id = $1 and status in ('queued', 'running') returning id`,
    [id],
  );
  return rows.length > 0;
}

export async function markFinished(
  tx: Tx,
  { id, manifest, at, expiresAt }: { id: string; manifest: FileManifest; at: Instant; expiresAt: Instant },
): Promise<void> {
  await tx.query(
    `update export_file set status = 'finished', manifest = $2, finished_at = $3, expires_at = $4 where id = $1 and status = 'running'`,
    [id, JSON.stringify(manifest), formatInstant(at), formatInstant(expiresAt)],
  );
}

export async function markFailed(tx: Tx, { id, failure, at }: { id: string; failure: ExportFailure; at: Instant }): Promise<void> {
  await tx.query(`update export_file set status = 'failed', failure = $2, finished_at = $3 where id = $1 and status = 'running'`, [
    id,
    JSON.stringify(failure),
    formatInstant(at),
  ]);
}

/** Relies on export_file_by_expiry. */
export const dueToExpire = (tx: Tx, now: Instant): Promise<ExportFile[]> =>
  tx.query<ExportFile[]>(
    `select ${COLUMNS} from export_file where status = 'finished' and expires_at <= $1 order by expires_at limit 1000`,
    [formatInstant(now)],
  );

export async function markExpired(tx: Tx, id: string): Promise<void> {
  await tx.query(`update export_file set status = 'expired' where id = $1 and status = 'finished'`, [id]);
}
