import { randomUUID } from 'node:crypto';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start();
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD' });
  await wharfage.ok('PUT', '/v2/plans/p', {
    name: 'P',
    product: 'test',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '1.00' }],
  });
}, 30_000);
afterAll(() => wharfage.close());

const named = (name: string, headers = {}) => wharfage.call('PUT', '/v2/accounts/acme', { kind: 'user', name, currency: 'USD' }, headers);
const newestEntry = async (): Promise<any> => (await wharfage.ok('GET', '/v2/audit?account=acme&limit=1')).data[0];

describe('the id of a request', () => {
  test('is unlike any other, and stands in the answer and in the audit trail', async () => {
    const ids = (await Promise.all(Array.from({ length: 20 }, () => wharfage.call('GET', '/v2/plans')))).map(
      ({ headers }) => headers['x-request-id'],
    );
    expect(new Set(ids).size).toBe(20);
    expect(ids[0]).toMatch(/^req_[0-9a-z]{20}$/);
    const { headers } = await named('Acme 2');
    expect(await newestEntry()).toMatchObject({ requestId: headers['x-request-id'] });
  });

  test("is the caller's where it can stand in a log, and only then", async () => {
    const own = await named('Acme 3', { 'x-request-id': 'trace-1.2:3_4' });
    expect(own.headers['x-request-id']).toBe('trace-1.2:3_4');
    expect(await newestEntry()).toMatchObject({ requestId: 'trace-1.2:3_4' });
    for (const odd of ['', 'a b', 'x'.repeat(101), '{"a":1}'])
      expect((await named('Acme 3', { 'x-request-id': odd })).headers['x-request-id']).toMatch(/^req_/);
    const refused = await wharfage.call('GET', '/v2/accounts/nobody', undefined, { 'x-request-id': 'mine' });
    expect(refused.body.requestId).toBe('mine');
  });
});

describe('why a request changes something', () => {
  test('stands in every audit entry that it makes', async () => {
    await named('Acme 4', { 'wharfage-reason': 'ticket 4711' });
    expect(await newestEntry()).toMatchObject({ action: 'account.changed', reason: 'ticket 4711' });
    await named('Acme 5', { 'wharfage-reason': Buffer.from('Müller', 'utf8').toString('latin1') });
    expect(await newestEntry()).toMatchObject({ reason: 'Müller' });
    await named('Acme 6');
    expect(await newestEntry()).toMatchObject({ reason: null });
  });

  test('is what the body says where both do', async () => {
    const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'p' }, { 'wharfage-reason': 'a sale' });
    const about = async (): Promise<any> => (await wharfage.ok('GET', `/v2/audit?subjectId=${String(id)}&limit=1`)).data[0];
    expect(await about()).toMatchObject({ action: 'subscription.started', reason: 'a sale' });
    const body = { reason: 'too dear' };
    await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, body, { 'wharfage-reason': 'ticket 4712' });
    expect(await about()).toMatchObject({ action: 'subscription.ended', reason: 'too dear' });
  });

  test('is bounded', async () => {
    expect(await named('Acme 7', { 'wharfage-reason': 'x'.repeat(500) })).toMatchObject({ status: 200 });
    expect(await named('Acme 8', { 'wharfage-reason': 'x'.repeat(501) })).toMatchObject({
      status: 400,
      body: { code: 'reason_too_long' },
    });
  });
});

describe('what creates or bills something', () => {
  const without = { 'idempotency-key': '' };
  const bare = (url: string, payload: object = {}) =>
    wharfage.send('POST', url, { payload, headers: { authorization: `Bearer ${wharfage.adminKey}` } });

  test.each([
    ...['change-plan', 'change-quantity', 'cancel', 'uncancel', 'pause', 'resume', 'extend-trial', 'discard-scheduled'].map((action) => [
      `/v2/subscriptions/sub_1/${action}`,
      {
        'change-plan': { plan: 'p' },
        'change-quantity': { price: 'base', quantity: 2 },
        'extend-trial': { trialEndsAt: '2026-03-01T00:00:00Z' },
      }[action] ?? {},
    ]),
    ['/v2/subscriptions', { account: 'acme', plan: 'p' }],
    ['/v2/api-keys', { name: 'x', scopes: ['v1'] }],
    ['/v2/accounts/acme/bill', {}],
    ['/v2/bill-runs', { asOf: '2026-01-01T00:00:00Z' }],
    ['/v2/plans/p/migrations', { toVersion: 1, when: 'now' }],
    ['/v2/invoices/inv_1/pay', {}],
    ['/v2/payments', { invoice: 'inv_1', amount: '1.00', method: 'wire' }],
    ['/v2/payments/pay_1/refunds', { reason: 'x' }],
  ] as [string, object][])('needs an Idempotency-Key: %s', async (url, payload) => {
    expect(await bare(url, payload)).toMatchObject({ status: 400, body: { code: 'idempotency_key_required' } });
    expect(await wharfage.call('POST', url, payload, without)).toMatchObject({ status: 400, body: { code: 'idempotency_key_invalid' } });
  });

  test('makes one API key under one Idempotency-Key, and says which', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { name: 'once', scopes: ['v1'] };
    const made = await wharfage.ok('POST', '/v2/api-keys', body, headers);
    const again = await wharfage.call('POST', '/v2/api-keys', body, headers);
    expect(again).toMatchObject({ status: 409, body: { code: 'already_done' } });
    expect(again.body.detail).toContain(made.id);
    expect((await wharfage.ok('GET', '/v2/api-keys')).data.filter(({ name }: { name: string }) => name === 'once')).toHaveLength(1);
    const stored = JSON.stringify(await wharfage.source.query('select answer from idempotency_key'));
    expect(stored).not.toContain(made.key.split('_').at(-1));
    expect(await wharfage.call('POST', '/v2/api-keys', { ...body, name: 'other' }, headers)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });
});

test('API keys of one instant are listed in the order of their making, the newest first', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `key ${String(i)}`);
  for (const name of names) await wharfage.ok('POST', '/v2/api-keys', { name, scopes: ['v1'] });
  const { data } = await wharfage.ok('GET', '/v2/api-keys?limit=12');
  expect(data.map(({ name }: { name: string }) => name)).toEqual(names.toReversed());
});
