import { randomUUID } from 'node:crypto';
import { readConfig } from '../../src/config.js';
import { openApiDocument } from '../../src/openapi-document.js';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start();
}, 30_000);
afterAll(() => wharfage.close());

const as = (key: string) => ({ authorization: `Bearer ${key}` });
const account = { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC' };
const newKey = async (scopes: string[], more: object = {}): Promise<{ id: string; key: string }> =>
  wharfage.ok('POST', '/v2/api-keys', { name: 'test', scopes, ...more });

describe('keys', () => {
  test.each([
    ['no key', {}, 401, 'missing_api_key'],
    ['another scheme', { authorization: 'Basic abc' }, 401, 'invalid_api_key'],
    ['a key of another form', as('nonsense'), 401, 'invalid_api_key'],
    ['a key that nobody has', as(`whf_local_${'a'.repeat(12)}_${'b'.repeat(48)}`), 401, 'invalid_api_key'],
  ])('%s is refused', async (_case, headers, status, code) => {
    expect(await wharfage.send('GET', '/v2/accounts', { headers })).toMatchObject({ status, body: { code } });
  });

  test('a key does what its scopes say, and no more', async () => {
    const { key } = await newKey(['accounts:read']);
    expect(await wharfage.send('GET', '/v2/accounts', { headers: as(key) })).toMatchObject({ status: 200 });
    expect(await wharfage.send('PUT', '/v2/accounts/x', { payload: account, headers: as(key) })).toMatchObject({
      status: 403,
      body: { code: 'missing_scope', detail: expect.stringContaining('accounts:write') },
    });
    const { key: all } = await newKey(['accounts:*']);
    expect(await wharfage.send('PUT', '/v2/accounts/x', { payload: account, headers: as(all) })).toMatchObject({ status: 200 });
  });

  test('a revoked key is refused at the next request', async () => {
    const { id, key } = await newKey(['accounts:read']);
    expect(await wharfage.call('DELETE', `/v2/api-keys/${id}`)).toMatchObject({ status: 204 });
    expect(await wharfage.send('GET', '/v2/accounts', { headers: as(key) })).toMatchObject({
      status: 401,
      body: { code: 'api_key_revoked' },
    });
  });

  test('a rotated key works on for the overlap, beside the new one', async () => {
    const { id, key } = await newKey(['accounts:read']);
    const { key: next } = await wharfage.ok('POST', `/v2/api-keys/${id}/rotate`, { overlapSeconds: 60 });
    for (const one of [key, next]) expect(await wharfage.send('GET', '/v2/accounts', { headers: as(one) })).toMatchObject({ status: 200 });
    const { now } = await wharfage.ok('GET', '/v2/test-clock');
    await wharfage.travel(new Date(Date.parse(now) + 61_000).toISOString());
    expect(await wharfage.send('GET', '/v2/accounts', { headers: as(key) })).toMatchObject({
      status: 401,
      body: { code: 'api_key_expired' },
    });
    expect(await wharfage.send('GET', '/v2/accounts', { headers: as(next) })).toMatchObject({ status: 200 });
  });

  test('a rotated key ends when the old one would have; one that has ended is not rotated', async () => {
    const { now } = await wharfage.ok('GET', '/v2/test-clock');
    const at = (seconds: number): string => new Date(Date.parse(now) + seconds * 1000).toISOString().replace('.000Z', 'Z');
    const { id } = await wharfage.ok('POST', '/v2/api-keys', { name: 'brief', scopes: ['accounts:read'], expiresAt: at(3600) });
    const rotated = await wharfage.ok('POST', `/v2/api-keys/${String(id)}/rotate`, { overlapSeconds: 60 });
    expect(rotated.expiresAt).toBe(at(3600));
    await wharfage.travel(at(3601));
    expect(await wharfage.call('POST', `/v2/api-keys/${String(rotated.id)}/rotate`, {})).toMatchObject({
      status: 409,
      body: { code: 'api_key_expired' },
    });
  });

  test('of a key only a hash is kept', async () => {
    const { key } = await newKey(['accounts:read']);
    const rows = await wharfage.source.query('select * from api_key');
    expect(JSON.stringify(rows, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      key.split('_')[3],
    );
  });

  test('every route asks for a scope, but for those that need none', async () => {
    const { paths } = openApiDocument(wharfage.app);
    for (const [path, operations] of Object.entries<any>(paths))
      for (const method of Object.keys(operations)) {
        const url = path.replace(/\{[^}]+\}/g, 'x');
        const reply = await wharfage.send(method.toUpperCase() as 'GET', url);
        expect([method, path, reply.status]).toEqual([method, path, 401]);
      }
  });
});

describe('idempotency', () => {
  const prepare = async (): Promise<{ account: string; plan: string }> => {
    const name = randomUUID();
    await wharfage.ok('PUT', `/v2/accounts/${name}`, account);
    await wharfage.ok('PUT', '/v2/plans/once', {
      name: 'Once',
      product: 'hub',
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: [],
    });
    return { account: name, plan: 'once' };
  };
  const subscriptionsOf = async (key: string): Promise<unknown[]> => (await wharfage.ok('GET', `/v2/subscriptions?account=${key}`)).data;

  test('the same request again gets the same answer, and does nothing', async () => {
    const body = await prepare();
    const key = { 'idempotency-key': randomUUID() };
    const first = await wharfage.call('POST', '/v2/subscriptions', body, key);
    const second = await wharfage.call('POST', '/v2/subscriptions', body, key);
    expect(second).toMatchObject({ status: first.status, body: first.body, headers: { 'idempotency-replayed': 'true' } });
    expect(await subscriptionsOf(body.account)).toHaveLength(1);
  });

  test('another body under the same key is refused', async () => {
    const body = await prepare();
    const key = { 'idempotency-key': randomUUID() };
    await wharfage.call('POST', '/v2/subscriptions', body, key);
    expect(await wharfage.call('POST', '/v2/subscriptions', { ...body, trialDays: 3 }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  test('so is another query', async () => {
    const { account } = await prepare();
    const key = { 'idempotency-key': randomUUID() };
    const path = `/v1/accounts/${account}/subscription`;
    expect(await wharfage.call('PUT', path, { plan_code: 'once' }, key)).toMatchObject({ status: 404 });
    expect(await wharfage.call('PUT', `${path}?force=true`, { plan_code: 'once' }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  test('sent many times at once, it is done once', async () => {
    const body = await prepare();
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 8 }, () => wharfage.call('POST', '/v2/subscriptions', body, key)));
    for (const reply of replies) expect([201, 409]).toContain(reply.status);
    expect(await subscriptionsOf(body.account)).toHaveLength(1);
  });

  test('a refusal after the work began is given again, and undid the work', async () => {
    const body = { ...(await prepare()), plan: 'none' };
    const key = { 'idempotency-key': randomUUID() };
    for (const replayed of [undefined, 'true']) {
      const reply = await wharfage.call('POST', '/v2/subscriptions', body, key);
      expect(reply).toMatchObject({ status: 404, body: { code: 'plan_not_found' } });
      expect(reply.headers['idempotency-replayed']).toBe(replayed);
    }
  });
});

test('the audit trail says who changed what, from what, to what', async () => {
  await wharfage.ok('PUT', '/v2/accounts/audited', account);
  await wharfage.ok('PUT', '/v2/accounts/audited', { ...account, name: 'Renamed' });
  await wharfage.ok('PUT', '/v2/accounts/audited', { ...account, name: 'Renamed' }); // changes nothing
  const { data } = await wharfage.ok('GET', '/v2/audit?account=audited');
  expect(data.map((entry: any) => [entry.action, entry.before?.name ?? null, entry.after.name])).toEqual([
    ['account.changed', 'Acme', 'Renamed'],
    ['account.created', null, 'Acme'],
  ]);
  expect(data[0].actorKind).toBe('api_key');
});

test('a list goes on where its page ended, and ends', async () => {
  for (let i = 0; i < 5; i += 1) await wharfage.ok('PUT', `/v2/accounts/page-${String(i)}`, { ...account, kind: 'organization' });
  const keys: string[] = [];
  for (let cursor = ''; ;) {
    const { data, nextCursor } = await wharfage.ok('GET', `/v2/accounts?kind=organization&limit=2${cursor}`);
    keys.push(...data.map((one: any) => one.key as string));
    if (nextCursor === null) break;
    cursor = `&cursor=${String(nextCursor)}`;
  }
  expect(keys.sort()).toEqual([0, 1, 2, 3, 4].map((i) => `page-${String(i)}`));
});

test('If-Match keeps two writers apart', async () => {
  const { headers } = await wharfage.call('PUT', '/v2/accounts/etag', account);
  expect(await wharfage.call('PUT', '/v2/accounts/etag', { ...account, name: 'B' }, { 'if-match': headers['etag'] ?? '' })).toMatchObject({
    status: 200,
  });
  expect(await wharfage.call('PUT', '/v2/accounts/etag', { ...account, name: 'C' }, { 'if-match': headers['etag'] ?? '' })).toMatchObject({
    status: 412,
    body: { code: 'precondition_failed' },
  });
});

test('the test clock goes forwards only', async () => {
  expect(await wharfage.call('PUT', '/v2/test-clock', { now: '2020-01-01T00:00:00Z' })).toMatchObject({
    status: 422,
    body: { code: 'test_clock_backwards' },
  });
});

test('a key that asks too often is told to wait, and another one is not', async () => {
  const limited = await TestApp.start({ env: { RATE_LIMIT: '2', DATABASE_URL: wharfage.url } });
  try {
    const { key } = await newKey(['accounts:read']);
    const { key: other } = await newKey(['accounts:read']);
    const replies = await Promise.all(Array.from({ length: 20 }, () => limited.send('GET', '/v2/accounts', { headers: as(key) })));
    expect(replies.find((reply) => reply.status === 429)).toMatchObject({
      headers: { 'retry-after': '1' },
      body: { code: 'rate_limited' },
    });
    expect(replies.filter((reply) => reply.status === 200).length).toBeGreaterThanOrEqual(2);
    expect(await limited.send('GET', '/v2/accounts', { headers: as(other) })).toMatchObject({ status: 200 });
  } finally {
    await limited.close();
  }
});

test('settings that cannot be are refused all at once', () => {
  expect(() => readConfig({ PORT: 'x', ROLE: 'boss', NODE_ENV: 'production', TEST_CLOCK: 'on', DATABASE_URL: 'mysql://x' })).toThrow(
    /PORT must[^]*ROLE must[^]*TEST_CLOCK cannot/,
  );
});

describe('the sandbox moves no money, so in production', () => {
  const production = { NODE_ENV: 'production', KEY_HASH_SECRET: 'a secret for tests, and for tests only' };

  test.each([{}, { V1_PROVIDER: 'sandbox' }])('no accounts of v1 come to it: %j', (env) => {
    expect(() => readConfig({ ...production, ...env })).toThrow(/V1_PROVIDER cannot be sandbox/);
    expect(readConfig({ ...production, V1_PROVIDER: 'manual' }).v1Provider).toBe('manual');
  });

  test('nor is any account given it', async () => {
    const live = await TestApp.start({
      env: { ...production, DATABASE_URL: wharfage.url, TEST_CLOCK: 'off', V1_PROVIDER: 'manual', ROLE: 'api' },
    });
    const put = (key: string, provider: string) =>
      live.send('PUT', `/v2/accounts/${key}`, {
        headers: { authorization: `Bearer ${wharfage.adminKey}` },
        payload: { kind: 'user', name: key, currency: 'USD', provider },
      });
    try {
      expect(await put('earnest', 'sandbox')).toMatchObject({ status: 422, body: { code: 'sandbox_in_production' } });
      expect(await put('earnest', 'manual')).toMatchObject({ status: 200 });
      expect(await put('earnest', 'sandbox')).toMatchObject({ status: 422 });
    } finally {
      await live.close();
    }
  });
});
