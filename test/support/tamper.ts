import type { TestApp } from './app.js';

/** Changes rows as the owner of the database can, with the triggers off. */
export async function tamperWith(wharfage: TestApp, statements: readonly string[]): Promise<void> {
  const runner = wharfage.source.createQueryRunner();
  try {
    await runner.query('set session_replication_role = replica');
    for (const statement of statements) await runner.query(statement);
    await runner.query('set session_replication_role = origin');
  } finally {
    await runner.release();
  }
}
