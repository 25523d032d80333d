import type { Actor } from '../../common/actor.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';

/** A holder that was not moved, and why. */
export interface RefusedHolder {
  readonly subscription: string;
  readonly code: string;
  readonly detail: string;
}

/** What is known of a migration of a plan's holders. Amounts in minor units of the plan's currency. */
export interface MigrationRecord {
  readonly id: string;
  readonly plan: string;
  readonly fromVersions: readonly number[] | null;
  readonly toVersion: number;
  /** `now`, `period_end` or an instant. */
  readonly takeEffect: string;
  readonly dryRun: boolean;
  readonly actor: Actor;
  readonly reason: string | null;
  readonly status: 'queued' | 'running' | 'finished';
  readonly requestedAt: Instant;
  readonly finishedAt: Instant | null;
  /** Account and subscription up to which holders were looked at. */
  readonly reached: string;
  readonly holders: number;
  readonly moved: number;
  readonly refused: readonly RefusedHolder[];
  readonly dueNowMinor: string;
  readonly beforeMinor: string;
  readonly afterMinor: string;
}

/** What a part of a migration came to. */
export interface Progress {
  readonly reached: string;
  readonly holders: number;
  readonly moved: number;
  readonly refused: readonly RefusedHolder[];
  readonly dueNowMinor: bigint;
  readonly beforeMinor: bigint;
  readonly afterMinor: bigint;
}

const REFUSED_MAX = 1000;

const COLUMNS = `id, plan, from_versions as "fromVersions", to_version as "toVersion", take_effect as "takeEffect", dry_run as "dryRun", actor, reason,
  status, requested_at as "requestedAt", finished_at as "finishedAt", reached, holders, moved, refused, due_now_minor::text as "dueNowMinor",
  before_minor::text as "beforeMinor", after_minor::text as "afterMinor"`;

type NewMigration = Pick<
  MigrationRecord,
  'id' | 'plan' | 'fromVersions' | 'toVersion' | 'takeEffect' | 'dryRun' | 'actor' | 'reason' | 'requestedAt'
>;

export async function insertMigration(tx: Tx, record: NewMigration): Promise<void> {
  await tx.query(
    `insert into plan_migration (id, plan, from_versions, to_version, take_effect, dry_run, actor, reason, status, requested_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9)`,
    [
      record.id,
      record.plan,
      record.fromVersions,
      record.toVersion,
      record.takeEffect,
      record.dryRun,
      JSON.stringify(record.actor),
      record.reason,
      formatInstant(record.requestedAt),
    ],
  );
}

export async function findMigration(tx: Tx, id: string, { locked = false } = {}): Promise<MigrationRecord | undefined> {
  const [row] = await tx.query<MigrationRecord[]>(`select ${COLUMNS} from plan_migration where id = $1 ${locked ? 'for update' : ''}`, [
    id,
  ]);
  return row;
}

export const listMigrations = (tx: Tx, plan: string, after: string | undefined, limit: number): Promise<MigrationRecord[]> =>
  tx.query<MigrationRecord[]>(
    `select ${COLUMNS} from plan_migration where plan = $1 and ($2::text is null or id < $2) order by id desc limit $3`,
    [plan, after ?? null, limit],
  );

/** Adds to what the migration has done, in the transaction that does it. */
export async function addProgress(tx: Tx, id: string, progress: Progress): Promise<void> {
  await tx.query(
    `update plan_migration set status = 'running', reached = $2, holders = holders + $3, moved = moved + $4,
       refused = case when jsonb_array_length(refused) < ${String(REFUSED_MAX)} then refused || $5::jsonb else refused end,
       due_now_minor = due_now_minor + $6, before_minor = before_minor + $7, after_minor = after_minor + $8
     where id = $1`,
    [
      id,
      progress.reached,
      progress.holders,
      progress.moved,
      JSON.stringify(progress.refused),
      progress.dueNowMinor.toString(),
      progress.beforeMinor.toString(),
      progress.afterMinor.toString(),
    ],
  );
}

export async function finishMigration(tx: Tx, id: string, at: Instant): Promise<void> {
  await tx.query(`update plan_migration set status = 'finished', finished_at = $2 where id = $1`, [id, formatInstant(at)]);
}
