import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { Drift, DriftKind, Movement } from '../../domain/reconciliation.js';

export const CAUSES = ['daily', 'request'] as const;
export const STATUSES = ['running', 'finished', 'failed'] as const;

/** A stretch of a provider's books that ours are compared with. */
export interface Compared {
  readonly provider: string;
  readonly cause: (typeof CAUSES)[number];
  readonly from: Instant;
  readonly to: Instant;
}

/** A comparison, and what it came to. */
export interface Reconciliation extends Compared {
  readonly id: string;
  readonly status: (typeof STATUSES)[number];
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
  /** How many movements of either side were compared. */
  readonly ours: bigint;
  readonly theirs: bigint;
  /** How many drifts there are of each kind. */
  readonly drifts: Readonly<Partial<Record<DriftKind, number>>>;
  readonly failure: string | null;
}

/** A movement as it is kept in a report: amounts and instants as texts. */
export type StoredMovement = Omit<Movement, 'amountMinor' | 'at'> & { readonly amountMinor: string; readonly at: string };

export interface StoredDrift {
  readonly n: number;
  readonly kind: DriftKind;
  readonly subject: string;
  readonly ours: StoredMovement | null;
  readonly theirs: StoredMovement | null;
}

const COLUMNS = `id, provider, cause, from_at as "from", to_at as "to", status, started_at as "startedAt", finished_at as "finishedAt", ours, theirs, drifts, failure`;

export async function insertReconciliation(tx: Tx, id: string, { provider, cause, from, to }: Compared, at: Instant): Promise<void> {
  await tx.query(
    `insert into reconciliation (id, provider, cause, from_at, to_at, status, started_at) values ($1, $2, $3, $4, $5, 'running', $6)`,
    [id, provider, cause, formatInstant(from), formatInstant(to), formatInstant(at)],
  );
}

export async function endReconciliation(
  tx: Tx,
  id: string,
  end: Pick<Reconciliation, 'status' | 'drifts' | 'failure'> & { readonly at: Instant },
): Promise<void> {
  await tx.query(
    `update reconciliation set status = $2, drifts = $3, failure = $4, finished_at = $5,
       ours = (select count(*) from reconciliation_record where reconciliation_id = $1 and side = 'ours'),
       theirs = (select count(*) from reconciliation_record where reconciliation_id = $1 and side = 'theirs')
     where id = $1 and status = 'running'`,
    [id, end.status, JSON.stringify(end.drifts), end.failure, formatInstant(end.at)],
  );
}

/** Newest first. */
export function listReconciliations(
  tx: Tx,
  { provider, after, limit }: { readonly provider?: string | undefined; readonly after?: string | undefined; readonly limit: number },
): Promise<Reconciliation[]> {
  return tx.query<Reconciliation[]>(
    `select ${COLUMNS} from reconciliation where ($1::text is null or provider = $1) and ($2::text is null or id < $2) order by id desc limit $3`,
    [provider ?? null, after ?? null, limit],
  );
}

export async function findReconciliation(tx: Tx, id: string): Promise<Reconciliation | undefined> {
  const [found] = await tx.query<Reconciliation[]>(`select ${COLUMNS} from reconciliation where id = $1`, [id]);
  return found;
}

/** Up to when a provider's books were compared day by day. Relies on reconciliation_daily. */
export async function comparedUntil(tx: Tx, provider: string): Promise<Instant | undefined> {
  const [row] = await tx.query<{ to: Instant }[]>(
    `select to_at as "to" from reconciliation where provider = $1 and cause = 'daily' and status = 'finished' order by to_at desc limit 1`,
    [provider],
  );
  return row?.to;
}

export async function insertDrifts(tx: Tx, id: string, drifts: readonly (Drift & { n: number })[]): Promise<void> {
  const rows = drifts.map(({ n, kind, subject, ours, theirs }) => ({
    n,
    kind,
    subject,
    ours: stored(ours),
    theirs: stored(theirs),
  }));
  await tx.query(
    `insert into reconciliation_drift (reconciliation_id, n, kind, subject, ours, theirs)
     select $1, n, kind, subject, nullif(ours, 'null'), nullif(theirs, 'null')
     from jsonb_to_recordset($2::jsonb) as d(n integer, kind text, subject text, ours jsonb, theirs jsonb)`,
    [id, JSON.stringify(rows)],
  );
}

/** In the order in which they were found. */
export function driftsOf(tx: Tx, id: string, { after, limit }: { readonly after: number; readonly limit: number }): Promise<StoredDrift[]> {
  return tx.query<StoredDrift[]>(
    `select n, kind, subject, ours, theirs from reconciliation_drift where reconciliation_id = $1 and n > $2 order by n limit $3`,
    [id, after, limit],
  );
}

const stored = (movement: Movement | null): StoredMovement | null =>
  movement && { ...movement, amountMinor: movement.amountMinor.toString(), at: formatInstant(movement.at) };
