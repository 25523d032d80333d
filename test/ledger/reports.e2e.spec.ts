import { TestApp } from '../support/app.js';
import { balances, report } from '../support/books.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/sellers/default', { name: 'Wharfage Ltd', paymentTermsDays: 10 });
  await wharfage.ok('PUT', '/v2/plans/flat', {
    name: 'Flat',
    product: 'flat',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '31.00' }],
  });
  await wharfage.ok('PUT', '/v2/plans/yen', {
    name: 'Yen',
    product: 'flat',
    currency: 'JPY',
    interval: { unit: 'year', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '36500' }],
  });
  for (const [key, plan, currency] of [
    ['acme', 'flat', 'USD'],
    ['bob', 'flat', 'USD'],
    ['kyoto', 'yen', 'JPY'],
  ] as const) {
    await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency, timeZone: 'UTC', provider: 'manual' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan });
  }
  await wharfage.travel('2026-01-20T00:00:00Z');
  await pay('acme', '11.00');
  await wharfage.travel('2026-04-15T00:00:00Z');
}, 60_000);
afterAll(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

async function pay(account: string, amount: string): Promise<void> {
  const { data } = await wharfage.ok('GET', `/v2/invoices?account=${account}`);
  await wharfage.ok('POST', '/v2/payments', { invoice: data[0].id, amount, method: 'wire' });
}

const none = { current: '0.00', days1To30: '0.00', days31To60: '0.00', days61To90: '0.00', days91AndMore: '0.00' };
const usd = { seller: 'default', currency: 'USD', account: null };

describe('receivables', () => {
  test.each<[string, object]>([
    ['2026-01-11T00:00:00Z', { current: '62.00', total: '62.00' }], // due at that instant
    ['2026-01-11T00:00:00.000001Z', { days1To30: '62.00', total: '62.00' }],
    ['2026-01-19T00:00:00Z', { days1To30: '62.00', total: '62.00' }], // before the payment
    ['2026-01-20T00:00:00Z', { days1To30: '51.00', total: '51.00' }],
    ['2026-02-01T00:00:00Z', { current: '62.00', days1To30: '51.00', total: '113.00' }],
    ['2026-02-10T00:00:01Z', { current: '62.00', days31To60: '51.00', total: '113.00' }],
    ['2026-04-15T00:00:00Z', { days1To30: '62.00', days31To60: '62.00', days61To90: '62.00', days91AndMore: '51.00', total: '237.00' }],
  ])('by age as of %s, which is what the ledger has', async (asOf, wanted) => {
    const rows = await report(wharfage, 'receivables-aging', `asOf=${asOf}`);
    expect(rows.filter((row) => row.currency === 'USD')).toEqual([{ ...usd, ...none, ...wanted }]);
    const { data } = await wharfage.ok('GET', `/v2/ledger/trial-balance?asOf=${asOf}`);
    expect(rows.map((row) => [row.currency, row.total])).toEqual(
      data.filter((row: any) => row.ledgerAccount === 'accounts_receivable').map((row: any) => [row.currency, row.balance]),
    );
  });

  test('by account', async () => {
    const rows = await report(wharfage, 'receivables-aging', 'by=account');
    expect(rows.map((row) => [row.account, row.currency, row.total])).toEqual([
      ['kyoto', 'JPY', '36500'],
      ['acme', 'USD', '113.00'],
      ['bob', 'USD', '124.00'],
    ]);
    expect(await report(wharfage, 'receivables-aging', 'by=account&account=bob')).toMatchObject([{ account: 'bob', total: '124.00' }]);
  });

  test('as CSV', async () => {
    const { text, headers } = await wharfage.call('GET', '/v2/reports/receivables-aging?format=csv&by=account&account=acme');
    expect(headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(text.split('\r\n')).toEqual([
      'seller,currency,account,current,days_1_to_30,days_31_to_60,days_61_to_90,days_91_and_more,total',
      'default,USD,acme,0.00,31.00,31.00,31.00,20.00,113.00',
      '',
    ]);
  });
});

describe('deferred revenue', () => {
  const rowsOf = async (query: string, currency = 'USD'): Promise<unknown[]> =>
    (await report(wharfage, 'deferred-revenue', query))
      .filter((row) => row.currency === currency)
      .map((row) => [row.month, row.status, row.opening, row.billed, row.recognized, row.closing]);

  test('by month: what was there, was billed, became revenue, is left; and what is to become of that', async () => {
    expect(await rowsOf('asOf=2026-03-11T00:00:00Z')).toEqual([
      ['2026-01', 'actual', '0.00', '62.00', '62.00', '0.00'],
      ['2026-02', 'actual', '0.00', '62.00', '62.00', '0.00'],
      ['2026-03', 'actual', '0.00', '62.00', '20.00', '42.00'],
      ['2026-03', 'scheduled', '42.00', '0.00', '42.00', '0.00'],
    ]);
    expect((await balances(wharfage, '2026-03-11T00:00:00Z'))['deferred_revenue']).toBe('-42.00');
  });

  test('a year goes on month by month', async () => {
    const rows = await rowsOf('asOf=2026-02-11T00:00:00Z&from=2026-01&to=2026-04', 'JPY');
    expect(rows).toEqual([
      ['2026-01', 'actual', '0', '36500', '3100', '33400'],
      ['2026-02', 'actual', '33400', '0', '1000', '32400'],
      ['2026-02', 'scheduled', '32400', '0', '1800', '30600'],
      ['2026-03', 'scheduled', '30600', '0', '3100', '27500'],
      ['2026-04', 'scheduled', '27500', '0', '3000', '24500'],
    ]);
  });

  test('as CSV', async () => {
    const { text } = await wharfage.call('GET', '/v2/reports/deferred-revenue?format=csv&from=2026-01&to=2026-01');
    expect(text.split('\r\n')).toEqual([
      'month,status,seller,currency,opening,billed,recognized,closing',
      '2026-01,actual,default,JPY,0,36500,3100,33400',
      '2026-01,actual,default,USD,0.00,62.00,62.00,0.00',
      '',
    ]);
  });
});

describe('revenue', () => {
  test('by month, as of an instant', async () => {
    const rows = (await report(wharfage, 'revenue', 'asOf=2026-02-11T00:00:00Z')).filter((row) => row.currency === 'USD');
    expect(rows).toEqual([
      { month: '2026-01', seller: 'default', currency: 'USD', fromDeferred: '62.00', onUse: '0.00', atOnce: '0.00', recognized: '62.00' },
      { month: '2026-02', seller: 'default', currency: 'USD', fromDeferred: '22.14', onUse: '0.00', atOnce: '0.00', recognized: '22.14' },
    ]);
  });

  test('as CSV', async () => {
    const { text } = await wharfage.call('GET', '/v2/reports/revenue?format=csv&from=2026-01&to=2026-01');
    expect(text).toBe(
      'month,seller,currency,from_deferred,on_use,at_once,recognized\r\n2026-01,default,JPY,3100,0,0,3100\r\n2026-01,default,USD,62.00,0.00,0.00,62.00\r\n',
    );
  });
});

test.each<[string, number, string]>([
  ['revenue?asOf=2027-01-01T00:00:00Z', 422, 'as_of_in_future'],
  ['receivables-aging?asOf=2027-01-01T00:00:00Z', 422, 'as_of_in_future'],
  ['deferred-revenue?from=2026-02&to=2026-01', 400, 'range_reversed'],
  ['deferred-revenue?from=2016-01&to=2026-01', 422, 'range_too_long'],
  ['deferred-revenue?from=2026', 400, 'invalid_request'],
  ['revenue?format=pdf', 400, 'invalid_request'],
])('%s is refused', async (query, status, code) => {
  expect(await wharfage.call('GET', `/v2/reports/${query}`)).toMatchObject({ status, body: { code } });
});

test('books of another seller hold nothing', async () => {
  expect((await wharfage.ok('GET', '/v2/ledger/trial-balance?seller=nobody')).data).toEqual([]);
  for (const name of ['revenue', 'deferred-revenue', 'receivables-aging'])
    expect(await report(wharfage, name, 'seller=nobody')).toEqual([]);
});
