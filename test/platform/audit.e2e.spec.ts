import { BillRuns } from '../../src/invoices/bill-runs.js';
import { OpeningBalances } from '../../src/invoices/opening-balances.js';
import { OPERATOR } from '../../src/common/actor.js';
import { accountIdFor } from '../../src/common/ids.js';
import { parseInstant } from '../../src/domain/instant.js';
import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const plan = (amount: string) => ({
  name: 'Flat',
  product: 'test',
  currency: 'USD',
  interval: { unit: 'month', count: 1 },
  prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount }],
});
const entries = async (query: string): Promise<any[]> => (await wharfage.ok('GET', `/v2/audit?limit=200&${query}`)).data;
const account = (key: string, more: object = {}) =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', ...more });

beforeAll(async () => {
  wharfage = await TestApp.start();
  await wharfage.ok('PUT', '/v2/plans/flat', plan('12.00'));
}, 30_000);
afterAll(async () => {
  await afterStory(wharfage);
  await wharfage.close();
});

test('an invoice names who caused it: a caller, or the service where time did', async () => {
  await account('caused');
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'caused', plan: 'flat' });
  expect(await entries('account=caused&action=invoice.finalized')).toMatchObject([{ actorKind: 'api_key' }]);
  await wharfage.travel('2026-02-01T00:00:00Z');
  expect(await entries('account=caused&action=invoice.finalized')).toMatchObject([{ actorKind: 'system' }, { actorKind: 'api_key' }]);
});

test('use that is reported is noted where it changes', async () => {
  await account('user');
  await wharfage.ok('PUT', '/v2/features/repos', { name: 'Repositories', kind: 'limit' });
  for (const used of [3, 3, 5]) await wharfage.ok('PUT', '/v2/accounts/user/entitlements/repos/used', { used });
  expect(await entries('account=user&action=account.use_reported')).toMatchObject([
    { subjectId: 'user', actorKind: 'api_key', before: { feature: 'repos', used: 3 }, after: { feature: 'repos', used: 5 } },
    { subjectId: 'user', before: { feature: 'repos', used: null }, after: { feature: 'repos', used: 3 } },
  ]);
});

test('a redemption stands on its coupon', async () => {
  await account('saver');
  await wharfage.ok('PUT', '/v2/coupons/ten', { percentOff: '10', duration: 'once' });
  const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: 'saver', plan: 'flat', coupon: 'ten' });
  expect(await entries('subjectType=coupon&subjectId=ten&action=coupon.redeemed')).toMatchObject([
    { actorKind: 'api_key', before: { redemptions: 0 }, after: { redemptions: 1, subscription: id } },
  ]);
});

test('an account that is parked, and taken back, and what a caller sees of the reason', async () => {
  await account('parked');
  await wharfage.source.query(`alter table invoice_line add constraint no_new check (amount_minor <> 1234)`);
  await wharfage.ok('PUT', '/v2/plans/odd', plan('12.34'));
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'parked', plan: 'odd' });
  const [parked] = (await wharfage.ok('GET', '/v2/bill-runs/parked')).data;
  expect(parked).toMatchObject({ account: 'parked', rule: 'unexpected_error' });
  expect(parked.detail).not.toMatch(/violates|no_new|row|1234/);
  expect(await entries('account=parked&action=account.parked')).toMatchObject([{ subjectId: 'parked', actorKind: 'api_key' }]);
  await wharfage.source.query(`alter table invoice_line drop constraint no_new`);
  await wharfage.ok('POST', '/v2/accounts/parked/bill', {});
  expect(await entries('account=parked&action=account.taken_back')).toMatchObject([{ subjectId: 'parked', actorKind: 'api_key' }]);
  await wharfage.ok('POST', '/v2/accounts/parked/bill', {});
  expect(await entries('account=parked&action=account.taken_back')).toHaveLength(1);
});

test('entries on an account bear its key', async () => {
  await account('late', { provider: 'sandbox' });
  await wharfage.ok('POST', '/v2/accounts/late/payment-methods', { token: 'sandbox_declined_hard' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'late', plan: 'flat' });
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  await wharfage.travel(now); // collects what is pending
  await wharfage.source.transaction((tx) =>
    wharfage.app
      .get(OpeningBalances)
      .set(tx, OPERATOR, { accountId: accountIdFor('late'), key: 'late', amountMinor: 500n, currency: 'USD' }),
  );
  for (const action of ['account.past_due', 'account.balance_opened'])
    expect(await entries(`account=late&action=${action}`)).toMatchObject([{ subjectType: 'account', subjectId: 'late' }]);
});

test('a bill run and a migration of holders note that they are over, once', async () => {
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  const { id } = await wharfage.ok('POST', '/v2/bill-runs', { asOf: now });
  await wharfage.app.get(BillRuns).execute(id);
  expect(await entries(`subjectType=bill_run&subjectId=${String(id)}&action=bill_run.finished`)).toMatchObject([
    { after: { invoices: 0, parked: 0 } },
  ]);
  const migration = await wharfage.ok('POST', '/v2/plans/flat/migrations', { toVersion: 1, when: 'now' });
  expect(await entries('subjectType=plan&subjectId=flat&action=plan.migration_finished')).toMatchObject([
    { after: { id: migration.id, moved: 0 } },
  ]);
});

test('a dry run that is done twice counts once', async () => {
  const runs = wharfage.app.get(BillRuns);
  const asOf = parseInstant('2026-04-01T00:00:00Z');
  const { id } = await wharfage.source.transaction((tx) => runs.note(tx, OPERATOR, { asOf, dryRun: true }));
  await Promise.all([runs.execute(id), runs.execute(id)]);
  const due = await wharfage.source.query('select from billing_state where next_due <= $1', ['2026-04-01T00:00:00Z']);
  expect((await wharfage.ok('GET', `/v2/bill-runs/${id}`)).accounts).toBe(due.length);
});

describe('the test clock', () => {
  test('moves with an entry for each move', async () => {
    await wharfage.travel('2026-03-15T00:00:00Z');
    const moves = await entries('subjectType=test_clock');
    expect(moves[0].after.now).toBe('2026-03-15T00:00:00Z');
    for (const [i, later] of moves.slice(0, -1).entries()) expect(later.before.now).toBe(moves[i + 1].after.now);
  });

  test('set by several at once, ends at the furthest', async () => {
    const set = (now: string) => wharfage.call('PUT', '/v2/test-clock', { now });
    for (let day = 16; day < 26; day += 3) {
      const wanted = [day + 2, day, day + 1].map((one) => `2026-03-${String(one)}T00:00:00Z`);
      await Promise.all(wanted.map(set));
      expect((await wharfage.ok('GET', '/v2/test-clock')).now).toBe(wanted[0]);
    }
  });
});

test('a preview refuses the coupons that the start would', async () => {
  await account('curious');
  await wharfage.ok('PUT', '/v2/coupons/gone', { percentOff: '10', duration: 'once', archived: true });
  for (const [coupon, status, code] of [
    ['none', 404, 'coupon_not_found'],
    ['gone', 409, 'coupon_archived'],
  ] as const)
    for (const path of ['/v2/subscriptions/preview', '/v2/subscriptions'])
      expect(await wharfage.call('POST', path, { account: 'curious', plan: 'flat', coupon })).toMatchObject({ status, body: { code } });
});
