import { Database } from '../../src/common/database/database.js';
import { DatabaseUnavailable } from '../../src/common/database/unavailable.js';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-10T00:00:00Z', env: { ROLE: 'api' } });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD' });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
}, 30_000);
afterAll(() => wharfage.close());

const event = (id: string): object => ({ id, source: 's', type: 'call', subject: 'acme', time: '2026-01-09T00:00:00Z', data: {} });
const send = (...ids: string[]) => wharfage.call('POST', '/v2/usage/events', { events: ids.map(event) });

/** Whoever stores an event meanwhile runs into `statement`. */
async function withFailure(statement: string, work: () => Promise<void>): Promise<void> {
  await wharfage.source.query(`create function fails() returns trigger language plpgsql as $$ begin ${statement}; return new; end $$`);
  await wharfage.source.query('create trigger fails before insert on event_identity for each statement execute function fails()');
  try {
    await work();
  } finally {
    await wharfage.source.query('drop function fails cascade');
  }
}

test.each([
  ['whose disk is full', 'a', `raise exception 'no space' using errcode = '53100'`],
  ['whose connections are lost', 'b', 'perform pg_terminate_backend(pg_backend_pid())'],
])('events for a database %s are refused until it can store them', async (_case, id, statement) => {
  await withFailure(statement, async () => {
    for (let i = 0; i < 12; i += 1)
      expect(await send(id)).toMatchObject({ status: 503, body: { code: 'unavailable' }, headers: { 'retry-after': '1' } });
  });
  expect(await send(id)).toMatchObject({ status: 200, body: { accepted: 1 } });
});

const LOSE = 'select pg_terminate_backend(pg_backend_pid())';
const ONE = 'select 1 as one';
const database = (): Database => wharfage.app.get(Database);

/* An `error` that nobody listens to would end the process. */
test.each<[string, (sql: string) => Promise<unknown>]>([
  ['in a transaction', (sql) => database().transaction((tx) => tx.query(sql))],
  ['in a transaction beside it', async (sql) => (await database().beside((client) => client.query(sql))).rows],
  ['outside of any', (sql) => database().query({ name: sql, text: sql, values: [] })],
])('a connection that is lost %s fails what was under way, and the next one is good', async (_where, run) => {
  await expect(run(LOSE)).rejects.toBeInstanceOf(DatabaseUnavailable);
  expect(await run(ONE)).toEqual([{ one: 1 }]);
});

test('a connection that is lost between two statements ends no more than its work', async () => {
  const lost = database().beside(async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await wharfage.source.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await client.query('select 1');
  });
  await expect(lost).rejects.toBeInstanceOf(DatabaseUnavailable);
  await expect(database().beside((client) => client.query('select 1'))).resolves.toMatchObject({ rowCount: 1 });
});
