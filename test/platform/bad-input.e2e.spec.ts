import { gzipSync } from 'node:zlib';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start();
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC' });
  await wharfage.ok('PUT', '/v2/plans/flat', plan({ amount: '12.00' }));
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'flat' });
  const [invoice] = (await wharfage.ok('GET', '/v2/invoices?account=acme')).data;
  known.invoice = invoice.id;
  known.payment = (await wharfage.ok('POST', '/v2/payments', { invoice: invoice.id, amount: '2.00', method: 'wire' })).id;
}, 30_000);
afterAll(() => wharfage.close());

const account = { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC' };
const plan = (price: object) => ({
  name: 'P',
  product: 'hub',
  currency: 'USD',
  interval: { unit: 'month', count: 1 },
  prices: [{ key: 'base', kind: 'recurring', model: 'flat', ...price }],
});
const event = (more: object = {}) => ({
  id: 'e',
  source: 's',
  type: 'call',
  subject: 'acme',
  time: '2026-01-01T00:00:00Z',
  data: { n: 1 },
  ...more,
});
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const JSON_TYPE = { 'content-type': 'application/json' };

type BadRequest = [name: string, send: () => Promise<any>, status: number, code: string, pointer?: string];
const known = { invoice: '', payment: '' };

const raw = (method: 'GET' | 'PUT' | 'POST', url: string, payload: unknown, headers: Record<string, string> = JSON_TYPE) =>
  wharfage.send(method, url, {
    payload,
    headers: { authorization: `Bearer ${wharfage.adminKey}`, 'idempotency-key': String(Math.floor(performance.now() * 1e6)), ...headers },
  });

describe('every bad request gets a problem that says what to do, and never a 5xx', () => {
  test.each<BadRequest>([
    ['an unknown field', () => raw('PUT', '/v2/accounts/x', { ...account, bogus: 1 }), 400, 'invalid_request', '/bogus'],
    ['a missing field', () => raw('PUT', '/v2/accounts/x', { ...account, name: undefined }), 400, 'invalid_request', '/name'],
    ['money as a number', () => raw('PUT', '/v2/plans/x', plan({ amount: 12 })), 400, 'invalid_request', '/prices/0/amount'],
    [
      'money with too many decimals',
      () => raw('PUT', '/v2/plans/x', plan({ amount: '1.005' })),
      400,
      'invalid_request',
      '/prices/0/amount',
    ],
    ['money below zero', () => raw('PUT', '/v2/plans/x', plan({ amount: '-1.00' })), 400, 'invalid_request', '/prices/0/amount'],
    ['a currency that is none', () => raw('PUT', '/v2/accounts/x', { ...account, currency: 'ABC' }), 400, 'invalid_request', '/currency'],
    [
      'a time zone that is none',
      () => raw('PUT', '/v2/accounts/x', { ...account, timeZone: 'Mars/Base' }),
      400,
      'invalid_request',
      '/timeZone',
    ],
    ['a NUL in a string', () => raw('PUT', '/v2/accounts/x', JSON.stringify({ ...account, name: 'a\0b' })), 400, 'nul_byte'],
    ['a NUL in the path', () => raw('GET', '/v2/accounts/a%00b', undefined, {}), 400, 'nul_byte'],
    ['a NUL in the query', () => raw('GET', '/v2/invoices?account=a%00', undefined, {}), 400, 'nul_byte'],
    ['1e400', () => raw('PUT', '/v2/accounts/x', `{"kind":1e400}`), 400, 'number_out_of_range'],
    ['a number of 20 digits', () => raw('PUT', '/v2/accounts/x', `{"kind":12345678901234567890}`), 400, 'number_too_precise'],
    [
      'a string of 10 MiB',
      () => raw('PUT', '/v2/accounts/x', JSON.stringify({ ...account, name: 'x'.repeat(10 * 1024 * 1024) })),
      413,
      'body_too_large',
    ],
    ['deep nesting', () => raw('PUT', '/v2/accounts/x', `{"name":${nested(100_000)}}`), 400, 'too_deep'],
    ['__proto__', () => raw('PUT', '/v2/accounts/x', '{"__proto__":{"admin":true}}'), 400, 'reserved_name'],
    ['a list for an object', () => raw('PUT', '/v2/accounts/x', '[]'), 400, 'invalid_request', ''],
    ['a number for an object', () => raw('PUT', '/v2/accounts/x', '5'), 400, 'invalid_request', ''],
    ['a text for an object', () => raw('PUT', '/v2/accounts/x', '"x"'), 400, 'invalid_request', ''],
    ['null for an object', () => raw('PUT', '/v2/accounts/x', 'null'), 400, 'invalid_request', ''],
    ['null for an action', () => raw('POST', '/v2/subscriptions/sub_1/preview', 'null'), 400, 'invalid_request', ''],
    ['bytes that are no UTF-8 in the path', () => raw('GET', '/v2/accounts/%ff', undefined, {}), 400, 'bad_request'],
    [
      'usage from later to earlier',
      () => raw('GET', '/v2/usage/query?meter=calls&account=acme&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', undefined, {}),
      400,
      'range_reversed',
    ],
    [
      'an export from later to earlier',
      () => raw('GET', '/v2/exports/invoice-lines?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', undefined, {}),
      400,
      'range_reversed',
    ],
    [
      'a key that would never work',
      () => raw('POST', '/v2/api-keys', { name: 'late', scopes: ['v1'], expiresAt: '2025-12-31T00:00:00Z' }),
      400,
      'invalid_request',
      '/expiresAt',
    ],
    ...['2028-02-30', '2027-02-29', '0000-01-01', '2027-1-1', '2026-01-03', 5].map((receivedOn): BadRequest => [
      `money that came in on ${String(receivedOn)}`,
      () => raw('POST', '/v2/payments', { invoice: known.invoice, amount: '1.00', method: 'wire', receivedOn }),
      400,
      'invalid_request',
      '/receivedOn',
    ]),
    ...['0.00', '-1.00', '0'].map((amount): BadRequest => [
      `a refund of ${amount}`,
      () => raw('POST', `/v2/payments/${known.payment}/refunds`, { amount, reason: 'none' }),
      400,
      'invalid_request',
      '/amount',
    ]),
    ['another kind of account', () => raw('PUT', '/v2/accounts/acme', { ...account, kind: 'organization' }), 409, 'account_kind_fixed'],
    ['no body', () => raw('PUT', '/v2/accounts/x', undefined), 400, 'invalid_request'],
    ['broken JSON', () => raw('PUT', '/v2/accounts/x', '{'), 400, 'invalid_json'],
    ['broken gzip', () => raw('PUT', '/v2/accounts/x', 'no gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }), 400, 'invalid_gzip'],
    [
      'a gzip bomb',
      () => raw('PUT', '/v2/accounts/x', gzipSync(Buffer.alloc(50_000_000, ' ')), { ...JSON_TYPE, 'content-encoding': 'gzip' }),
      413,
      'body_too_large',
    ],
    [
      'a content type of another kind',
      () => raw('PUT', '/v2/accounts/x', 'hello', { 'content-type': 'text/plain' }),
      415,
      'unsupported_media_type',
    ],
    [
      'an encoding of another kind',
      () => raw('PUT', '/v2/accounts/x', '{}', { ...JSON_TYPE, 'content-encoding': 'br' }),
      415,
      'unsupported_encoding',
    ],
    ['a key of the wrong form', () => raw('PUT', '/v2/accounts/UPPER', account), 400, 'invalid_key'],
    ['a limit out of bounds', () => raw('GET', '/v2/accounts?limit=0', undefined, {}), 400, 'invalid_request', '/limit'],
    ['a cursor of nobody', () => raw('GET', '/v2/accounts?cursor=AAAA', undefined, {}), 400, 'invalid_cursor'],
    [
      'a cursor of another list',
      () => raw('GET', `/v2/invoices?cursor=${Buffer.from('["x","y"]').toString('base64url')}`, undefined, {}),
      400,
      'invalid_cursor',
    ],
    ['a filter given twice', () => raw('GET', '/v2/accounts?kind=user&kind=user', undefined, {}), 400, 'invalid_request', '/kind'],
    ['an account that is not there', () => raw('GET', '/v2/accounts/nobody', undefined, {}), 404, 'account_not_found'],
    ['an invoice that is not there', () => raw('GET', '/v2/invoices/inv_zzz', undefined, {}), 404, 'invoice_not_found'],
    ['a route that is not there', () => raw('GET', '/v2/nothing', undefined, {}), 404, 'route_not_found'],
    [
      'a POST without its key',
      () => raw('POST', '/v2/subscriptions', { account: 'acme', plan: 'x' }, { 'idempotency-key': '' }),
      400,
      'idempotency_key_invalid',
    ],
    [
      'a plan with an unknown meter',
      () =>
        raw('PUT', '/v2/plans/x', {
          ...plan({}),
          prices: [{ key: 'm', kind: 'metered', meter: 'none', model: 'per_unit', unitPrice: '1' }],
        }),
      422,
      'unknown_meter',
    ],
    [
      'a subscription to a plan that is not there',
      () => raw('POST', '/v2/subscriptions', { account: 'acme', plan: 'none' }),
      404,
      'plan_not_found',
    ],
    [
      'a start in the year 3000',
      () => raw('POST', '/v2/subscriptions', { account: 'acme', plan: 'x', startsAt: '3000-01-01T00:00:00Z' }),
      400,
      'invalid_request',
      '/startsAt',
    ],
    ['an empty batch of events', () => raw('POST', '/v2/usage/events', ''), 400, 'invalid_batch'],
    ['events that are no list', () => raw('POST', '/v2/usage/events', { events: 7 }), 400, 'invalid_batch'],
    ['events in broken JSON', () => raw('POST', '/v2/usage/events', '{'), 400, 'invalid_json'],
    [
      'more than 10,000 events',
      () => raw('POST', '/v2/usage/events', { events: Array.from({ length: 10_001 }, () => 1) }),
      413,
      'too_many_events',
    ],
    [
      'a batch of more than 8 MiB',
      () => raw('POST', '/v2/usage/events', JSON.stringify({ events: ['x'.repeat(9 * 1024 * 1024)] })),
      413,
      'body_too_large',
    ],
    ['events as text', () => raw('POST', '/v2/usage/events', 'x', { 'content-type': 'text/csv' }), 415, 'unsupported_media_type'],
    [
      'a broken gzip stream of events',
      () => raw('POST', '/v2/usage/events', 'nope', { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' }),
      400,
      'invalid_gzip',
    ],
  ])('%s', async (...row) => {
    const [, send, status, code, pointer] = row; // a fifth parameter would be jest's own
    const reply = await send();
    expect([reply.status, reply.body?.code]).toEqual([status, code]);
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(reply.body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String), requestId: expect.any(String) });
    if (pointer !== undefined) expect(reply.body.errors.map((error: any) => error.pointer)).toContain(pointer);
    expect(reply.text).not.toMatch(/node_modules|at .*\.ts:|select |insert /);
  });

  test('what is of the wrong type is told so, whatever else is wrong with it', async () => {
    const reply = await raw('GET', '/v2/accounts?limit=abc', undefined, {});
    expect(reply.body.errors).toEqual([{ pointer: '/limit', code: 'not_an_integer', detail: 'limit must be an integer number' }]);
    expect((await raw('PUT', '/v2/accounts/x', 'null')).body.errors).toEqual([
      { pointer: '', code: 'not_an_object', detail: 'The body must be a JSON object.' },
    ]);
  });

  test('where the kind of an account does change is told', async () => {
    const { body } = await raw('PUT', '/v2/accounts/acme', { ...account, kind: 'organization' });
    expect(body.detail).toContain('/v2/accounts/acme/convert');
  });

  test('null says the same as a field that is left out', async () => {
    const payment = { invoice: known.invoice, amount: '1.00', method: 'wire', receivedOn: null, reference: null };
    const { id } = await wharfage.ok('POST', '/v2/payments', payment);
    await wharfage.ok('POST', `/v2/payments/${String(id)}/refunds`, { amount: null, reason: 'all of it' });
    const key = await wharfage.ok('POST', '/v2/api-keys', { name: 'for good', scopes: ['v1'], expiresAt: null });
    await wharfage.ok('POST', `/v2/api-keys/${String(key.id)}/rotate`, { overlapSeconds: null });
  });

  test('all fields at fault are named at once, nested ones too', async () => {
    const reply = await raw('PUT', '/v2/plans/x', {
      name: '',
      product: 'hub',
      currency: 'usd',
      interval: { unit: 'aeon', count: 0 },
      prices: [{ key: 'A', kind: 'recurring', model: 'flat', amount: 1, extra: 1 }],
    });
    expect(reply.body.errors.map((error: any) => error.pointer).sort()).toEqual([
      '/currency',
      '/interval/count',
      '/interval/unit',
      '/name',
      '/prices/0/amount',
      '/prices/0/extra',
      '/prices/0/key',
    ]);
  });

  test.each<[string, unknown, string, string]>([
    ['no object', 7, 'not_an_object', ''],
    ['another version of CloudEvents', event({ specversion: '0.3' }), 'unsupported_specversion', '/specversion'],
    ['no id', event({ id: undefined }), 'invalid_id', '/id'],
    ['a NUL in the id', event({ id: 'a\0' }), 'invalid_id', '/id'],
    ['half a character in the id', event({ id: '\ud800' }), 'invalid_id', '/id'],
    ['a huge id', event({ id: 'x'.repeat(201) }), 'invalid_id', '/id'],
    ['a subject that is no key', event({ subject: 'Nobody!' }), 'invalid_subject', '/subject'],
    ['an account that is not there', event({ subject: 'nobody' }), 'unknown_account', '/subject'],
    ['a type that no meter has', event({ type: 'walk' }), 'unknown_meter', '/type'],
    ['a time without offset', event({ time: '2026-01-01T00:00:00' }), 'invalid_time', '/time'],
    ['a time with nanoseconds', event({ time: '2026-01-01T00:00:00.123456789Z' }), 'invalid_time', '/time'],
    ['a day that is not', event({ time: '2025-02-29T00:00:00Z' }), 'invalid_time', '/time'],
    ['a time far ahead', event({ time: '2026-01-01T01:00:01Z' }), 'time_in_future', '/time'],
    ['no value', event({ data: {} }), 'missing_property', '/data/n'],
    ['a value that is no number', event({ data: { n: 'many' } }), 'not_a_number', '/data/n'],
    ['a NUL in the data', event({ data: { n: 1, note: 'a\0' } }), 'invalid_text', '/data/note'],
    ['deep data', event({ data: { n: 1, deep: JSON.parse(nested(40)) } }), 'too_deep', expect.stringContaining('/data/deep')],
    ['data that is a list', event({ data: [1] }), 'invalid_data', '/data'],
  ])('one bad event (%s) is rejected by itself, and the others count', async (_case, bad, code, pointer) => {
    const good = event({ id: `good ${_case}` });
    const reply = await wharfage.ok('POST', '/v2/usage/events', { events: [bad, good] });
    expect(reply).toMatchObject({ accepted: 1, rejected: 1, results: [{ index: 0, status: 'rejected', code, pointer }] });
  });

  test('numbers that cannot be read exactly reject their own event only', async () => {
    const body = `{"events":[${JSON.stringify(event({ id: 'x1' })).replace('"n":1', '"n":0.12345678901234567')},${JSON.stringify(event({ id: 'x2' })).replace('"n":1', '"n":1e400')},${JSON.stringify(event({ id: 'x3', data: { n: '0.12345678901234567890' } }))}]}`;
    const reply = await raw('POST', '/v2/usage/events', body);
    expect(reply.body).toMatchObject({
      accepted: 1,
      rejected: 2,
      results: [
        { code: 'number_too_precise', pointer: '/data/n' },
        { code: 'number_too_precise', pointer: '/data/n' },
      ],
    });
  });
});
