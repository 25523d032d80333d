import { Database } from '../../src/common/database/database.js';
import { Outbox } from '../../src/common/events/outbox.js';
import { accountIdFor } from '../../src/common/ids.js';
import { ClaimDeliveries } from '../../src/webhooks/deliveries/claim-deliveries.js';
import { Deliver } from '../../src/webhooks/deliveries/deliver.js';
import { FanOut } from '../../src/webhooks/deliveries/fan-out.js';
import { post } from '../../src/webhooks/deliveries/post.js';
import { RecordAttempt } from '../../src/webhooks/deliveries/record-attempt.js';
import { Retention } from '../../src/webhooks/deliveries/retention.js';
import { TestApp } from '../support/app.js';
import { Receiver, signatureOf } from './receiver.js';

let wharfage: TestApp;
let receiver: Receiver;
beforeAll(async () => {
  wharfage = await TestApp.start({ env: { WEBHOOK_ALLOW_PRIVATE: 'on', ROLE: 'api' } }); // nothing is sent but when the test says so
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD' });
}, 30_000);
beforeEach(async () => {
  receiver = await Receiver.start();
  await wharfage.app.get(FanOut).run();
});
afterEach(async () => {
  for (const { key } of (await wharfage.ok('GET', '/v2/webhook-endpoints')).data)
    await wharfage.ok('DELETE', `/v2/webhook-endpoints/${key}`);
  await receiver.close();
});
afterAll(() => wharfage.close());

const put = (key: string, more: object = {}) =>
  wharfage.ok('PUT', `/v2/webhook-endpoints/${key}`, { url: receiver.url(key), events: ['usage.*'], ...more });
const act = (key: string, verb: string, body: object = {}) => wharfage.ok('POST', `/v2/webhook-endpoints/${key}/${verb}`, body);
const deliver = () => wharfage.app.get(Deliver).runDue();
const deliveries = async (key: string, query = ''): Promise<any[]> =>
  (await wharfage.ok('GET', `/v2/webhook-endpoints/${key}/deliveries?limit=200${query}`)).data;
const now = async (): Promise<number> => Date.parse((await wharfage.ok('GET', '/v2/test-clock')).now);
const pass = async (seconds: number): Promise<void> => wharfage.travel(new Date((await now()) + seconds * 1000).toISOString());
const tell = (count: number): Promise<string[]> =>
  wharfage.app.get(Database).transaction((tx) =>
    wharfage.app.get(Outbox).add(
      tx,
      Array.from({ length: count }, (_, n) => ({ accountId: accountIdFor('acme'), type: 'usage.alert', data: { n, account: 'acme' } })),
    ),
  );

test('an endpoint is kept as it is put; its secret is shown once, and stands nowhere as it is', async () => {
  const { secret, ...created } = await put('hub', { description: 'Hub' });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
  expect(created).toMatchObject({ key: 'hub', events: ['usage.*'], description: 'Hub', enabled: true, failingSince: null });
  expect(await put('hub', { description: 'Hub' })).toEqual(created);
  const { status, headers, body } = await wharfage.call('GET', '/v2/webhook-endpoints/hub');
  expect([status, headers['etag'], body]).toEqual([200, '"1"', created]);
  const changed = { url: receiver.url('other'), events: ['*'], enabled: false };
  expect(await wharfage.call('PUT', '/v2/webhook-endpoints/hub', changed, { 'if-match': '"7"' })).toMatchObject({ status: 412 });
  expect(await put('hub', changed)).toMatchObject({ ...changed, description: null, disabledReason: 'disabled by request' });
  const audit = (await wharfage.ok('GET', '/v2/audit?subjectType=webhook_endpoint&subjectId=hub')).data;
  expect(audit.map((entry: any) => entry.action)).toEqual(['webhook_endpoint.changed', 'webhook_endpoint.created']);
  const rows = await wharfage.source.query(
    'select (select json_agg(s) from webhook_secret s)::text, (select json_agg(a) from audit_entry a)::text',
  );
  expect(JSON.stringify(rows)).not.toContain(secret.slice('whsec_'.length));
});

test.each<[string, object, string]>([
  ['another scheme', { url: 'ftp://example.com' }, 'invalid_url'],
  ['no address', { url: '/events' }, 'invalid_url'],
  ['a password', { url: 'https://a:b@example.com' }, 'invalid_url'],
  ['an event that there is not', { events: ['invoice.eaten'] }, 'unknown_event_type'],
  ['no events', { events: [] }, 'too_few'],
])('%s is refused', async (_name, more, code) => {
  const reply = await wharfage.call('PUT', '/v2/webhook-endpoints/hub', { url: 'https://example.com', events: ['*'], ...more });
  expect([reply.status, reply.body.errors[0].code]).toEqual([400, code]);
});

test('an endpoint that fails, redirects and recovers gets every event, signed, and in its own time', async () => {
  const { secret } = await put('hub');
  await put('deaf', { events: ['invoice.*'] });
  const ids = await tell(3);
  const codes = [500, 302, 204];
  receiver.answers = (_request, response, { id }) => {
    const code = codes[Math.min(receiver.received.filter((one) => one.id === id).length - 1, 2)] ?? 204;
    response.writeHead(code, { location: receiver.url('elsewhere') }).end(`because of ${String(code)}\0`);
  };
  await deliver();
  expect(await deliveries('hub')).toMatchObject(
    [...ids]
      .reverse()
      .map((event) => ({ event, state: 'pending', cause: 'event', attempts: [{ n: 1, status: 500, answer: 'because of 500\uFFFD' }] })),
  );
  expect((await wharfage.ok('GET', '/v2/webhook-endpoints/hub')).failingSince).toBe('2026-01-01T00:00:00Z');
  await pass(4);
  expect(receiver.at('hub')).toHaveLength(3);
  await pass(3);
  expect(receiver.at('hub')).toHaveLength(6);
  await pass(361);
  expect(
    (await deliveries('hub', '&state=delivered')).map(({ event, attempts }) => [event, attempts.map((one: any) => one.status)]),
  ).toEqual([...ids].reverse().map((id) => [id, [500, 302, 204]]));
  expect(receiver.at('elsewhere')).toEqual([]);
  expect(receiver.at('deaf')).toEqual([]);
  for (const one of receiver.received) expect(one.signatures).toEqual([signatureOf(one, secret)]);
  const { data: told } = await wharfage.ok('GET', '/v2/events?limit=3');
  const { body } = receiver.received.find((one) => one.id === told[0].id)!;
  const { id, type, at: timestamp, subject, sequence, data } = told[0];
  expect(body).toEqual({ id, type, timestamp, account: 'acme', subject, sequence, data });
  expect(subject).toBe('acme');
  expect(told.map((event: any) => event.sequence)).toEqual([sequence, sequence - 1, sequence - 2]);
  expect((await wharfage.ok('GET', '/v2/webhook-endpoints/hub')).failingSince).toBeNull();
  const before = receiver.received.length;
  await pass(7 * 86_400);
  expect(receiver.received).toHaveLength(before);
});

test('an endpoint that does not answer holds up no other, and has only some requests at once', async () => {
  await put('hangs');
  await put('well');
  await tell(30);
  receiver.answers = (request, response) => request.url !== '/hangs' && response.writeHead(200).end();
  const whole = deliver();
  while (receiver.at('well').length < 30) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(receiver.at('hangs')).toHaveLength(4);
  receiver.answers = (_request, response) => response.writeHead(200).end();
  receiver.cut();
  await whole;
  expect(new Set(receiver.at('well').map(({ id }) => id)).size).toBe(30);
  receiver.answers = (_request, response) => response.writeHead(500).end();
  await tell(1);
  await deliver();
  const until = receiver.at('hangs').length;
  receiver.answers = () => undefined; // it failed last, so one at once is enough
  await tell(3);
  const again = deliver();
  while (receiver.at('hangs').length === until) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(receiver.at('hangs')).toHaveLength(until + 1);
  receiver.answers = (_request, response) => response.writeHead(200).end();
  receiver.cut();
  await again;
  await pass(400);
  expect(await deliveries('hangs', '&state=delivered')).toHaveLength(34);
});

test('what was claimed by a process that was killed is sent by another; two never claim the same', async () => {
  await put('hub');
  const ids = await tell(6);
  await wharfage.app.get(FanOut).run();
  const claiming = wharfage.app.get(ClaimDeliveries);
  const [first, second] = [await claiming.run('one', 2), await claiming.run('two', 2)];
  const others = await Promise.all(['three', 'four', 'five'].map((claim) => claiming.run(claim, 8)));
  expect([first.length, second.length, others.flat().length]).toEqual([2, 2, 0]);
  expect(new Set([...first, ...second].map(({ eventId }) => eventId)).size).toBe(4);
  await deliver();
  expect(receiver.received).toEqual([]);
  await wharfage.source.query(`update webhook_delivery set claimed_until = now() - interval '1 second' where claim is not null`);
  await deliver();
  expect(receiver.received.map(({ id }) => id).sort()).toEqual([...ids].sort());
});

test('of a claim that was lost nothing is noted', async () => {
  await put('hub');
  await tell(1);
  await wharfage.app.get(FanOut).run();
  const [lost] = await wharfage.app.get(ClaimDeliveries).run('lost', 8);
  await wharfage.source.query(`update webhook_delivery set claimed_until = now() - interval '1 second' where claim = 'lost'`);
  await wharfage.app.get(ClaimDeliveries).run('another', 8);
  await wharfage.app.get(RecordAttempt).run('lost', lost!, { status: 500, failure: 'no', durationMs: 1, excerpt: '' });
  expect(await deliveries('hub')).toMatchObject([{ state: 'pending', attempts: [] }]);
});

test('a worker sends by itself; where it is stopped meanwhile, another sends at once', async () => {
  await put('hub');
  const worker = await TestApp.start({
    now: new Date(await now()).toISOString(),
    env: { DATABASE_URL: wharfage.url, ROLE: 'worker', WEBHOOK_ALLOW_PRIVATE: 'on' },
  });
  const [first, second] = [await tell(1), await tell(1)].flat();
  receiver.answers = (_request, response, { id }) => id === first && response.writeHead(200).end();
  while (receiver.received.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  await worker.close();
  receiver.answers = (_request, response) => response.writeHead(200).end();
  await deliver();
  expect(receiver.received.map(({ id }) => id).sort()).toEqual([first, second, second].sort());
  expect((await deliveries('hub')).map(({ attempts }) => attempts.length)).toEqual([1, 1]);
});

test('what was not committed is not sent; what two transactions commit out of order is', async () => {
  await put('hub');
  const database = wharfage.app.get(Database);
  const outbox = wharfage.app.get(Outbox);
  const alert = [{ accountId: accountIdFor('acme'), type: 'usage.alert' as const, data: {} }];
  let open = (): void => undefined;
  const early = database.transaction(async (tx) => {
    const ids = await outbox.add(tx, alert);
    await new Promise<void>((resolve) => (open = resolve));
    return ids;
  });
  const [late] = await tell(1);
  await database.transaction(async (tx) => outbox.add(tx, alert).then(() => Promise.reject(new Error('undone')))).catch(() => undefined);
  await deliver();
  expect(receiver.received.map(({ id }) => id)).toEqual([late]);
  open();
  const [first] = await early;
  await deliver();
  expect(receiver.received.map(({ id }) => id)).toEqual([late, first]);
});

test('a secret that is replaced signs on for the overlap', async () => {
  const { secret: first } = await put('hub');
  const key = { 'idempotency-key': 'rotate-once' };
  const { status, body } = await wharfage.call('POST', '/v2/webhook-endpoints/hub/rotate-secret', { overlapSeconds: 60 }, key);
  expect([status, Date.parse(body.previousValidUntil) - (await now())]).toEqual([201, 60_000]);
  expect(await wharfage.call('POST', '/v2/webhook-endpoints/hub/rotate-secret', { overlapSeconds: 60 }, key)).toMatchObject({
    status: 409,
    body: { code: 'already_done' },
  });
  await act('hub', 'ping');
  await deliver();
  await pass(60);
  await act('hub', 'ping');
  await deliver();
  const [both, alone] = receiver.received;
  expect(both!.signatures).toEqual([body.secret, first].map((secret) => signatureOf(both!, secret)));
  expect(alone!.signatures).toEqual([signatureOf(alone!, body.secret)]);
  for (let n = 0; n < 4; n += 1) await act('hub', 'rotate-secret');
  expect(await wharfage.call('POST', '/v2/webhook-endpoints/hub/rotate-secret', {})).toMatchObject({ body: { code: 'too_many_secrets' } });
});

test('nothing is sent unsigned: where secrets cannot be read, the log says what to do', async () => {
  await put('hub');
  await wharfage.source.query('update webhook_secret set sealed = $1', [Buffer.alloc(66).toString('base64')]);
  await act('hub', 'ping');
  await deliver();
  expect(receiver.received).toEqual([]);
  expect((await deliveries('hub'))[0].attempts).toMatchObject([{ status: null, failure: expect.stringContaining('rotate its secret') }]);
  const { secret } = await act('hub', 'rotate-secret');
  await pass(10);
  const [received] = receiver.received;
  expect(received!.signatures).toEqual([signatureOf(received!, secret)]);
});

test('an endpoint that only fails is tried for days, then disabled, and others are told', async () => {
  await put('dead');
  await put('ops', { events: ['webhook_endpoint.*'] });
  receiver.answers = (request, response) => response.writeHead(request.url === '/dead' ? 503 : 200).end();
  await tell(1);
  await deliver();
  await pass(4.9 * 86_400);
  expect((await deliveries('dead'))[0]).toMatchObject({ state: 'failed', nextAttemptAt: null });
  expect((await deliveries('dead'))[0].attempts).toHaveLength(10);
  const [later] = await tell(1);
  await pass(86_400);
  expect(await wharfage.ok('GET', '/v2/webhook-endpoints/dead')).toMatchObject({
    enabled: false,
    disabledReason: expect.stringContaining('The endpoint answered 503.'),
  });
  expect(receiver.at('ops').map(({ body }) => [body.type, body.subject, body.account])).toEqual([
    ['webhook_endpoint.disabled', 'dead', null],
  ]);
  const [{ action, actorKind }] = (await wharfage.ok('GET', '/v2/audit?subjectType=webhook_endpoint&subjectId=dead')).data;
  expect([action, actorKind]).toEqual(['webhook_endpoint.disabled', 'system']);
  expect(await wharfage.call('POST', '/v2/webhook-endpoints/dead/ping', {})).toMatchObject({ body: { code: 'webhook_endpoint_disabled' } });
  receiver.answers = (_request, response) => response.writeHead(200).end();
  const until = receiver.at('dead').length;
  await pass(2 * 86_400);
  expect(receiver.at('dead')).toHaveLength(until);
  await put('dead');
  await deliver();
  expect(
    receiver
      .at('dead')
      .slice(until)
      .map(({ id }) => id),
  ).toEqual([later]);
});

test('events are sent again: one, or those of a stretch of time, or what did not arrive', async () => {
  const from = new Date(await now()).toISOString();
  const ids = await tell(3);
  await put('hub', { events: ['webhook_endpoint.*'] });
  await deliver(); // before it heard of them
  expect(await wharfage.call('POST', `/v2/events/${ids[0]!}/redeliver`, {})).toMatchObject({
    status: 409,
    body: { code: 'event_not_heard' },
  });
  await put('hub');
  const to = new Date((await now()) + 1).toISOString();
  const { data } = await wharfage.ok('POST', `/v2/events/${ids[0]!}/redeliver`, { endpoint: 'hub' });
  expect(data).toMatchObject([{ event: ids[0], cause: 'redelivery', state: 'pending' }]);
  await deliver();
  expect(await act('hub', 'redeliver', { from, to, undeliveredOnly: true })).toEqual({ events: 2 });
  await deliver();
  expect(await act('hub', 'redeliver', { from, to })).toEqual({ events: 3 });
  await deliver();
  expect(receiver.received.map(({ id }) => id).sort()).toEqual([...ids, ...ids].sort());
  expect(await deliveries('hub', `&event=${ids[1]!}`)).toHaveLength(2);
  expect(await wharfage.call('POST', '/v2/webhook-endpoints/hub/redeliver', { from: to, to: from })).toMatchObject({
    body: { code: 'empty_range' },
  });
  expect(await wharfage.call('POST', '/v2/events/msg_0/redeliver', {})).toMatchObject({
    status: 404,
    body: { code: 'webhook_event_not_found' },
  });
});

test('deliveries are kept for some weeks, their events for ever', async () => {
  await put('hub');
  const [id] = await tell(1);
  await deliver();
  await pass(31 * 86_400);
  await tell(1);
  await deliver();
  await wharfage.app.get(Retention).run();
  expect(await deliveries('hub')).toHaveLength(1);
  expect((await wharfage.source.query('select count(*)::integer as n from webhook_attempt'))[0].n).toBe(1);
  expect(await wharfage.ok('POST', `/v2/events/${id!}/redeliver`, {})).toMatchObject({ data: [{ event: id }] });
});

describe('posting', () => {
  const postTo = (url: string, { allowPrivate = true, timeoutMs = 1_000 } = {}) =>
    post({ url, headers: {}, body: '{}' }, { allowPrivate, timeoutMs, signal: new AbortController().signal });

  test('an endpoint that is too slow has failed, one that is slow to end has not', async () => {
    receiver.answers = (request, response) => request.url !== '/never' && response.writeHead(200).write('x'.repeat(10));
    expect(await postTo(receiver.url('never'), { timeoutMs: 30 })).toMatchObject({
      status: null,
      failure: 'There was no answer within 0.03 seconds.',
    });
    expect(await postTo(receiver.url('endless'), { timeoutMs: 100 })).toMatchObject({
      status: 200,
      failure: null,
      excerpt: 'x'.repeat(10),
    });
  });

  test('of an answer only the beginning is read', async () => {
    receiver.answers = (_request, response) => {
      const more = (): void => {
        if (response.writable) response.write('y'.repeat(65_536), more);
      };
      response.writeHead(500);
      more();
    };
    expect(await postTo(receiver.url('much'))).toMatchObject({ status: 500, excerpt: 'y'.repeat(1_000) });
  });

  test.each([
    ['http', () => receiver.url('x'), 'The endpoint is not reached over https.'],
    ['a private address', () => receiver.url('x').replace('http', 'https'), '127.0.0.1 is not a public address'],
    ['a name of a private address', () => 'https://localhost:1/x', /(127.0.0.1|::1) is not a public address/],
    ['a number that is one', () => 'https://2130706433/x', '127.0.0.1 is not a public address'],
  ])('%s is not posted to', async (_name, url, failure) => {
    expect((await postTo(url(), { allowPrivate: false })).failure).toMatch(failure);
    expect(receiver.received).toEqual([]);
  });
});
