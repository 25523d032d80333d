import { accountIdFor } from '../../src/common/ids.js';
import { parseInstant } from '../../src/domain/instant.js';
import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const month = { unit: 'month', count: 1 };
const account = (key: string, more: object = {}) =>
  wharfage.call('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', ...more });

beforeEach(async () => {
  wharfage = await TestApp.start();
  await wharfage.ok('PUT', '/v2/plans/flat', {
    name: 'Flat',
    product: 'test',
    currency: 'USD',
    interval: month,
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.00' }],
  });
}, 30_000);
afterEach(() => wharfage.close());

describe('what an account holds in its currency fixes the currency', () => {
  test('an entry of its balance does', async () => {
    await account('acme');
    await wharfage.source.query(
      `insert into balance_entry (account_id, id, at, amount_minor, cause_kind, cause_id) values ($1, 'bal_1', now(), 10000, 'import', 'opening balance')`,
      [accountIdFor('acme')],
    );
    expect(await account('acme', { currency: 'JPY' })).toMatchObject({ status: 409, body: { code: 'currency_fixed' } });
    expect((await wharfage.ok('GET', '/v2/accounts/acme/balance')).balance).toBe('100.00');
  });

  test('an invoice does, when the subscription has ended, too', async () => {
    await account('acme');
    const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'flat' });
    await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now' });
    expect(await account('acme', { currency: 'EUR' })).toMatchObject({ status: 409, body: { code: 'currency_fixed' } });
  });

  test('nothing held, it may change', async () => {
    await account('acme');
    expect(await account('acme', { currency: 'EUR' })).toMatchObject({ status: 200, body: { currency: 'EUR' } });
  });
});

test('a first bill waits for nobody who is changing the account: both would wait for each other', async () => {
  await account('acme');
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'flat', startsAt: '2026-01-02T00:00:00Z' });
  const other = wharfage.source.createQueryRunner();
  await other.startTransaction();
  await other.query('select 1 from account for no key update');
  const travelled = wharfage.travel('2026-01-03T00:00:00Z').then(() => 'billed');
  const first = await Promise.race([travelled, new Promise((resolve) => setTimeout(() => resolve('waits'), 4_000))]);
  await other.rollbackTransaction();
  await other.release();
  await travelled;
  expect(first).toBe('billed');
  await afterStory(wharfage);
});

test('an invoice, its entries, its balance and its settlement bear one instant, also where the series is ahead of the clock', async () => {
  const ahead = '2026-02-01T00:00:00Z';
  await account('acme');
  await wharfage.source.query(`update number_series set last_issued_at = $1`, [ahead]);
  await wharfage.ok('PUT', '/v2/plans/free', {
    name: 'Free',
    product: 'test',
    currency: 'USD',
    interval: month,
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '0.00' }],
  });
  const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'flat' });
  await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/change-plan`, { plan: 'free' });
  const { data } = await wharfage.ok('GET', '/v2/invoices');
  expect(data.map((invoice: any) => [invoice.total, invoice.issuedAt, invoice.paidAt]).sort()).toEqual([
    ['-12.00', ahead, ahead],
    ['12.00', ahead, null],
  ]);
  const instants = await wharfage.source.query(
    `select at from journal_entry where purpose <> 'revenue_earned' union all select at from balance_entry`,
  );
  expect(instants).toHaveLength(3);
  expect(new Set(instants.map((row: any) => row.at))).toEqual(new Set([parseInstant(ahead)]));
});
