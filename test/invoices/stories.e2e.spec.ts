import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
}, 30_000);
afterEach(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

const month = { unit: 'month', count: 1 };
const flat = (key: string, amount: string, more: object = {}) => ({ key, kind: 'recurring', model: 'flat', amount, ...more });

const account = (key: string, more: object = {}) =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', ...more });
const plan = (key: string, prices: readonly object[], more: object = {}) =>
  wharfage.ok('PUT', `/v2/plans/${key}`, { name: key, product: 'hub', currency: 'USD', interval: month, prices, ...more });
const subscribe = (body: object) => wharfage.ok('POST', '/v2/subscriptions', body);

/** Oldest first: what finance would read down a list. */
const invoices = async (key: string): Promise<any[]> => (await wharfage.ok('GET', `/v2/invoices?account=${key}&limit=200`)).data.reverse();
const totals = async (key: string): Promise<string[]> => (await invoices(key)).map((invoice) => invoice.total);

test('a flat plan renews by itself, month after month, from an anchor on the 31st', async () => {
  await account('acme');
  await plan('small', [flat('base', '31.00')]);
  await wharfage.travel('2026-01-31T09:00:00Z');
  await subscribe({ account: 'acme', plan: 'small' });
  await wharfage.travel('2026-04-30T09:00:00Z');
  const found = await invoices('acme');
  expect(found.map((invoice) => [invoice.number, invoice.issuedAt, invoice.total])).toEqual([
    ['INV-000001', '2026-01-31T09:00:00Z', '31.00'],
    ['INV-000002', '2026-02-28T09:00:00Z', '31.00'],
    ['INV-000003', '2026-03-31T09:00:00Z', '31.00'],
    ['INV-000004', '2026-04-30T09:00:00Z', '31.00'],
  ]);
  expect(found[0].buyer).toMatchObject({ key: 'acme' });
});

test('node-hours are charged after the month, one node being free, and late usage is adjusted on the next invoice', async () => {
  await account('nodes');
  await wharfage.ok('PUT', '/v2/meters/node-hours', {
    name: 'Node hours',
    eventType: 'node.state',
    aggregation: 'time_weighted',
    value: 'nodes',
    resource: 'node',
    mode: 'level',
    unit: 'hour',
  });
  await plan('cloud', [
    { key: 'node-hours', kind: 'metered', meter: 'node-hours', model: 'per_unit', unitPrice: '0.50', freeConcurrent: '1' },
  ]);
  await subscribe({ account: 'nodes', plan: 'cloud', alignment: 'calendar' });
  const event = (id: string, time: string, nodes: number, node = 'n1') => ({
    id,
    source: 'cloud',
    type: 'node.state',
    subject: 'nodes',
    time,
    data: { node, nodes },
  });
  await wharfage.travel('2026-01-11T00:00:00Z');
  expect(await wharfage.report([event('a', '2026-01-10T00:00:00Z', 3), event('b', '2026-01-10T10:00:00Z', 0)])).toMatchObject({
    accepted: 2,
  });
  await wharfage.travel('2026-02-05T00:00:00Z');
  expect(await totals('nodes')).toEqual(['10.00']); // (3 - 1) nodes x 10 hours x 0.50
  expect(await wharfage.report([event('c', '2026-01-20T00:00:00Z', 2, 'n2'), event('d', '2026-01-20T04:00:00Z', 0, 'n2')])).toMatchObject({
    accepted: 2,
  });
  expect(await totals('nodes')).toEqual(['10.00']);
  await wharfage.report([event('e', '2026-02-02T00:00:00Z', 2), event('f', '2026-02-02T02:00:00Z', 0)]);
  await wharfage.travel('2026-03-01T00:00:00Z');
  const [, next] = await invoices('nodes');
  expect(next.lines.map((line: any) => [line.kind, line.amount, line.servicePeriod.start])).toEqual([
    ['adjustment', '2.00', '2026-01-01T00:00:00Z'],
    ['metered', '1.00', '2026-02-01T00:00:00Z'],
  ]);
  expect(next.lines[0].adjusts).toBe((await invoices('nodes'))[0].lines[0].id);
});

test('a cancellation with proration gives the rest back, and the balance pays the next invoices', async () => {
  await account('acme');
  await plan('big', [flat('base', '31.00')]);
  const { id } = await subscribe({ account: 'acme', plan: 'big' });
  await wharfage.travel('2026-01-11T00:00:00Z');
  await wharfage.ok('POST', `/v2/subscriptions/${id}/cancel`, { when: 'now', proration: 'prorate' });
  const [, credit] = await invoices('acme');
  expect(credit).toMatchObject({ total: '-21.00', status: 'paid', amountApplied: '0.00', amountDue: '0.00', balanceCredited: '21.00' });
  expect(await wharfage.ok('GET', '/v2/accounts/acme/balance')).toMatchObject({ balance: '21.00' });
  await subscribe({ account: 'acme', plan: 'big' });
  expect((await invoices('acme'))[2]).toMatchObject({ total: '31.00', amountApplied: '21.00', amountDue: '10.00' });
  expect(await wharfage.ok('GET', '/v2/accounts/acme/balance')).toMatchObject({ balance: '0.00' });
});

test('a dearer plan in mid-period: the credit and the charge stand on one invoice', async () => {
  await account('acme');
  await plan('small', [flat('base', '31.00')]);
  await plan('large', [flat('base', '62.00')]);
  const { id } = await subscribe({ account: 'acme', plan: 'small' });
  await wharfage.travel('2026-01-11T00:00:00Z');
  await wharfage.ok('POST', `/v2/subscriptions/${id}/change-plan`, { plan: 'large' });
  expect((await invoices('acme'))[1].lines.map((line: any) => [line.plan, line.amount])).toEqual([
    ['small', '-21.00'],
    ['large', '42.00'],
  ]);
  await wharfage.travel('2026-02-01T00:00:00Z');
  expect(await totals('acme')).toEqual(['31.00', '21.00', '62.00']);
});

test('a trial charges nothing, then the first whole period', async () => {
  await account('acme');
  await plan('try', [flat('base', '10.00'), { key: 'setup', kind: 'one_time', amount: '5.00' }], { trialDays: 14 });
  await subscribe({ account: 'acme', plan: 'try' });
  await wharfage.travel('2026-01-14T23:59:59Z');
  expect(await totals('acme')).toEqual(['5.00']);
  await wharfage.travel('2026-01-15T00:00:00Z');
  expect(await totals('acme')).toEqual(['5.00', '10.00']);
});

test('a coupon takes off its share of the periods that it was given for, and tax is on what is left', async () => {
  await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.20', category: 'S', inclusive: false });
  await wharfage.ok('PUT', '/v2/coupons/spring', { percentOff: '50', duration: 'repeating', periods: 2 });
  await account('acme', { taxRates: ['vat'] });
  await plan('small', [flat('base', '10.00')]);
  await subscribe({ account: 'acme', plan: 'small', coupon: 'spring' });
  await wharfage.travel('2026-03-01T00:00:00Z');
  expect((await invoices('acme')).map(({ subtotal, discount, tax, total }) => [subtotal, discount, tax, total])).toEqual([
    ['10.00', '5.00', '1.00', '6.00'],
    ['10.00', '5.00', '1.00', '6.00'],
    ['10.00', '0.00', '2.00', '12.00'],
  ]);
});

test('a currency without decimals is billed in whole units', async () => {
  await account('kyoto', { currency: 'JPY', timeZone: 'Asia/Tokyo' });
  await plan('yen', [flat('base', '1000', { billing: 'in_arrears' })], { currency: 'JPY', prorationBasis: 'day' });
  await subscribe({ account: 'kyoto', plan: 'yen', alignment: 'calendar', startsAt: '2026-01-01T15:00:00Z' });
  await wharfage.travel('2026-01-31T15:00:00Z');
  expect(await totals('kyoto')).toEqual(['968']); // 30 of 31 days
});

test('what was paid in advance is deferred, what was used is earned', async () => {
  await account('acme');
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
  await plan('both', [flat('base', '10.00'), { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' }]);
  await subscribe({ account: 'acme', plan: 'both' });
  await wharfage.report(
    [1, 2, 3].map((i) => ({ id: `c${String(i)}`, source: 's', type: 'call', subject: 'acme', time: '2026-01-01T00:30:00Z', data: {} })),
  );
  await wharfage.travel('2026-02-01T00:00:00Z');
  const { data } = await wharfage.ok('GET', '/v2/ledger/trial-balance');
  expect(Object.fromEntries(data.map((row: any) => [row.ledgerAccount, row.balance]))).toEqual({
    accounts_receivable: '23.00',
    deferred_revenue: '-10.00',
    revenue: '-13.00',
    unbilled_revenue: '0.00',
  });
});
