import type { EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { Tx } from './database.js';

/**
 * The row of a key, locked until the transaction ends; or the fresh one, inserted, where there was none. Of two writers that create
 * the same key at once, the second waits and finds the row of the first.
 */
export async function insertOrLock<Row extends ObjectLiteral>(
  tx: Tx,
  entity: EntityTarget<Row>,
  fresh: Row,
  key: FindOptionsWhere<Row>,
): Promise<{ readonly row: Row; readonly created: boolean }> {
  const rows = tx.getRepository(entity);
  const locked = (): Promise<Row | null> => rows.findOne({ where: key, lock: { mode: 'for_no_key_update' } });
  const found = await locked();
  if (found) return { row: found, created: false };
  const inserted = await rows.createQueryBuilder().insert().values(fresh).orIgnore().returning(Object.keys(key)).execute();
  if ((inserted.raw as unknown[]).length > 0) return { row: fresh, created: true };
  const other = await locked();
  if (!other) throw new Error(`a row of ${rows.metadata.tableName} was removed while it was written`);
  return { row: other, created: false };
}
