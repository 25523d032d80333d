import type { DataSource, QueryRunner } from 'typeorm';
import { accountIdFor } from '../../src/common/ids.js';
import { Exports } from '../../src/exports/exports.service.js';
import { SnapshotReader } from '../../src/exports/snapshot-reader.js';
import { TestApp } from '../support/app.js';
import { parsedCsv } from './parsed-csv.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-02T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC' });
}, 60_000);
afterAll(() => wharfage.close());

const account = accountIdFor('acme');

async function entry(runner: Pick<QueryRunner | DataSource, 'query'>, id: string, at = '2026-01-01T00:00:00Z'): Promise<void> {
  await runner.query(
    `with e as (insert into journal_entry (account_id, id, at, cause_kind, cause_id, purpose, currency) values ($1, $2, $3, 'test', $2, 'test', 'USD'))
     insert into posting (account_id, entry_id, n, ledger_account, amount_minor) values ($1, $2, 1, 'cash', 100), ($1, $2, 2, 'revenue', -100)`,
    [account, id, at],
  );
}

/** A transaction of which nobody knows yet whether it commits; its rows lie within a savepoint. */
async function open(id: string): Promise<QueryRunner> {
  const runner = wharfage.source.createQueryRunner();
  await runner.startTransaction();
  await runner.startTransaction();
  await entry(runner, id);
  return runner;
}
async function commit(runner: QueryRunner): Promise<void> {
  await runner.commitTransaction();
  await runner.commitTransaction();
  await runner.release();
}

async function exported(query: string): Promise<{ entries: string[]; next: string }> {
  const { text, headers, status } = await wharfage.call('GET', `/v2/exports/journal?${query}`);
  if (status !== 200) throw new Error(text);
  const entries = parsedCsv(text)
    .slice(1)
    .map(([id = '']) => id);
  return { entries: [...new Set(entries)].sort(), next: JSON.parse(headers['wharfage-export-manifest'] ?? '').nextCursor };
}

test('what commits late is in the next export, and in no other', async () => {
  await entry(wharfage.source, 'a');
  const late = await open('b-late');
  await entry(wharfage.source, 'c');
  const first = await exported('from=2026-01-01T00:00:00Z');
  expect(first.entries).toEqual(['a', 'c']);
  const later = await open('d-later');
  const between = await exported(`after=${first.next}`);
  expect(between.entries).toEqual([]);
  await commit(late);
  await entry(wharfage.source, 'e');
  const second = await exported(`after=${between.next}`);
  expect(second.entries).toEqual(['b-late', 'e']);
  await commit(later);
  const third = await exported(`after=${second.next}`);
  expect(third.entries).toEqual(['d-later']);
  expect((await exported(`after=${third.next}`)).entries).toEqual([]);
});

test('a continued export keeps the range of the first', async () => {
  const { next } = await exported('from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z');
  await entry(wharfage.source, 'f-inside');
  await entry(wharfage.source, 'g-outside', '2026-01-02T00:00:00Z');
  expect((await exported(`after=${next}`)).entries).toEqual(['f-inside']);
  expect((await exported(`after=${next}&to=2026-01-02T00:00:00Z`)).entries).toEqual(['f-inside']);
  for (const other of ['to=2026-01-03T00:00:00Z', 'from=2026-01-01T00:00:01Z'])
    expect(await wharfage.call('GET', `/v2/exports/journal?after=${next}&${other}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
  expect(await wharfage.call('GET', `/v2/exports/payments?after=${next}`)).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
});

test.each([
  ['another chain of entries', ['journal', '1', 'f'.repeat(64)], 409, 'cursor_elsewhere'],
  ['an entry that has not come', ['journal', '900000000', 'f'.repeat(64)], 409, 'cursor_elsewhere'],
  ['no position', ['journal', '-1', null], 400, 'invalid_cursor'],
  ['a text that is none', ['journal\0', '1', null], 400, 'invalid_cursor'],
  ['half a mark', ['journal', '1'], 400, 'invalid_cursor'],
])('a cursor of %s is refused', async (_case, mark, status, code) => {
  const after = Buffer.from(JSON.stringify(['journal', null, null, mark])).toString('base64url');
  expect(await wharfage.call('GET', `/v2/exports/journal?after=${after}`)).toMatchObject({ status, body: { code } });
});

test('a cursor from before the database was set back is refused, also when other entries have come since', async () => {
  await entry(wharfage.source, 'h-lost');
  const { next } = await exported('');
  await wharfage.source.query('alter table journal_seal disable trigger user');
  await wharfage.source.query('update journal_seal set hash = md5(hash) where seq = (select entries from journal_chain)');
  await wharfage.source.query('alter table journal_seal enable trigger user');
  await entry(wharfage.source, 'i');
  expect(await wharfage.call('GET', `/v2/exports/journal?after=${next}`)).toMatchObject({
    status: 409,
    body: { code: 'cursor_elsewhere' },
  });
});

describe('with few connections', () => {
  let small: TestApp;
  beforeAll(async () => {
    small = await TestApp.start({ now: '2026-03-01T00:00:00Z', env: { DATABASE_URL: wharfage.url, DATABASE_POOL: '2', ROLE: 'api' } });
  });
  afterAll(() => small.close());
  const status = (): Promise<number> =>
    small
      .send('GET', '/v2/exports/journal', { headers: { authorization: `Bearer ${wharfage.adminKey}` } })
      .then(({ status: answered }) => answered);
  const inTime = (work: Promise<unknown>): Promise<unknown> =>
    Promise.race([work, new Promise((resolve) => setTimeout(() => resolve('waits'), 5_000).unref())]);

  test('exports at once need one connection each', async () => {
    expect(await inTime(Promise.all([status(), status(), status()]))).toEqual([200, 200, 200]);
  }, 20_000);

  test('an export that nobody waits for any more gives its place back, and asks nothing of it afterwards', async () => {
    const request = { dataset: 'journal', format: 'csv', from: undefined, to: undefined, after: undefined } as const;
    for (let i = 0; i < 5; i += 1) {
      const { bytes } = await small.app.get(Exports).open({ ...request, layout: undefined, mapping: undefined, bom: false });
      if (i % 2 === 0) bytes.read();
      bytes.destroy();
      await new Promise((resolve) => bytes.once('close', resolve));
      expect(await inTime(status())).toBe(200);
    }
  }, 20_000);

  test('an export whose connection is lost gives its place back', async () => {
    for (let i = 0; i < 3; i += 1) {
      const reader = await SnapshotReader.open(small.source);
      const [[pid] = []] = await reader.rows('select pg_backend_pid()');
      const batches = reader.batches('select n::text from generate_series(1, 1000000) n', []);
      expect((await batches.next()).value).toHaveLength(200);
      await wharfage.source.query('select pg_terminate_backend($1)', [pid]);
      await expect(
        (async () => {
          for await (const rows of batches) expect(rows.length).toBeGreaterThan(0);
        })(),
      ).rejects.toThrow();
      await reader.close();
    }
    expect(await inTime(status())).toBe(200);
  }, 20_000);
});
