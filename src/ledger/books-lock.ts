import type { Tx } from '../common/database/database.js';
import { Refusal } from '../domain/refusal.js';

/*
 * Whoever posts entries or notes revenue holds this lock shared, by the database's triggers, until the end of the transaction; who declares a day
 * or a month to be over holds it alone for a moment, and so knows that nothing of before is on its way.
 */
const BOOKS_LOCK = 727066;

/** Everybody who comes meanwhile waits as well, so nobody waits for longer. */
const WAIT_MS = 3_000;

const LOCK_NOT_AVAILABLE = '55P03';

/** Waits until all that was being posted is posted, and lets nothing be posted until the transaction ends. @throws Refusal `books_busy` */
export async function holdBooks(tx: Tx): Promise<void> {
  try {
    await tx.query(`set local lock_timeout = ${String(WAIT_MS)}`);
    await tx.query(`select pg_advisory_xact_lock(${String(BOOKS_LOCK)})`);
    await tx.query('set local lock_timeout to default');
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
    throw new Refusal('unavailable', 'books_busy', 'Something long is being posted: try again in a moment.');
  }
}
