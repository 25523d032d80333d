import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
}, 30_000);
afterAll(() => wharfage.close());

const account = { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC' };
const month = { unit: 'month', count: 1 };
const plan = (amount: string, more: object = {}) => ({
  name: 'P',
  product: 'hub',
  currency: 'USD',
  interval: month,
  prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount }],
  ...more,
});
const metered = (meter: string, more: object = {}) =>
  plan('1.00', { prices: [{ key: 'use', kind: 'metered', meter, model: 'per_unit', unitPrice: '1', ...more }] });

describe('plans', () => {
  test('the same body again changes nothing; another one makes the next version', async () => {
    expect(await wharfage.ok('PUT', '/v2/plans/versions', plan('1.00'))).toMatchObject({ version: 1 });
    expect(await wharfage.ok('PUT', '/v2/plans/versions', plan('1.00'))).toMatchObject({ version: 1 });
    expect(await wharfage.ok('PUT', '/v2/plans/versions', plan('2.00'))).toMatchObject({ version: 2 });
    expect((await wharfage.ok('GET', '/v2/plans/versions/versions')).data.map((one: any) => one.prices[0].amount)).toEqual([
      '2.00',
      '1.00',
    ]);
    expect((await wharfage.ok('GET', '/v2/audit?subjectType=plan&subjectId=versions')).data).toHaveLength(2);
  });

  test('a version that comes later is in force later, and holders keep theirs', async () => {
    await wharfage.ok('PUT', '/v2/plans/later', plan('10.00'));
    await wharfage.ok('PUT', '/v2/plans/later', plan('20.00', { effectiveAt: '2026-06-01T00:00:00Z' }));
    expect(await wharfage.ok('GET', '/v2/plans/later')).toMatchObject({ version: 1 });
    for (const [key, startsAt] of [
      ['early', '2026-01-01T00:00:00Z'],
      ['late', '2026-06-15T00:00:00Z'],
    ]) {
      await wharfage.ok('PUT', `/v2/accounts/${String(key)}`, account);
      await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'later', startsAt });
    }
    const held = async (key: string): Promise<number> => (await wharfage.ok('GET', `/v2/subscriptions?account=${key}`)).data[0].planVersion;
    expect([await held('early'), await held('late')]).toEqual([1, 2]);
    expect(await wharfage.call('PUT', '/v2/plans/later', plan('30.00', { effectiveAt: '2025-01-01T00:00:00Z' }))).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/effectiveAt' }] },
    });
  });

  test('a version is never changed, in the database either', async () => {
    for (const statement of [
      `update plan_version set content = '{}'`,
      'delete from plan_version',
      'truncate plan_version',
      'update subscription_change set seq = 9',
    ])
      await expect(wharfage.source.query(statement)).rejects.toThrow();
  });

  test('an archived plan is sold to nobody', async () => {
    await wharfage.ok('PUT', '/v2/plans/old', plan('1.00'));
    await wharfage.ok('POST', '/v2/plans/old/archive');
    await wharfage.ok('PUT', '/v2/accounts/buyer', account);
    expect(await wharfage.call('POST', '/v2/subscriptions', { account: 'buyer', plan: 'old' })).toMatchObject({
      status: 409,
      body: { code: 'plan_archived' },
    });
  });

  test('a free level is for meters that have one', async () => {
    await wharfage.ok('PUT', '/v2/meters/sums', { name: 'S', eventType: 'sums', aggregation: 'sum', value: 'n' });
    expect(await wharfage.call('PUT', '/v2/plans/x', metered('sums', { freeConcurrent: '1' }))).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/prices/0/freeConcurrent', code: 'not_a_level' }] },
    });
  });
});

describe('meters and rates', () => {
  test('a meter that is used keeps its definition', async () => {
    const meter = { name: 'M', eventType: 'used', aggregation: 'sum', value: 'n' };
    await wharfage.ok('PUT', '/v2/meters/used', meter);
    await wharfage.ok('PUT', '/v2/meters/used', { ...meter, value: 'm' });
    await wharfage.ok('PUT', '/v2/plans/used', metered('used'));
    expect(await wharfage.call('PUT', '/v2/meters/used', meter)).toMatchObject({ status: 409, body: { code: 'meter_in_use' } });
    expect(await wharfage.ok('PUT', '/v2/meters/used', { ...meter, value: 'm', name: 'Renamed' })).toMatchObject({
      name: 'Renamed',
      inUse: true,
    });
  });

  test('a tax rate and a coupon change but for their names', async () => {
    const vat = { name: 'VAT', rate: '0.20', category: 'S', inclusive: false };
    await wharfage.ok('PUT', '/v2/tax-rates/vat', vat);
    expect(await wharfage.call('PUT', '/v2/tax-rates/vat', { ...vat, rate: '0.21' })).toMatchObject({
      status: 409,
      body: { code: 'tax_rate_immutable' },
    });
    expect(await wharfage.ok('PUT', '/v2/tax-rates/vat', { ...vat, name: 'Value added' })).toMatchObject({ name: 'Value added' });
    await wharfage.ok('PUT', '/v2/coupons/c', { percentOff: '10', duration: 'once' });
    expect(await wharfage.call('PUT', '/v2/coupons/c', { percentOff: '20', duration: 'once' })).toMatchObject({
      status: 409,
      body: { code: 'coupon_immutable' },
    });
  });
});

describe('subscriptions', () => {
  const open = async (key: string, body: object = {}): Promise<any> => {
    await wharfage.ok('PUT', `/v2/accounts/${key}`, account);
    await wharfage.ok('PUT', '/v2/plans/small', plan('7.00'));
    return wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'small', ...body });
  };

  test('one meter is priced by one live subscription', async () => {
    await wharfage.ok('PUT', '/v2/meters/once', { name: 'M', eventType: 'once', aggregation: 'count', groupBy: ['region'] });
    await wharfage.ok('PUT', '/v2/plans/all', metered('once'));
    await wharfage.ok('PUT', '/v2/plans/eu', metered('once', { filter: { region: ['eu'] } }));
    await wharfage.ok('PUT', '/v2/plans/us', metered('once', { filter: { region: ['us'] } }));
    await wharfage.ok('PUT', '/v2/accounts/metered', account);
    await wharfage.ok('POST', '/v2/subscriptions', { account: 'metered', plan: 'eu' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: 'metered', plan: 'us' });
    expect(await wharfage.call('POST', '/v2/subscriptions', { account: 'metered', plan: 'all' })).toMatchObject({
      status: 409,
      body: { code: 'meter_already_priced' },
    });
  });

  test('of two cancellations at once one wins, and the other is told so', async () => {
    const { id } = await open('twice');
    const replies = await Promise.all([1, 2].map(() => wharfage.call('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now' })));
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 409]);
    expect((await wharfage.ok('GET', `/v2/subscriptions/${String(id)}`)).status).toBe('canceled');
  });

  test('a start long ago takes a scope of its own', async () => {
    const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'hub', scopes: ['subscriptions:write'] });
    await wharfage.ok('PUT', '/v2/accounts/past', account);
    const payload = { account: 'past', plan: 'small', startsAt: '2025-01-01T00:00:00Z' };
    expect(
      await wharfage.send('POST', '/v2/subscriptions', {
        payload,
        headers: { authorization: `Bearer ${String(key)}`, 'idempotency-key': 'past' },
      }),
    ).toMatchObject({ status: 422, body: { code: 'backdated_too_far' } });
    expect(await open('past', { startsAt: '2025-01-01T00:00:00Z' })).toMatchObject({ status: 'active', startsAt: '2025-01-01T00:00:00Z' });
  });

  test.each([
    ['a quantity of no price', { quantities: { seat: 2 } }, 400],
    ['an end before the start', { endsAt: '2025-12-31T00:00:00Z' }, 400],
    ['an anchor with calendar periods', { alignment: 'calendar', anchorAt: '2026-01-15T00:00:00Z' }, 400],
    ['a coupon that is not there', { coupon: 'none' }, 404],
    ['a version that is not there', { planVersion: 9 }, 404],
  ])('%s is refused, and nothing is created', async (_case, body, status) => {
    await wharfage.ok('PUT', '/v2/accounts/refused', account);
    expect((await wharfage.call('POST', '/v2/subscriptions', { account: 'refused', plan: 'small', ...body })).status).toBe(status);
    expect((await wharfage.ok('GET', '/v2/subscriptions?account=refused')).data).toEqual([]);
  });

  test('the currency of an account is fixed once something is billed', async () => {
    await open('billed');
    expect(await wharfage.call('PUT', '/v2/accounts/billed', { ...account, currency: 'EUR' })).toMatchObject({ status: 409 });
    await wharfage.ok('PUT', '/v2/accounts/euro', { ...account, currency: 'EUR' });
    expect(await wharfage.call('POST', '/v2/subscriptions', { account: 'euro', plan: 'small' })).toMatchObject({
      status: 409,
      body: { code: 'currency_mismatch' },
    });
  });
});
