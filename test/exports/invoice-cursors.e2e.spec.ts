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

async function subscribed(account: string, more: object = {}): Promise<void> {
  await wharfage.ok('PUT', `/v2/accounts/${account}`, { kind: 'user', name: account, currency: 'USD', timeZone: 'UTC', ...more });
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

test.each(['invoices', 'invoice-lines'])('%s go on by their numbers, also in series that are new', async (dataset) => {
  const first = await exported(dataset);
  expect(first.invoices).toContain('INV-000001');
  expect((await exported(dataset, `after=${first.next}`)).invoices).toEqual([]);
  const [prefix, account] = [`${dataset.length}-`, `buyer-of-${dataset}`];
  await wharfage.ok('PUT', `/v2/sellers/${dataset}`, { name: dataset, series: { key: dataset, prefix } });
  await subscribed(account, { seller: dataset });
  await subscribed(`another-${dataset}`);
  const second = await exported(dataset, `after=${first.next}`);
  expect(second.invoices).toHaveLength(2);
  expect(second.invoices.filter((number) => first.invoices.includes(number))).toEqual([]);
  expect(second.invoices).toContain(`${prefix}000001`);
  expect((await exported(dataset, `after=${second.next}`)).invoices).toEqual([]);
});

test('a number that is taken, but not committed, is in no export until it is', async () => {
  const before = await exported('invoices');
  const [{ id: account } = {}] = await wharfage.source.query<{ id?: string }[]>(`select id from account where key = 'acme'`);
  const runner = wharfage.source.createQueryRunner();
  await runner.startTransaction();
  const [[{ n }]] = (await runner.query(`update number_series set next = next + 1 where key = 'default' returning next - 1 as n`)) as [
    [{ n: bigint }],
  ];
  await runner.query(
    `insert into invoice select account_id, 'inv_late', series, $2, 'LATE', currency, as_of, issued_at, due_at, period_start, period_end, subtotal_minor,
       discount_minor, tax_minor, total_minor, applied_minor, due_minor, credited_minor, taxes, snapshot from invoice where account_id = $1 limit 1`,
    [account, n.toString()],
  );
  await runner.query(`insert into invoice_number (series, n, account_id, invoice_id) values ('default', $2, $1, 'inv_late')`, [
    account,
    n.toString(),
  ]);
  const between = await exported('invoices', `after=${before.next}`);
  expect(between.invoices).toEqual([]);
  await runner.commitTransaction();
  await runner.release();
  expect((await exported('invoices', `after=${between.next}`)).invoices).toEqual(['LATE']);
});
