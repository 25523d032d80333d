import type { DataSource, QueryRunner } from 'typeorm';
import { accountIdFor } from '../../src/common/ids.js';
import { TestApp } from '../support/app.js';
import { parsedCsv } from './parsed-csv.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/plans/flat', {
    name: 'Flat',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.00' }],
  });
  await subscribed('acme');
}, 60_000);
afterAll(() => wharfage.close());

async function subscribed(account: string): Promise<void> {
  await wharfage.ok('PUT', `/v2/accounts/${account}`, { kind: 'user', name: account, currency: 'USD', timeZone: 'UTC' });
  await wharfage.ok('POST', '/v2/subscriptions', { account, plan: 'flat' });
}

async function exported(dataset: string, query = ''): Promise<{ invoices: string[]; next: string }> {
  const { text, headers, status } = await wharfage.call('GET', `/v2/exports/${dataset}?${query}`);
  if (status !== 200) throw new Error(text);
  const invoices = parsedCsv(text)
    .slice(1)
    .map(([number = '']) => number);
  return { invoices, next: JSON.parse(headers['wharfage-export-manifest'] ?? '').nextCursor };
}

/** An invoice like the account's first, under another number. */
async function issued(runner: Pick<QueryRunner | DataSource, 'query'>, series: string, number: string): Promise<void> {
  const names = [accountIdFor('acme'), number];
  await runner.query(
    `insert into invoice_line overriding user value
     select (jsonb_populate_record(null::invoice_line, to_jsonb(l) || jsonb_build_object('id', $2::text || '-line', 'invoice_id', $2::text, 'slot_hash', md5($2::text)))).*
     from (select * from invoice_line where account_id = $1 order by id limit 1) l`,
    names,
  );
  await runner.query(
    `with taken as (update number_series set next = next + 1 where key = $3 returning next - 1 as n),
     numbered as (insert into invoice_number (series, n, account_id, invoice_id) select $3::text, n, $1, $2::text from taken)
     insert into invoice select (jsonb_populate_record(null::invoice, to_jsonb(i) || jsonb_build_object('id', $2::text, 'series', $3::text, 'n', t.n, 'number', $2::text))).*
     from taken t, (select * from invoice where account_id = $1 order by n limit 1) i`,
    [...names, series],
  );
}

test.each(['invoices', 'invoice-lines'])('%s go on by their numbers, also in series that are new', async (dataset) => {
  const first = await exported(dataset);
  expect(first.invoices).toContain('INV-000001');
  expect((await exported(dataset, `after=${first.next}`)).invoices).toEqual([]);
  await wharfage.source.query(`insert into number_series (key, prefix) values ($1, $1)`, [dataset]);
  await issued(wharfage.source, dataset, `new ${dataset}`);
  await subscribed(`buyer-of-${dataset}`);
  const second = await exported(dataset, `after=${first.next}`);
  expect(second.invoices).toEqual(expect.arrayContaining([expect.stringMatching('INV-'), `new ${dataset}`]));
  expect(second.invoices).toHaveLength(2);
  expect((await exported(dataset, `after=${second.next}`)).invoices).toEqual([]);
});

test('a number that is taken, but not committed, is in no export until it is', async () => {
  const before = await exported('invoices');
  const runner = wharfage.source.createQueryRunner();
  await runner.startTransaction();
  await issued(runner, 'default', 'late');
  const between = await exported('invoices', `after=${before.next}`);
  expect(between.invoices).toEqual([]);
  await runner.commitTransaction();
  await runner.release();
  expect((await exported('invoices', `after=${between.next}`)).invoices).toEqual(['late']);
});
