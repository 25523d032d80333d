import { TestApp } from '../support/app.js';
import { commandHere } from '../support/command.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { BILLING_AUTO: 'off' } });
  for (const [key, amount] of [
    ['small', '7.00'],
    ['large', '700.00'],
  ])
    await wharfage.ok('PUT', `/v2/plans/${String(key)}`, {
      name: key,
      product: 'hub',
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount }],
    });
}, 30_000);
afterEach(() => wharfage.close());

const subscribed = async (account: string, plan = 'small'): Promise<string> => {
  await wharfage.ok('PUT', `/v2/accounts/${account}`, { kind: 'user', name: 'A', currency: 'USD', timeZone: 'UTC' });
  return (await wharfage.ok('POST', '/v2/subscriptions', { account, plan })).id;
};
const run = (asOf: string, more: object = {}) => wharfage.ok('POST', '/v2/bill-runs', { asOf, ...more });
const parked = async (): Promise<unknown[]> =>
  (await wharfage.ok('GET', '/v2/bill-runs/parked')).data.map(({ account, rule }: any) => [account, rule]);
const [JAN, FEB] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'];

describe('an account on hold', () => {
  test('is billed nothing until it is released, and then all that fell due', async () => {
    await subscribed('held');
    await subscribed('other');
    const held = await wharfage.ok('POST', '/v2/accounts/held/hold', { reason: 'they dispute the contract' });
    expect(held).toMatchObject({ account: 'held', rule: 'on_hold', detail: 'they dispute the contract' });
    expect(await run(JAN)).toMatchObject({ invoices: 1, parked: 0 });
    expect(await parked()).toEqual([['held', 'on_hold']]);
    expect(await wharfage.call('POST', '/v2/accounts/held/hold', { reason: 'again' })).toMatchObject({
      status: 409,
      body: { code: 'already_on_hold' },
    });
    expect(await wharfage.call('POST', '/v2/accounts/held/bill', {})).toMatchObject({ status: 409, body: { code: 'account_on_hold' } });
    expect(await run(FEB, { dryRun: true })).toMatchObject({ invoices: 1 });
    await wharfage.travel(FEB);
    expect(await wharfage.ok('POST', '/v2/accounts/held/release')).toEqual({ account: 'held' });
    expect(await parked()).toEqual([]);
    expect(await run(FEB)).toMatchObject({ invoices: 2, totals: { USD: '21.00' } });
    expect(await wharfage.call('POST', '/v2/accounts/held/release')).toMatchObject({ status: 409, body: { code: 'not_parked' } });
    expect((await wharfage.ok('GET', '/v2/audit?account=held')).data.map(({ action }: any) => action)).toEqual(
      expect.arrayContaining(['account.held', 'account.released']),
    );
    await afterStory(wharfage);
  });

  test('may change its subscriptions, also where they are billed at once', async () => {
    await wharfage.close();
    wharfage = await TestApp.start({ now: JAN });
    const price = (amount: string) => ({
      name: 'p',
      product: 'hub',
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount }],
    });
    await wharfage.ok('PUT', '/v2/plans/small', price('7.00'));
    await wharfage.ok('PUT', '/v2/plans/large', price('70.00'));
    const id = await subscribed('held');
    await wharfage.ok('POST', '/v2/accounts/held/hold', { reason: 'wait' });
    await wharfage.ok('POST', `/v2/subscriptions/${id}/change-plan`, { plan: 'large' });
    await wharfage.travel('2026-01-02T00:00:00Z');
    expect((await wharfage.ok('GET', '/v2/invoices?account=held')).data).toHaveLength(1);
    await wharfage.ok('POST', '/v2/accounts/held/release');
    await wharfage.travel('2026-01-02T00:02:00Z');
    expect((await wharfage.ok('GET', '/v2/invoices?account=held')).data.map(({ total }: any) => total)).toEqual(['63.00', '7.00']);
    await afterStory(wharfage);
  });
});

describe('billing bounds', () => {
  test('park an account whose total is beyond, and let it through once a person has looked', async () => {
    await subscribed('small');
    await subscribed('large', 'large');
    const put = await wharfage.call('PUT', '/v2/billing-bounds/USD', { totalMax: '500.00' });
    expect(put).toMatchObject({ status: 200, body: { currency: 'USD', totalMax: '500.00', growthMax: null, growthFrom: '0.00' } });
    expect(await run(JAN)).toMatchObject({ invoices: 1, parked: 1 });
    expect((await wharfage.ok('GET', '/v2/bill-runs/parked')).data).toMatchObject([
      { account: 'large', rule: 'total_out_of_bounds', detail: expect.stringContaining('700.00 USD, more than the bound of 500.00 USD') },
    ]);
    expect(await wharfage.ok('POST', '/v2/accounts/large/bill', {})).toEqual({ invoices: 0, parked: true });
    expect(await wharfage.ok('POST', '/v2/accounts/large/bill', { ignoreBounds: true })).toEqual({ invoices: 1, parked: false });
    expect(await parked()).toEqual([]);
    expect(await wharfage.ok('GET', '/v2/billing-bounds')).toMatchObject({ data: [{ currency: 'USD' }] });
    await afterStory(wharfage);
  });

  test('park an account that is billed much more than ever', async () => {
    const id = await subscribed('grows');
    await wharfage.ok('PUT', '/v2/billing-bounds/USD', { growthMax: '10', growthFrom: '50.00' });
    expect(await run(JAN)).toMatchObject({ invoices: 1, parked: 0 });
    await wharfage.ok('POST', `/v2/subscriptions/${id}/change-plan`, { plan: 'large' });
    expect(await run(JAN)).toMatchObject({ invoices: 0, parked: 1 });
    expect(await parked()).toEqual([['grows', 'growth_out_of_bounds']]);
    await wharfage.ok('PUT', '/v2/billing-bounds/USD', {});
    expect(await wharfage.ok('POST', '/v2/accounts/grows/bill', {})).toEqual({ invoices: 1, parked: false });
    await afterStory(wharfage);
    const { data } = await wharfage.ok('GET', '/v2/invoices?account=grows');
    const [large] = data.sort((a: any, b: any) => String(b.number).localeCompare(String(a.number)));
    await wharfage.ok('POST', `/v2/invoices/${String(large.id)}/void`, { reason: 'too much' });
    await wharfage.ok('PUT', '/v2/billing-bounds/USD', { growthMax: '10', growthFrom: '50.00' });
    expect(await run(JAN)).toMatchObject({ invoices: 0, parked: 1 }); // what is void is nothing to be compared with
  });

  test.each<[string, object, number, string]>([
    ['XXX', {}, 400, 'unknown_currency'],
    ['USD', { totalMax: '1.005' }, 400, 'invalid_money'],
    ['USD', { growthMax: '0.5' }, 400, 'out_of_bounds'],
    ['USD', { growthFrom: '-1.00' }, 400, 'out_of_bounds'],
  ])('%s %j is refused', async (currency, body, status, code) => {
    expect(await wharfage.call('PUT', `/v2/billing-bounds/${currency}`, body)).toMatchObject({ status, body: { code } });
    expect(await wharfage.call('GET', '/v2/billing-bounds/EUR')).toMatchObject({ status: 404, body: { code: 'billing_bounds_not_found' } });
  });
});

test('a dry run says what changes for each account against its last invoice, the largest change first', async () => {
  for (const account of ['a', 'b', 'c']) await subscribed(account);
  await run(JAN);
  await subscribed('new', 'large');
  const id = (await wharfage.ok('GET', '/v2/subscriptions?account=b')).data[0].id;
  await wharfage.travel('2026-01-31T12:00:00Z');
  await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/change-plan`, { plan: 'large', when: 'period_end' });
  const { id: dry } = await run(FEB, { dryRun: true });
  const first = await wharfage.ok('GET', `/v2/bill-runs/${String(dry)}/changes?limit=2`);
  const rest = await wharfage.ok('GET', `/v2/bill-runs/${String(dry)}/changes?limit=2&cursor=${String(first.nextCursor)}`);
  expect([...first.data, ...rest.data]).toEqual([
    { account: 'new', currency: 'USD', total: '1400.00', lastTotal: null, change: '1400.00' },
    { account: 'b', currency: 'USD', total: '700.00', lastTotal: '7.00', change: '693.00' },
    expect.objectContaining({ total: '7.00', change: '0.00' }),
    expect.objectContaining({ total: '7.00', change: '0.00' }),
  ]);
  expect(rest.nextCursor).toBeNull();
  expect(await wharfage.call('GET', '/v2/bill-runs/run_none/changes')).toMatchObject({ status: 404 });
  expect((await wharfage.ok('GET', '/v2/invoices')).data).toHaveLength(3);

  const said = await commandHere(['bill-run', '--as-of', FEB, '--dry-run'], {
    DATABASE_URL: wharfage.url,
    BILLING_AUTO: 'off',
    TEST_CLOCK: 'on',
    LOG_LEVEL: 'silent',
    KEY_HASH_SECRET: 'a secret for tests, and for tests only',
    USAGE_GRACE_MINUTES: '0',
  });
  expect(said).toMatchObject({ status: 0, errors: [] });
  expect(
    said.told
      .split('\n')
      .slice(0, 3)
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ['account', 'currency', 'total', 'last', 'change'],
    ['new', 'USD', '1400.00', '-', '1400.00'],
    ['b', 'USD', '700.00', '7.00', '693.00'],
  ]);
});
