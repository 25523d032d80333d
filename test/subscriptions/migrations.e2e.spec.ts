import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const plan = (amount: string, more: object = {}) => ({
  name: 'P',
  product: 'test',
  currency: 'USD',
  interval: { unit: 'month', count: 1 },
  prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount }],
  ...more,
});
const held = async (account: string): Promise<number> =>
  (await wharfage.ok('GET', `/v2/subscriptions?account=${account}`)).data[0].planVersion;

beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/plans/p', plan('31.00'));
  await wharfage.ok('PUT', '/v2/plans/q', plan('5.00'));
  for (const key of ['a', 'b', 'c', 'd']) {
    await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'p' });
  }
  const [c] = (await wharfage.ok('GET', '/v2/subscriptions?account=c')).data;
  await wharfage.ok('POST', `/v2/subscriptions/${String(c.id)}/change-plan`, { plan: 'q', when: 'period_end' });
  const [d] = (await wharfage.ok('GET', '/v2/subscriptions?account=d')).data;
  await wharfage.ok('POST', `/v2/subscriptions/${String(d.id)}/cancel`, { when: 'now' });
  await wharfage.ok(
    'PUT',
    '/v2/plans/p',
    plan('62.00', { prices: [...plan('62.00').prices, { key: 'setup', kind: 'one_time', amount: '9.00' }] }),
  );
  await wharfage.travel('2026-01-11T00:00:00Z');
}, 30_000);
afterEach(async () => {
  await afterStory(wharfage);
  await wharfage.close();
});

test('a dry run says how many it concerns and what it changes in money, and changes nothing', async () => {
  const dry = await wharfage.ok('POST', '/v2/plans/p/migrations', { toVersion: 2, when: 'now', dryRun: true });
  expect(dry).toMatchObject({
    status: 'finished',
    holders: 3,
    moved: 0,
    dueNow: '63.00', // 21 of 31 days, 31.00 more, three times
    recurringPerMonth: { before: '93.00', after: '186.00' },
  });
  expect(await Promise.all(['a', 'b', 'c'].map(held))).toEqual([1, 1, 1]);
});

test('moved now: prorated, without one-time prices; whoever chose another plan still leaves', async () => {
  const dry = await wharfage.ok('POST', '/v2/plans/p/migrations', { toVersion: 2, when: 'now', dryRun: true });
  const before = (await wharfage.ok('GET', '/v2/invoices?limit=200')).data.length;
  expect(await wharfage.ok('POST', '/v2/plans/p/migrations', { toVersion: 2, when: 'now', reason: 'new prices' })).toMatchObject({
    holders: 3,
    moved: 3,
    refused: [],
  });
  const fresh = (await wharfage.ok('GET', '/v2/invoices?limit=200')).data.slice(0, -before);
  expect(fresh.map((invoice: any) => invoice.total)).toEqual(['21.00', '21.00', '21.00']);
  expect(dry.dueNow).toBe('63.00');
  expect(await Promise.all(['a', 'b', 'c'].map(held))).toEqual([2, 2, 2]);
  expect(await wharfage.ok('POST', '/v2/plans/p/migrations', { toVersion: 2, when: 'now' })).toMatchObject({ holders: 0, moved: 0 });
  await wharfage.travel('2026-02-02T00:00:00Z');
  expect((await wharfage.ok('GET', '/v2/subscriptions?account=c')).data[0].plan).toBe('q');
  expect(
    (await wharfage.ok('GET', '/v2/accounts/a/timeline')).data.find((entry: any) => entry.action === 'subscription.plan_changed'),
  ).toMatchObject({
    reason: 'new prices',
  });
});

test("moved at each holder's period end: those who leave then are not", async () => {
  const done = await wharfage.ok('POST', '/v2/plans/p/migrations', { fromVersions: [1], toVersion: 2, when: 'period_end' });
  expect(done).toMatchObject({ holders: 3, moved: 2, refused: [{ code: 'plan_not_held' }] });
  expect(await held('a')).toBe(1);
  await wharfage.travel('2026-02-01T00:00:00Z');
  expect(await Promise.all(['a', 'b'].map(held))).toEqual([2, 2]);
  const { data } = await wharfage.ok('GET', '/v2/plans/p/migrations');
  expect(data).toMatchObject([{ id: done.id, when: 'period_end', moved: 2 }]);
  expect(await wharfage.ok('GET', `/v2/plans/p/migrations/${String(done.id)}`)).toEqual(data[0]);
});

test('a holder that somebody is changing is waited for, and each is moved in a transaction of its own', async () => {
  const [busy] = (await wharfage.ok('GET', '/v2/subscriptions?account=b')).data;
  const other = wharfage.source.createQueryRunner();
  await other.startTransaction();
  await other.query('select 1 from subscription where id = $1 for update', [busy.id]);
  const done = wharfage.ok('POST', '/v2/plans/p/migrations', { toVersion: 2, when: 'now' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await other.rollbackTransaction();
  await other.release();
  expect(await done).toMatchObject({ status: 'finished', holders: 3, moved: 3, refused: [] });
  const since = await wharfage.source.query(`select xmin::text as tx from invoice where issued_at >= '2026-01-11'`);
  expect(new Set(since.map((row: any) => row.tx)).size).toBe(3);
});

test('what cannot be migrated is refused', async () => {
  expect(await wharfage.call('POST', '/v2/plans/p/migrations', { toVersion: 7, when: 'now' })).toMatchObject({ status: 404 });
  expect(await wharfage.call('POST', '/v2/plans/nope/migrations', { toVersion: 1, when: 'now' })).toMatchObject({ status: 404 });
  expect(await wharfage.call('POST', '/v2/plans/p/migrations', { toVersion: 1, when: 'soon' })).toMatchObject({ status: 400 });
  expect(await wharfage.call('GET', '/v2/plans/p/migrations/mig_none')).toMatchObject({ status: 404 });
});

describe('whoever has not started', () => {
  const startsAt = '2026-02-01T00:00:00Z';
  const total = async (): Promise<string[]> =>
    (await wharfage.ok('GET', '/v2/invoices?account=e')).data.flatMap((invoice: any) =>
      invoice.lines.map((line: any) => `${String(line.price)} v${String(line.planVersion)} ${String(line.amount)}`),
    );

  beforeEach(async () => {
    await wharfage.ok('PUT', '/v2/accounts/e', { kind: 'user', name: 'e', currency: 'USD' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: 'e', plan: 'p', planVersion: 2, startsAt });
    const prices = [...plan('93.00').prices, { key: 'second-setup', kind: 'one_time', amount: '7.00' }];
    await wharfage.ok('PUT', '/v2/plans/p', plan('93.00', { prices }));
  });

  test.each([
    ['now', 'now'],
    ["at the period's end", 'period_end'],
    ['at a date before the start', '2026-01-21T00:00:00Z'],
  ])('is moved at the start, and charged the one-time prices that it began with: %s', async (_name, when) => {
    const done = await wharfage.ok('POST', '/v2/plans/p/migrations', { fromVersions: [2], toVersion: 3, when });
    expect(done).toMatchObject({ holders: 1, moved: 1, refused: [] });
    await wharfage.travel('2026-02-01T00:00:00Z');
    expect(await total()).toEqual(['base v3 93.00', 'setup v2 9.00']);
  });

  test('is canceled at once, for good, and makes room for another', async () => {
    const [{ id }] = (await wharfage.ok('GET', '/v2/subscriptions?account=e')).data;
    expect(await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now' })).toMatchObject({
      status: 'canceled',
      endsAt: '2026-01-11T00:00:00Z',
    });
    expect(await wharfage.call('POST', `/v2/subscriptions/${String(id)}/uncancel`, {})).toMatchObject({
      status: 409,
      body: { code: 'subscription_canceled' },
    });
    await wharfage.travel('2026-02-02T00:00:00Z');
    expect(await total()).toEqual([]);
  });
});
