import { Database } from '../../src/common/database/database.js';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;
let database: Database;
beforeAll(async () => {
  wharfage = await TestApp.start();
  database = wharfage.app.get(Database);
}, 30_000);
afterAll(() => wharfage.close());

const LOSE = 'select pg_terminate_backend(pg_backend_pid())';
const ONE = 'select 1 as one';

/** A connection that is lost must not end the process: an `error` that nobody listens to does. */
test.each<[string, (sql: string) => Promise<unknown>]>([
  ['in a transaction', (sql) => database.transaction((tx) => tx.query(sql))],
  ['in a transaction beside it', async (sql) => (await database.beside((client) => client.query(sql))).rows],
  ['outside of any', (sql) => database.query({ name: sql, text: sql, values: [] })],
])('a connection that is lost %s fails what was under way, and the next one is good', async (_where, run) => {
  await expect(run(LOSE)).rejects.toThrow('terminating connection');
  expect(await run(ONE)).toEqual([{ one: 1 }]);
});
