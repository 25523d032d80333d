import { runMigrations } from 'graphile-worker';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

const LOCK = 727001;

/** On a live database a migration waits for a lock no longer than this; then it fails, having changed nothing. */
const LOCK_TIMEOUT_MS = 5_000;

/** Our migrations and the job queue's. Several processes may call it at once. Returns the names of what was done. */
export function migrate(url: string): Promise<string[]> {
  return underLock(url, async (source) => {
    const done = await source.runMigrations();
    await runMigrations({ connectionString: url });
    return done.map((migration) => migration.name);
  });
}

/** Takes the newest migration back. Returns its name, or nothing where there is none. */
export function migrateDown(url: string): Promise<string | undefined> {
  return underLock(url, async (source) => {
    const before = await executed(source);
    if (before.length === 0) return undefined;
    await source.undoLastMigration();
    return before.at(-1);
  });
}

export interface MigrationStatus {
  readonly name: string;
  readonly done: boolean;
}

/** Every migration, oldest first, and whether it was done. */
export function migrationStatus(url: string): Promise<MigrationStatus[]> {
  return underLock(url, async (source) => {
    const done = new Set(await executed(source));
    return source.migrations.map((migration) => ({ name: migration.constructor.name, done: done.has(migration.constructor.name) }));
  });
}

async function executed(source: DataSource): Promise<string[]> {
  const [table] = await source.query<{ name: string | null }[]>(`select to_regclass('migrations')::text as name`);
  if (!table?.name) return [];
  const rows = await source.query<{ name: string }[]>('select name from migrations order by id');
  return rows.map((row) => row.name);
}

async function underLock<T>(url: string, work: (source: DataSource) => Promise<T>): Promise<T> {
  const session = { lock_timeout: String(LOCK_TIMEOUT_MS) };
  const lockSource = await new DataSource({ ...dataSourceOptions({ url, poolMax: 1 }), entities: [], migrations: [] }).initialize();
  try {
    await lockSource.query('select pg_advisory_lock($1)', [LOCK]);
    const source = await new DataSource(dataSourceOptions({ url, poolMax: 2, session })).initialize();
    try {
      return await work(source);
    } finally {
      await source.destroy();
    }
  } finally {
    await lockSource.destroy(); // ends the session, and with it the lock
  }
}
