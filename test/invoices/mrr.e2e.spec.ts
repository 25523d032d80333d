import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-10T00:00:00Z' });
  const plan = (key: string, unit: string, prices: object[], more: object = {}) =>
    wharfage.ok('PUT', `/v2/plans/${key}`, { name: key, product: 'hub', currency: 'USD', interval: { unit, count: 1 }, prices, ...more });
  const flat = (amount: string) => ({ key: 'base', kind: 'recurring', model: 'flat', amount });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
  await plan('small', 'month', [flat('10.00'), { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' }]);
  await plan('large', 'month', [flat('30.00'), { key: 'setup', kind: 'one_time', amount: '99.00' }]);
  await plan('yearly', 'year', [flat('100.00')]);
  await plan('weekly', 'week', [flat('7.00')]);
  await plan('seats', 'month', [{ key: 'seats', kind: 'recurring', model: 'per_unit', unitPrice: '2.50' }]);
  await plan('later', 'month', [flat('8.00')], { trialDays: 30 });
}, 30_000);
afterAll(() => wharfage.close());

const subscribed = async (account: string, plan: string, more: object = {}): Promise<string> => {
  await wharfage.ok('PUT', `/v2/accounts/${account}`, {
    kind: 'user',
    name: account,
    currency: 'USD',
    timeZone: 'UTC',
    provider: 'manual',
  });
  return (await wharfage.ok('POST', '/v2/subscriptions', { account, plan, ...more })).id;
};
const act = (id: string, action: string, body: object = {}) =>
  wharfage.ok('POST', `/v2/subscriptions/${id}/${action}`, { when: 'now', ...body });

test('opening and movements are closing, month by month, by list amounts a month', async () => {
  const grows = await subscribed('grows', 'small');
  const leaves = await subscribed('leaves', 'large');
  await subscribed('years', 'yearly');
  await subscribed('weeks', 'weekly');
  const team = await subscribed('team', 'seats', { quantities: { seats: 4 } });
  await subscribed('tries', 'later');
  await wharfage.travel('2026-02-10T00:00:00Z');
  await act(grows, 'change-plan', { plan: 'large' });
  await act(leaves, 'cancel');
  await act(team, 'change-quantity', { price: 'seats', quantity: 3 });
  await wharfage.travel('2026-03-05T00:00:00Z');
  await subscribed('leaves', 'small');
  await act(team, 'pause');
  await wharfage.travel('2026-03-20T12:00:00Z');

  const { asOf, data } = await wharfage.ok('GET', '/v2/reports/mrr?from=2025-12');
  expect(asOf).toBe('2026-03-20T12:00:00Z');
  const none = { new: '0.00', expansion: '0.00', contraction: '0.00', churn: '0.00', reactivation: '0.00' };
  // a year is 12 months: 8.33; a week is 7 x 4800/146097 of one: 30.44
  expect(data).toEqual([
    { month: '2026-01', currency: 'USD', ...none, opening: '0.00', new: '88.77', closing: '88.77', accounts: 5 },
    {
      month: '2026-02',
      currency: 'USD',
      ...none,
      opening: '88.77',
      new: '8.00',
      expansion: '20.00',
      contraction: '-2.50',
      churn: '-30.00',
      closing: '84.27',
      accounts: 5,
    },
    { month: '2026-03', currency: 'USD', ...none, opening: '84.27', churn: '-7.50', reactivation: '10.00', closing: '86.77', accounts: 5 },
  ]);
  const csv = await wharfage.call('GET', '/v2/reports/mrr?from=2026-03&format=csv');
  expect(csv.text.split('\r\n').slice(0, 2)).toEqual([
    'month,currency,opening,new,expansion,contraction,churn,reactivation,closing,accounts',
    '2026-03,USD,84.27,0.00,0.00,0.00,-7.50,10.00,86.77,5',
  ]);
  const earlier = await wharfage.ok('GET', '/v2/reports/mrr?asOf=2026-02-01T00:00:00Z&from=2026-01');
  expect(earlier.data).toMatchObject([
    { month: '2026-01', closing: '88.77' },
    { month: '2026-02', opening: '88.77', closing: '88.77' },
  ]);
});

test.each([
  ['asOf=2030-01-01T00:00:00Z', 422, 'as_of_in_future'],
  ['from=2026-03&to=2026-01', 422, 'invalid_range'],
  ['from=2010-01', 422, 'invalid_range'],
  ['from=soon', 400, 'invalid_request'],
])('%s is refused', async (query, status, code) => {
  expect(await wharfage.call('GET', `/v2/reports/mrr?${query}`)).toMatchObject({ status, body: { code } });
});
