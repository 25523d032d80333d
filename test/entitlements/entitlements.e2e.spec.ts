import { TestApp } from '../support/app.js';

let wharfage: TestApp;
const plan = (product: string, entitlements: object, more: object = {}) => ({
  name: 'P',
  product,
  currency: 'USD',
  interval: { unit: 'month', count: 1 },
  prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '31.00' }],
  entitlements,
  ...more,
});
const of = async (key: string): Promise<any> => wharfage.ok('GET', `/v2/accounts/${key}/entitlements`);
const check = async (key: string, feature: string, quantity?: number): Promise<any> =>
  wharfage.ok('GET', `/v2/accounts/${key}/entitlements/${feature}${quantity === undefined ? '' : `?quantity=${String(quantity)}`}`);
const open = (key: string, more: object = {}) =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', ...more });
const subscribe = async (account: string, key: string, more: object = {}): Promise<string> =>
  (await wharfage.ok('POST', '/v2/subscriptions', { account, plan: key, ...more })).id;

beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/features/repos', { name: 'Repositories', kind: 'limit' });
  await wharfage.ok('PUT', '/v2/features/support', { name: 'Support', kind: 'flag' });
  await wharfage.ok('PUT', '/v2/plans/free', plan('hub', { repos: { limit: 1 } }, { defaultFor: ['user'], prices: [] }));
  await wharfage.ok('PUT', '/v2/plans/small', plan('hub', { repos: { limit: 5 } }));
  await wharfage.ok(
    'PUT',
    '/v2/plans/large',
    plan(
      'hub',
      { repos: { limit: 20 }, support: { enabled: true } },
      {
        prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '62.00' }],
      },
    ),
  );
  await wharfage.ok('PUT', '/v2/plans/unlimited', plan('other', { repos: { limit: null } }));
}, 30_000);
afterAll(() => wharfage.close());

describe('what an account may do', () => {
  test('is what its default plan, subscriptions, add-ons and overrides grant, the highest of each', async () => {
    await open('merged');
    expect(await of('merged')).toMatchObject({ features: { repos: { limit: 1 } }, plans: ['free'], pastDue: null });
    const first = await subscribe('merged', 'small', { overrides: { entitlements: { repos: { limit: 7 }, support: { enabled: false } } } });
    expect((await of('merged')).features).toEqual({ repos: { limit: 7 }, support: { enabled: false } });
    const second = await subscribe('merged', 'large', { addOnTo: first });
    expect((await of('merged')).features).toEqual({ repos: { limit: 20 }, support: { enabled: true } });
    const third = await subscribe('merged', 'unlimited');
    expect((await of('merged')).features.repos).toEqual({ limit: null });
    for (const id of [third, second]) await wharfage.ok('POST', `/v2/subscriptions/${id}/cancel`, { when: 'now' });
    expect((await of('merged')).features).toEqual({ repos: { limit: 7 }, support: { enabled: false } });
  });

  test('follows every change at once, with a new revision, an ETag, and an event', async () => {
    await open('followed');
    const id = await subscribe('followed', 'small');
    const before = await wharfage.call('GET', '/v2/accounts/followed/entitlements');
    const etag = before.headers['etag'] ?? '';
    expect(await wharfage.call('GET', '/v2/accounts/followed/entitlements', undefined, { 'if-none-match': etag })).toMatchObject({
      status: 304,
      text: '',
    });
    await wharfage.ok('POST', `/v2/subscriptions/${id}/change-plan`, { plan: 'large' });
    const after = await wharfage.call('GET', '/v2/accounts/followed/entitlements', undefined, { 'if-none-match': etag });
    expect(after).toMatchObject({ status: 200, body: { revision: Number(before.body.revision) + 1, features: { repos: { limit: 20 } } } });
    const { data } = await wharfage.ok('GET', '/v2/events?account=followed&type=entitlements.changed');
    expect(data[0]).toMatchObject({ type: 'entitlements.changed', data: after.body });
    expect(data).toHaveLength(after.body.revision);
    await wharfage.ok('POST', `/v2/subscriptions/${id}/change-quantity`, { price: 'base', quantity: 2 });
    expect((await of('followed')).revision).toBe(after.body.revision);
  });

  test('follows the time, whether somebody asks or not', async () => {
    await open('timed');
    const id = await subscribe('timed', 'small', { startsAt: '2026-01-03T00:00:00Z', endsAt: '2026-01-20T00:00:00Z' });
    expect((await of('timed')).features.repos).toEqual({ limit: 1 });
    await wharfage.travel('2026-01-04T00:00:00Z');
    expect((await of('timed')).features.repos).toEqual({ limit: 5 });
    await wharfage.ok('POST', `/v2/subscriptions/${id}/pause`, { resumesAt: '2026-01-08T00:00:00Z' });
    expect((await of('timed')).features.repos).toEqual({ limit: 1 });
    await wharfage.travel('2026-01-09T00:00:00Z');
    expect((await of('timed')).features.repos).toEqual({ limit: 5 });
    await wharfage.travel('2026-01-21T00:00:00Z');
    const events = (await wharfage.ok('GET', '/v2/events?account=timed')).data.map((event: any) => event.data.features.repos.limit);
    expect(events).toEqual([1, 5, 1, 5, 1]);
    expect((await of('timed')).features.repos).toEqual({ limit: 1 });
  });

  test('follows default plans, of which a product has one for each kind of account', async () => {
    await open('defaulted');
    await open('organized', { kind: 'organization' });
    expect((await of('organized')).features).toEqual({});
    await wharfage.ok('PUT', '/v2/plans/free', plan('hub', { repos: { limit: 2 } }, { defaultFor: ['user'], prices: [] }));
    expect((await of('defaulted')).features.repos).toEqual({ limit: 2 });
    expect(await wharfage.call('PUT', '/v2/plans/free-too', plan('hub', {}, { defaultFor: ['user', 'organization'] }))).toMatchObject({
      status: 409,
      body: { code: 'default_plan_taken' },
    });
    await wharfage.ok('PUT', '/v2/plans/free-orgs', plan('hub', { repos: { limit: 0 } }, { defaultFor: ['organization'], prices: [] }));
    expect((await of('organized')).features.repos).toEqual({ limit: 0 });
    await wharfage.ok('POST', '/v2/plans/free-orgs/archive', {});
    expect((await of('organized')).features).toEqual({});
    await wharfage.ok('PUT', '/v2/plans/free', plan('hub', { repos: { limit: 1 } }, { defaultFor: ['user'], prices: [] }));
  });

  test('names features that exist, each by its kind', async () => {
    expect(await wharfage.call('PUT', '/v2/plans/typo', plan('hub', { rpeos: { limit: 1 } }))).toMatchObject({
      status: 422,
      body: { code: 'unknown_feature', errors: [{ pointer: '/entitlements/rpeos' }] },
    });
    expect(await wharfage.call('PUT', '/v2/plans/typo', plan('hub', { repos: { enabled: true } }))).toMatchObject({
      status: 400,
      body: { errors: [{ code: 'wrong_feature_kind' }] },
    });
    expect(await wharfage.call('PUT', '/v2/features/repos', { name: 'R', kind: 'flag' })).toMatchObject({
      status: 409,
      body: { code: 'feature_kind_fixed' },
    });
  });
});

describe('a check', () => {
  test('answers with the limit, what is used as it was reported, and what is left', async () => {
    await open('checked');
    await subscribe('checked', 'small');
    await wharfage.ok('PUT', '/v2/accounts/checked/entitlements/repos/used', { used: 4 });
    expect(await check('checked', 'repos')).toEqual({
      feature: 'repos',
      allowed: true,
      limit: 5,
      used: 4,
      remaining: 1,
      reason: 'within_limit',
    });
    expect(await check('checked', 'repos', 5)).toMatchObject({ allowed: true });
    expect(await check('checked', 'repos', 6)).toMatchObject({ allowed: false, reason: 'limit_exceeded' });
    expect(await check('checked', 'support')).toMatchObject({ allowed: false, limit: 0, reason: 'not_included' });
    expect(await wharfage.call('GET', '/v2/accounts/checked/entitlements/nothing')).toMatchObject({
      status: 404,
      body: { code: 'feature_not_found' },
    });
    expect(await wharfage.call('GET', '/v2/accounts/nobody/entitlements/repos')).toMatchObject({
      status: 404,
      body: { code: 'account_not_found' },
    });
    expect(await wharfage.call('GET', '/v2/accounts/checked/entitlements/repos?quantity=-1')).toMatchObject({ status: 400 });
    expect(await wharfage.call('PUT', '/v2/accounts/checked/entitlements/support/used', { used: 1 })).toMatchObject({ status: 409 });
  });

  test('reads what is used from a meter: its level, or its sum in the billing period', async () => {
    await wharfage.ok('PUT', '/v2/meters/nodes', {
      name: 'Nodes',
      eventType: 'node',
      aggregation: 'time_weighted',
      value: 'n',
      resource: 'node',
      mode: 'level',
      unit: 'hour',
    });
    await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
    await wharfage.ok('PUT', '/v2/features/nodes', { name: 'Nodes', kind: 'limit', meter: 'nodes' });
    await wharfage.ok('PUT', '/v2/features/calls', { name: 'Calls', kind: 'limit', meter: 'calls' });
    await wharfage.ok('PUT', '/v2/plans/metered', plan('cloud', { nodes: { limit: 3 }, calls: { limit: 100 } }));
    await open('metered');
    await subscribe('metered', 'metered');
    const { now } = await wharfage.ok('GET', '/v2/test-clock');
    await wharfage.report([
      { id: '1', source: 's', type: 'node', subject: 'metered', time: now, data: { node: 'a', n: 2 } },
      { id: '2', source: 's', type: 'call', subject: 'metered', time: now, data: { n: '90.5' } },
    ]);
    expect(await check('metered', 'nodes')).toMatchObject({ allowed: true, used: 2, remaining: 1 });
    expect(await check('metered', 'calls', 101)).toMatchObject({ allowed: false, used: 91, remaining: 9 });
    await wharfage.travel(new Date(Date.parse(now) + 40 * 86_400_000).toISOString());
    expect(await check('metered', 'calls')).toMatchObject({ used: 0 });
    expect(await check('metered', 'nodes')).toMatchObject({ used: 2 });
    expect(await wharfage.call('PUT', '/v2/accounts/metered/entitlements/nodes/used', { used: 1 })).toMatchObject({
      status: 409,
      body: { code: 'feature_not_reported' },
    });
  });

  test('is refused without the scope, and after the key was revoked in another process', async () => {
    const other = await TestApp.start({ env: { DATABASE_URL: wharfage.url, TEST_CLOCK: 'on' }, now: '2026-04-01T00:00:00Z' });
    try {
      await open('shared');
      const { id, key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'hub', scopes: ['accounts:read'] });
      const headers = { authorization: `Bearer ${String(key)}` };
      const ask = () => other.send('GET', '/v2/accounts/shared/entitlements/repos', { headers });
      expect(await ask()).toMatchObject({ status: 200, body: { limit: 1 } });
      await subscribe('shared', 'large');
      expect(await ask()).toMatchObject({ status: 200, body: { limit: 20 } });
      await wharfage.call('DELETE', `/v2/api-keys/${String(id)}`);
      expect(await ask()).toMatchObject({ status: 401, body: { code: 'api_key_revoked' } });
      const { key: blind } = await wharfage.ok('POST', '/v2/api-keys', { name: 'blind', scopes: ['usage:read'] });
      expect(
        await other.send('GET', '/v2/accounts/shared/entitlements', { headers: { authorization: `Bearer ${String(blind)}` } }),
      ).toMatchObject({
        status: 403,
      });
      expect(await other.send('GET', '/v2/accounts/shared/entitlements')).toMatchObject({ status: 401, body: { code: 'missing_api_key' } });
    } finally {
      await other.close();
    }
  });

  test('asked for many accounts at once by several callers, is for each caller what it may see of the account that it named', async () => {
    for (const [account, used] of [
      ['first', 1],
      ['second', 2],
      ['third', 3],
    ] as const) {
      await open(`crowd-${account}`);
      await wharfage.ok('PUT', `/v2/accounts/crowd-${account}/entitlements/repos/used`, { used });
    }
    const keyWith = async (scope: string) => (await wharfage.ok('POST', '/v2/api-keys', { name: scope, scopes: [scope] })).key as string;
    const [hub, blind] = [await keyWith('accounts:read'), await keyWith('usage:read')];
    const unknown = `${hub.slice(0, -1)}${hub.endsWith('0') ? '1' : '0'}`;
    const ask = (key: string, account: string) =>
      wharfage.send('GET', `/v2/accounts/crowd-${account}/entitlements/repos`, { headers: { authorization: `Bearer ${key}` } });
    const answers = await Promise.all([
      ask(hub, 'third'),
      ask(blind, 'first'),
      ask(hub, 'first'),
      ask(unknown, 'second'),
      ask(hub, 'nobody'),
      ask(hub, 'first'),
      ask(hub, 'second'),
    ]);
    expect(answers.map(({ status, body }) => [status, body.code ?? body.used])).toEqual([
      [200, 3],
      [403, 'missing_scope'],
      [200, 1],
      [401, 'invalid_api_key'],
      [404, 'account_not_found'],
      [200, 1],
      [200, 2],
    ]);
  });
});

describe('limits', () => {
  test('a plan below what is used is refused with the numbers where limits are enforced', async () => {
    await open('full');
    const id = await subscribe('full', 'large');
    await wharfage.ok('PUT', '/v2/accounts/full/entitlements/repos/used', { used: 12 });
    const change = (body: object) => wharfage.call('POST', `/v2/subscriptions/${id}/change-plan`, { plan: 'small', when: 'auto', ...body });
    const refused = await change({ enforceLimits: true });
    expect(refused).toMatchObject({ status: 409, body: { code: 'usage_exceeds_limit', errors: [{ pointer: '/features/repos' }] } });
    expect(refused.body.detail).toContain('12');
    expect(refused.body.detail).toContain('5');
    expect(await change({})).toMatchObject({ status: 200, body: { plan: 'large', scheduledChanges: [{ plan: 'small' }] } });
  });

  test('a user who uses more than an organization may is not converted, unless it is forced', async () => {
    await open('converted');
    const id = await subscribe('converted', 'small');
    await wharfage.ok('PUT', '/v2/accounts/converted/entitlements/repos/used', { used: 5 });
    expect(await wharfage.ok('POST', '/v2/accounts/converted/convert', {})).toMatchObject({ kind: 'organization', key: 'converted' });
    expect(await wharfage.ok('GET', `/v2/subscriptions/${id}`)).toMatchObject({ account: 'converted', status: 'active' });
    await open('refused');
    await wharfage.ok('PUT', '/v2/accounts/refused/entitlements/repos/used', { used: 1 });
    expect(await wharfage.call('POST', '/v2/accounts/refused/convert', {})).toMatchObject({
      status: 409,
      body: { code: 'usage_exceeds_limit' },
    });
    expect(await wharfage.ok('POST', '/v2/accounts/refused/convert', { force: true })).toMatchObject({ kind: 'organization' });
    expect((await of('refused')).features).toEqual({});
  });
});

test('an account that is past due keeps its entitlements, and is shown to be so', async () => {
  await open('late', { provider: 'sandbox' });
  await wharfage.ok('POST', '/v2/accounts/late/payment-methods', { token: 'sandbox_declined_soft' });
  const id = await subscribe('late', 'small');
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  await wharfage.travel(new Date(Date.parse(now) + 60_000).toISOString());
  expect(await of('late')).toMatchObject({ features: { repos: { limit: 5 } }, pastDue: { policy: 'keep' } });
  expect(await wharfage.ok('GET', `/v2/subscriptions/${id}`)).toMatchObject({ status: 'past_due' });
  expect((await wharfage.ok('GET', '/v2/subscriptions?account=late&status=past_due')).data).toHaveLength(1);
  await wharfage.ok('POST', '/v2/accounts/late/payment-methods', { token: 'sandbox_ok' });
  await wharfage.travel(new Date(Date.parse(now) + 120_000).toISOString());
  expect(await of('late')).toMatchObject({ pastDue: null });
  expect(await wharfage.ok('GET', `/v2/subscriptions/${id}`)).toMatchObject({ status: 'active' });
});
