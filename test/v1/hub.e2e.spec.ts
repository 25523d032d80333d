import { spawnSync } from 'node:child_process';
import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
let headers: Record<string, string>;
const hub = (method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, payload?: unknown) =>
  wharfage.send(method, `/v1${path}`, { payload, headers });

beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  const seeded = spawnSync(process.execPath, ['dist/src/cli/main.js', 'seed'], {
    env: {
      ...process.env,
      DATABASE_URL: wharfage.url,
      LOG_LEVEL: 'silent',
      TEST_CLOCK: 'on',
      KEY_HASH_SECRET: 'a secret for tests, and for tests only',
    },
    encoding: 'utf8',
  });
  expect([seeded.status, seeded.stderr]).toEqual([0, '']);
  const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'hub', scopes: ['v1'] });
  headers = { authorization: `Bearer ${String(key)}` };
}, 60_000);
afterAll(async () => {
  await afterStory(wharfage);
  await wharfage.close();
});

let accounts = 0;
async function account(type = 'user', token?: string): Promise<string> {
  const code = `hub-${String((accounts += 1))}`;
  expect(await hub('PUT', `/accounts/${code}`, { type, email: 'a@example.com', company_name: 'Acme' })).toMatchObject({ status: 200 });
  if (token !== undefined) expect(await hub('PUT', `/accounts/${code}/billing_info`, { token })).toMatchObject({ status: 200 });
  return code;
}
const totals = async (code: string): Promise<number[]> =>
  (await hub('GET', `/accounts/${code}/invoices`)).body.map((invoice: any) => invoice.total_in_cents).reverse();

test('a coupon is redeemed with the subscription, and refused as v2 does', async () => {
  await wharfage.ok('PUT', '/v2/coupons/half', { percentOff: '50', duration: 'once' });
  const code = await account('user', 'sandbox_ok');
  const subscribe = (coupon_code: string) =>
    hub('POST', `/accounts/${code}/subscription`, { plan_code: 'index_personal_small', coupon_code });
  expect(await subscribe('none')).toMatchObject({ status: 404, body: { code: 'coupon_not_found' } });
  expect(await subscribe('No Key')).toMatchObject({ status: 400, body: { errors: [{ pointer: '/coupon_code', code: 'invalid_key' }] } });
  expect(await subscribe('half')).toMatchObject({ status: 201 });
  expect(await totals(code)).toEqual([600]);
  expect(await hub('PUT', `/accounts/${code}/subscription`, { plan_code: 'index_personal_small', coupon_code: 'half' })).toMatchObject({
    status: 400,
  });
});

test('a subscription that has not started is canceled', async () => {
  const code = await account();
  await wharfage.ok('POST', '/v2/subscriptions', { account: code, plan: 'index_personal_small', startsAt: '2026-06-01T00:00:00Z' });
  const ended = await hub('DELETE', `/accounts/${code}/subscription`);
  expect([ended.status, ended.body.expires_at]).toEqual([200, '2026-06-01T00:00:00Z']);
  expect((await hub('GET', `/accounts/${code}/subscription`)).body).toEqual(ended.body);
  expect(await totals(code)).toEqual([]);
});

test('six plans are sold, the cheapest first; default plans are not', async () => {
  const { body } = await hub('GET', '/plans');
  expect(body.map((plan: any) => [plan.plan_code, plan.price_in_cents, plan.num_private_repos, plan.num_parallel_builds])).toEqual([
    ['index_personal_micro', 700, 5, 5],
    ['index_personal_small', 1200, 10, 10],
    ['index_personal_medium', 2200, 20, 20],
    ['index_personal_large', 5000, 50, 50],
    ['index_personal_xlarge', 10_000, 100, 100],
    ['index_personal_xxlarge', 25_000, 250, 250],
  ]);
  expect((await hub('GET', '/plans/index_personal_small')).body).toEqual({
    plan_code: 'index_personal_small',
    slug: 'index-personal-small',
    name: 'Small: 10 private repositories',
    price_in_cents: 1200,
    currency: 'USD',
    num_private_repos: 10,
    num_parallel_builds: 10,
    plan_interval_unit: 'months',
    plan_interval_length: 1,
    is_active: true,
  });
  for (const code of ['cloud-nodes', 'index_user', 'nothing']) expect(await hub('GET', `/plans/${code}`)).toMatchObject({ status: 404 });
});

test('an account is created, read and changed, and keeps what v2 knows of it', async () => {
  const code = await account();
  const again = { account_code: code, type: 'user', email: 'a@example.com', company_name: 'Acme' };
  const first = (await hub('GET', `/accounts/${code}`)).body;
  expect((await hub('PUT', `/accounts/${code}`, again)).body).toEqual(first);
  const full = {
    kind: 'user',
    name: 'Acme',
    email: 'a@example.com',
    currency: 'USD',
    timeZone: 'Europe/Paris',
    provider: 'sandbox',
    metadata: { crm: '1' },
  };
  await wharfage.ok('PUT', `/v2/accounts/${code}`, full);
  await hub('PUT', `/accounts/${code}`, { type: 'user', company_name: 'Acme Ltd' });
  expect(await wharfage.ok('GET', `/v2/accounts/${code}`)).toMatchObject({ ...full, name: 'Acme Ltd', email: null });
  expect(await hub('PUT', `/accounts/${code}`, { type: 'organization' })).toMatchObject({ status: 409 });
  expect(await hub('PUT', `/accounts/${code}`, { type: 'robot' })).toMatchObject({ status: 400 });
  expect(await hub('PUT', `/accounts/${code}`, { account_code: 'other', type: 'user' })).toMatchObject({ status: 400 });
  expect(await hub('GET', '/accounts/nobody')).toMatchObject({ status: 404, body: { code: 'account_not_found' } });
});

test('what an account may do: its default plan, then its subscription', async () => {
  const [user, organization] = [await account(), await account('organization')];
  expect((await hub('GET', `/accounts/${user}/entitlements`)).body).toEqual({
    account_code: user,
    num_private_repos: 1,
    num_parallel_builds: 1,
    is_past_due: false,
  });
  expect((await hub('GET', `/accounts/${organization}/entitlements`)).body).toMatchObject({ num_private_repos: 0 });
  await hub('POST', `/accounts/${user}/subscription`, { plan_code: 'index_personal_large' });
  const entitled = await hub('GET', `/accounts/${user}/entitlements`);
  expect(entitled.body).toMatchObject({ num_private_repos: 50 });
  const unchanged = { headers: { ...headers, 'if-none-match': entitled.headers['etag'] ?? '' } };
  expect(await wharfage.send('GET', `/v1/accounts/${user}/entitlements`, unchanged)).toMatchObject({ status: 304 });
  expect(await wharfage.call('GET', `/v1/accounts/nobody/entitlements`)).toMatchObject({ status: 404 });
});

test('a dearer plan takes effect at once and is prorated, a cheaper one at the end of the period', async () => {
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  const day = (n: number): string => new Date(Date.parse(now) + n * 86_400_000).toISOString();
  const code = await account('user', 'sandbox_ok');
  const subscription = `/accounts/${code}/subscription`;
  expect(await hub('GET', subscription)).toMatchObject({ status: 404, body: { code: 'subscription_not_found' } });
  expect(await hub('POST', subscription, { plan_code: 'nothing' })).toMatchObject({ status: 404 });
  expect(await hub('POST', subscription, { plan_code: 'cloud-nodes' })).toMatchObject({ status: 404 });
  expect(await hub('POST', subscription, { plan_code: 'index_personal_small' })).toMatchObject({
    status: 201,
    body: { account_code: code, plan_code: 'index_personal_small', state: 'active', price_in_cents: 1200, pending_plan_code: null },
  });
  expect(await hub('POST', subscription, { plan_code: 'index_personal_large' })).toMatchObject({
    status: 409,
    body: { code: 'subscription_exists' },
  });
  await wharfage.travel(day(15.5));
  expect(await hub('PUT', subscription, { plan_code: 'index_personal_large' })).toMatchObject({
    body: { plan_code: 'index_personal_large' },
  });
  expect(await hub('PUT', subscription, { plan_code: 'index_personal_large' })).toMatchObject({ status: 200 });
  expect(await totals(code)).toEqual([1200, 1900]); // half of 50.00 less half of 12.00, in a month of 31 days
  expect(await hub('PUT', subscription, { plan_code: 'index_personal_micro' })).toMatchObject({
    body: { plan_code: 'index_personal_large', pending_plan_code: 'index_personal_micro' },
  });
  expect(await hub('PUT', subscription, { plan_code: 'index_personal_large' })).toMatchObject({ body: { pending_plan_code: null } });
  await hub('PUT', subscription, { plan_code: 'index_personal_micro' });
  await wharfage.travel(day(32));
  expect(await hub('GET', subscription)).toMatchObject({ body: { plan_code: 'index_personal_micro', pending_plan_code: null } });
  expect(await totals(code)).toEqual([1200, 1900, 700]);
  expect((await hub('GET', `/accounts/${code}/entitlements`)).body).toMatchObject({ num_private_repos: 5 });
});

test('a plan below what is used is refused with the numbers, unless it is forced', async () => {
  const code = await account();
  await hub('POST', `/accounts/${code}/subscription`, { plan_code: 'index_personal_medium' });
  await wharfage.ok('PUT', `/v2/accounts/${code}/entitlements/private_repos/used`, { used: 12 });
  const refused = await hub('PUT', `/accounts/${code}/subscription`, { plan_code: 'index_personal_small' });
  expect(refused).toMatchObject({ status: 409, body: { code: 'usage_exceeds_limit' } });
  expect(refused.body.detail).toContain('12 of "private_repos" are used, and 10 would be allowed');
  expect(await hub('PUT', `/accounts/${code}/subscription?force=true`, { plan_code: 'index_personal_small' })).toMatchObject({
    status: 200,
    body: { pending_plan_code: 'index_personal_small' },
  });
});

test('a cancellation takes effect at the end of the period, and is taken back', async () => {
  const code = await account();
  const subscription = `/accounts/${code}/subscription`;
  await hub('POST', subscription, { plan_code: 'index_personal_micro' });
  const active = (await hub('GET', subscription)).body;
  const canceled = await hub('DELETE', subscription);
  expect(canceled).toMatchObject({ status: 200, body: { state: 'canceled', expires_at: active.current_period_ends_at } });
  expect((await hub('DELETE', subscription)).body).toEqual(canceled.body);
  expect((await hub('POST', `${subscription}/reactivate`)).body).toEqual(active);
  expect(await hub('POST', `${subscription}/reactivate`)).toMatchObject({ status: 409, body: { code: 'nothing_scheduled' } });
  await hub('DELETE', subscription);
  await wharfage.travel(active.current_period_ends_at);
  expect(await hub('GET', subscription)).toMatchObject({ status: 404 });
  expect(await hub('POST', subscription, { plan_code: 'index_personal_micro' })).toMatchObject({ status: 201 });
});

test('a user becomes an organization, and keeps its subscription', async () => {
  const code = await account();
  await hub('POST', `/accounts/${code}/subscription`, { plan_code: 'index_personal_micro' });
  expect(await hub('POST', `/accounts/${code}/convert_to_organization`)).toMatchObject({ status: 200, body: { type: 'organization' } });
  expect(await hub('GET', `/accounts/${code}/subscription`)).toMatchObject({ body: { plan_code: 'index_personal_micro' } });
  const full = await account();
  await wharfage.ok('PUT', `/v2/accounts/${full}/entitlements/private_repos/used`, { used: 1 });
  expect(await hub('POST', `/accounts/${full}/convert_to_organization`)).toMatchObject({
    status: 409,
    body: { code: 'usage_exceeds_limit' },
  });
  expect(await hub('POST', `/accounts/${full}/convert_to_organization?force=true`)).toMatchObject({ status: 200 });
  expect(await hub('POST', `/accounts/${full}/convert_to_organization?force=perhaps`)).toMatchObject({ status: 400 });
});

test('invoices are told in whole cents, page by page', async () => {
  const code = await account('user', 'sandbox_ok');
  await hub('POST', `/accounts/${code}/subscription`, { plan_code: 'index_personal_micro' });
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  await wharfage.travel(new Date(Date.parse(now) + 40 * 86_400_000).toISOString());
  const page = await hub('GET', `/accounts/${code}/invoices?limit=1`);
  const next = /<\/v1(.*)>; rel="next"/.exec(page.headers['link'] ?? '')?.[1] ?? '';
  const [older] = (await hub('GET', next)).body;
  expect(older).toMatchObject({
    account_code: code,
    state: 'paid',
    total_in_cents: 700,
    balance_in_cents: 0,
    line_items: [{ plan_code: 'index_personal_micro', amount_in_cents: 700, discount_in_cents: 0 }],
  });
  expect((await hub('GET', `/invoices/${String(older.invoice_number)}`)).body).toEqual(older);
  expect(await hub('GET', '/invoices/INV-999999')).toMatchObject({ status: 404 });
  expect(await hub('PUT', `/accounts/${code}/billing_info`, { token: 'nonsense' })).toMatchObject({ status: 422 });
});

test('a key without the scope is refused, and the scope opens nothing else', async () => {
  const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'other', scopes: ['accounts:*', 'plans:*'] });
  const other = { authorization: `Bearer ${String(key)}` };
  for (const path of ['/v1/plans', '/v1/accounts/hub-1', '/v1/accounts/hub-1/entitlements'])
    expect(await wharfage.send('GET', path, { headers: other })).toMatchObject({ status: 403, body: { code: 'missing_scope' } });
  expect(await wharfage.send('GET', '/v2/accounts', { headers })).toMatchObject({ status: 403 });
});
