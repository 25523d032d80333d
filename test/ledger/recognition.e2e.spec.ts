import { Recognition } from '../../src/ledger/recognition.js';
import { TestApp } from '../support/app.js';
import { balances, deferredBy, report } from '../support/books.js';
import { afterStory, differences } from '../support/story.js';
import { CATALOG } from '../support/subscription-story.js';

let wharfage: TestApp;
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  for (const [key, plan] of Object.entries(CATALOG))
    await wharfage.ok('PUT', `/v2/plans/${key}`, { name: key, product: key, currency: 'USD', ...plan });
}, 30_000);
afterEach(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

const account = (key: string, more: object = {}) =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', ...more });
const subscribe = (key: string, plan: string, more: object = {}) =>
  wharfage.ok('POST', '/v2/subscriptions', { account: key, plan, ...more });

test('a year paid in advance is earned day by day, whenever the clock stops in between', async () => {
  await account('acme');
  await subscribe('acme', 'yearly'); // a day costs 1.00
  await wharfage.travel('2026-03-11T12:00:00Z');
  expect(await balances(wharfage)).toMatchObject({ deferred_revenue: '-296.00', revenue: '-69.00' });
  for (const [asOf, deferred] of [
    ['2026-01-01T23:59:59.999998Z', '-365.00'],
    ['2026-01-01T23:59:59.999999Z', '-364.00'],
    ['2026-01-31T23:59:59.999999Z', '-334.00'],
    ['2026-02-10T08:00:00Z', '-325.00'],
  ] as const)
    expect([asOf, (await balances(wharfage, asOf))['deferred_revenue']]).toEqual([asOf, deferred]);
  const { data } = await wharfage.ok('GET', '/v2/ledger/entries?limit=1');
  expect(data[0]).toMatchObject({ purpose: 'revenue_recognized', at: '2026-03-10T23:59:59.999999Z', causeId: 'default USD 2026-03-10' });
});

test('what is credited of a rest is not earned any more', async () => {
  await account('acme');
  const { id } = await subscribe('acme', 'yearly');
  await wharfage.travel('2026-01-11T06:00:00Z');
  await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now', proration: 'prorate' });
  await wharfage.travel('2026-01-20T00:00:00Z');
  const credited = (await wharfage.ok('GET', '/v2/accounts/acme/balance')).balance; // 354 days and three quarters
  expect(credited).toBe('354.75');
  expect(await deferredBy(wharfage, '2026-01-20T00:00:00Z')).toBe((await balances(wharfage))['deferred_revenue']);
  await wharfage.travel('2027-01-01T00:00:00Z');
  expect(await balances(wharfage)).toMatchObject({ deferred_revenue: '0.00', revenue: '-10.25', customer_balance: '-354.75' });
});

test('usage is revenue of the month of its service, one-time prices at once', async () => {
  await account('west', { timeZone: 'America/Los_Angeles' });
  await account('east', { timeZone: 'Asia/Tokyo' });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
  const prices = [
    { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' },
    { key: 'setup', kind: 'one_time', amount: '5.00' },
  ];
  const interval = { unit: 'month', count: 1 };
  await wharfage.ok('PUT', '/v2/plans/calls', { name: 'Calls', product: 'calls', currency: 'USD', interval, prices });
  await wharfage.travel('2026-01-02T00:00:00Z');
  for (const key of ['west', 'east']) await subscribe(key, 'calls', { alignment: 'calendar' });
  await wharfage.report(
    ['west', 'east'].map((subject) => ({ id: subject, source: 's', type: 'call', subject, time: '2026-01-02T00:00:00Z', data: {} })),
  );
  await wharfage.travel('2026-02-03T00:00:00Z');
  expect(await report(wharfage, 'revenue', 'from=2026-01&to=2026-02')).toEqual([
    { month: '2026-01', seller: 'default', currency: 'USD', fromDeferred: '0.00', onUse: '2.00', atOnce: '10.00', recognized: '12.00' },
  ]);
  const earned = (await wharfage.ok('GET', '/v2/ledger/entries')).data.filter((entry: any) => entry.purpose === 'revenue_earned');
  expect(earned.map((entry: any) => entry.at).sort()).toEqual(['2026-01-31T15:00:00Z', '2026-01-31T23:59:59.999999Z']); // Tokyo was billed by then
  expect(await balances(wharfage, '2026-01-31T23:59:59.999999Z')).toMatchObject({ unbilled_revenue: '1.00' });
  expect(await balances(wharfage)).toMatchObject({ unbilled_revenue: '0.00', revenue: '-12.00' });
});

test('what is billed late is made up for on the day it is billed', async () => {
  await account('acme');
  await wharfage.travel('2026-01-11T00:00:00Z');
  await subscribe('acme', 'small', { startsAt: '2026-01-01T00:00:00Z' });
  await wharfage.travel('2026-01-12T00:00:00Z');
  expect(await balances(wharfage, '2026-01-10T23:59:59.999999Z')).toEqual({});
  expect(await balances(wharfage)).toMatchObject({ revenue: '-11.00', deferred_revenue: '-20.00' });
});

test('killed after a day was declared over, or run by many at once, it posts each day once', async () => {
  await account('acme');
  await subscribe('acme', 'small');
  await wharfage.source.query('update test_clock set now_at = $1', ['2026-01-21T00:00:00Z']);
  const recognition = wharfage.app.get(Recognition);
  await wharfage.source.query(`update revenue_progress set recognized_through = date '2026-01-15' - date '1970-01-01'`); // it was killed then
  await wharfage.ok('GET', '/v2/test-clock'); // the clock is read anew
  await Promise.all(Array.from({ length: 6 }, () => recognition.runDue()));
  const entries = await wharfage.source.query(`select cause_id from journal_entry where cause_kind = 'recognition' order by 1`);
  expect(entries.map((entry: any) => entry.cause_id)).toEqual(
    Array.from({ length: 20 }, (_day, i) => `default USD 2026-01-${String(i + 1).padStart(2, '0')}`),
  );
  expect(await balances(wharfage)).toMatchObject({ revenue: '-20.00', deferred_revenue: '-11.00' });
});

test('an invoice that commits after its day was declared over is made up for on the next one', async () => {
  await account('acme');
  await account('late');
  await subscribe('acme', 'small');
  await wharfage.source.query(`update revenue_progress set recognized_through = date '2026-01-01' - date '1970-01-01'`);
  await subscribe('late', 'small');
  const [row] = await wharfage.source.query(
    `select issue_day - (date '2026-01-01' - date '1970-01-01') as ahead from revenue_line order by issued_at, issue_day desc limit 1`,
  );
  expect(row.ahead).toBe(1);
});

describe('random lives', () => {
  test('at any instant the ledger defers what the domain says, and the reports say the same', async () => {
    const random = numbers(20_260_101);
    const keys = ['a', 'b', 'c', 'd'];
    for (const [i, key] of keys.entries())
      await account(key, { timeZone: ['UTC', 'America/Los_Angeles', 'Asia/Tokyo', 'Pacific/Apia'][i] });
    const plans = ['small', 'large', 'days', 'yearly', 'arrears', 'setup'];
    const held = new Map<string, string>();
    let now = Date.parse('2026-01-01T00:00:00Z');
    const instants: string[] = [];
    for (let step = 0; step < 40; step += 1) {
      now += Math.floor(random() * 6 * 86_400_000);
      await wharfage.travel(new Date(now).toISOString());
      instants.push(new Date(now).toISOString());
      const key = keys[Math.floor(random() * keys.length)] ?? '';
      const id = held.get(key);
      const plan = plans[Math.floor(random() * plans.length)];
      if (id === undefined) held.set(key, (await subscribe(key, plan ?? '')).id);
      else if (random() < 0.6) await wharfage.call('POST', `/v2/subscriptions/${id}/change-plan`, { plan });
      else {
        await wharfage.call('POST', `/v2/subscriptions/${id}/cancel`, { when: 'now', proration: random() < 0.5 ? 'prorate' : 'none' });
        held.delete(key);
      }
    }
    for (const asOf of instants) {
      const { deferred_revenue: deferred = '0.00' } = await balances(wharfage, asOf);
      expect([asOf, deferred]).toEqual([asOf, await deferredBy(wharfage, asOf)]);
    }
    await monthsTie(instants.at(-1) ?? '');
    expect(await differences(wharfage)).toEqual([]);
  });

  /** Each month closes with what the ledger has then; recognized revenue is what the ledger account moved by. */
  async function monthsTie(asOf: string): Promise<void> {
    const waterfall = await report(wharfage, 'deferred-revenue', `asOf=${asOf}`);
    const actual = waterfall.filter((row) => row.status === 'actual');
    expect(actual.length).toBeGreaterThan(3);
    let revenue = 0;
    for (const row of actual) {
      const end = new Date(Date.UTC(Number(row.month.slice(0, 4)), Number(row.month.slice(5)), 1) - 1)
        .toISOString()
        .replace('999Z', '999999Z');
      const then = await balances(wharfage, end < asOf ? end : asOf);
      expect([row.month, `-${String(row.closing)}`]).toEqual([row.month, then['deferred_revenue']]);
    }
    for (const row of await report(wharfage, 'revenue', `asOf=${asOf}`)) revenue += Math.round(Number(row.recognized) * 100);
    expect(revenue).toBe(-Math.round(Number((await balances(wharfage, asOf))['revenue']) * 100));
  }
});

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
