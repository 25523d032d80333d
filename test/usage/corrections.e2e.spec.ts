import { TestApp } from '../support/app.js';
import { meteredStory } from '../support/metered-story.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const { account, meter, plan, call, eventId, used, invoices } = meteredStory(() => wharfage);
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await meter('calls', {});
  await meter('top', { aggregation: 'max' });
  await meter('regions', { groupBy: ['region'] });
  await plan('calling', 'calls');
  await plan('regional', 'regions', { groupBy: ['region'] });
}, 30_000);
afterAll(() => wharfage.close());

const voidEvent = (evt: string, reason = 'wrong') => wharfage.call('POST', `/v2/usage/events/${evt}/void`, { reason });
const replace = (evt: string, event: object, reason = 'wrong') =>
  wharfage.call('POST', `/v2/usage/events/${evt}/replace`, { reason, event });
const T = '2025-12-31T00:00:00Z';

test('an event has an id of its own, by which it is found', async () => {
  await account('ids');
  const { results } = await wharfage.ok('POST', '/v2/usage/events?verbose=true', { events: [call('a', 'ids', T, 1), { id: 'bad' }] });
  expect(results).toEqual([
    { index: 0, id: 'a', status: 'accepted', eventId: expect.stringMatching(/^evt_[0-9a-z]{52}$/) },
    { index: 1, id: 'bad', status: 'rejected', code: 'invalid_source', pointer: '/source' },
  ]);
  const evt = results[0].eventId;
  expect(await eventId('ids', 'a')).toBe(evt);
  expect(await wharfage.ok('GET', `/v2/usage/events/${evt}`)).toMatchObject({
    eventId: evt,
    id: 'a',
    subject: 'ids',
    time: T,
    meters: ['calls', 'regions', 'top'],
    replaces: null,
    voided: null,
  });
  for (const unknown of ['evt_x', `evt_${'0'.repeat(52)}`, evt.replace('evt', 'inv'), `evt_${'z'.repeat(52)}`])
    expect(await wharfage.call('GET', `/v2/usage/events/${unknown}`)).toMatchObject({ status: 404, body: { code: 'event_not_found' } });
});

test('a voided event counts no more, stays readable, and keeps its identity', async () => {
  await account('void');
  await wharfage.report([call('a', 'void', T, 5), call('b', 'void', T, 2)]);
  const evt = await eventId('void', 'a');
  expect([await used('calls', 'void'), await used('top', 'void')]).toEqual(['7', '5']);
  expect(await voidEvent(evt, 'sent by a test')).toMatchObject({
    status: 200,
    body: {
      id: 'a',
      voided: { at: '2026-01-01T00:00:00Z', by: { kind: 'api_key' }, reason: 'sent by a test', replacedBy: null, backfill: null },
    },
  });
  expect([await used('calls', 'void'), await used('top', 'void')]).toEqual(['2', '2']);
  expect(await voidEvent(evt)).toMatchObject({ status: 409, body: { code: 'event_voided_already' } });
  expect(await wharfage.report([call('a', 'void', T, 5), call('a', 'void', T, 6), call('b', 'void', T, 2)])).toMatchObject({
    duplicates: 2,
    conflicts: 1,
    results: [
      { id: 'a', status: 'duplicate', voided: true },
      { id: 'a', status: 'conflict' },
      { id: 'b', status: 'duplicate' },
    ],
  });
  expect([await used('calls', 'void'), await used('top', 'void')]).toEqual(['2', '2']);
  const { data } = await wharfage.ok('GET', `/v2/audit?account=void&action=usage_event.voided`);
  expect(data).toMatchObject([{ subjectId: evt, reason: 'sent by a test', actorKind: 'api_key' }]);
});

test('another event takes the place of a wrong one, or nothing happens', async () => {
  await account('swap');
  await account('other');
  await wharfage.report([call('a', 'swap', T, 5), call('b', 'swap', T, 1)]);
  const evt = await eventId('swap', 'a');
  for (const [event, code, pointer] of [
    [call('b', 'swap', T, 1), 'duplicate', '/event/id'],
    [call('b', 'swap', T, 9), 'conflict', '/event/id'],
    [call('c', 'other', T, 1), 'other_account', '/event/subject'],
    [{ ...call('c', 'swap', T, 1), type: 'unheard' }, 'unknown_meter', '/event/type'],
    [call('c', 'swap', T, 'many'), 'not_a_number', '/event/data/n'],
    [call('c', 'swap', '2026-03-01T00:00:00Z', 1), 'time_in_future', '/event/time'],
  ] as const)
    expect(await replace(evt, event)).toMatchObject({ status: 422, body: { code: 'events_refused', errors: [{ code, pointer }] } });
  expect(await used('calls', 'swap')).toBe('6');
  const key = { 'idempotency-key': 'swap-once' };
  const body = { reason: 'five too many', event: call('c', 'swap', T, '0.5') };
  const made = await wharfage.call('POST', `/v2/usage/events/${evt}/replace`, body, key);
  expect(made).toMatchObject({ status: 201, body: { id: 'c', replaces: evt, voided: null } });
  expect((await wharfage.call('POST', `/v2/usage/events/${evt}/replace`, body, key)).body).toEqual(made.body);
  expect([await used('calls', 'swap'), await used('top', 'swap')]).toEqual(['1.5', '1']);
  expect(await wharfage.ok('GET', `/v2/usage/events/${evt}`)).toMatchObject({
    voided: { reason: 'five too many', replacedBy: made.body.eventId },
  });
  expect(await replace(evt, call('d', 'swap', T, 1))).toMatchObject({ status: 409, body: { code: 'event_voided_already' } });
  expect(await used('calls', 'swap')).toBe('1.5');
});

test('corrections take their scope, an Idempotency-Key and a reason', async () => {
  await account('rights');
  await wharfage.report([call('a', 'rights', T, 5)]);
  const evt = await eventId('rights', 'a');
  const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'reader', scopes: ['usage:read'] });
  const headers = { authorization: `Bearer ${key}` };
  expect(await wharfage.call('GET', `/v2/usage/events/${evt}`, undefined, headers)).toMatchObject({ status: 200 });
  expect(await wharfage.call('POST', `/v2/usage/events/${evt}/void`, { reason: 'x' }, headers)).toMatchObject({ status: 403 });
  const admin = { authorization: `Bearer ${wharfage.adminKey}` };
  expect(await wharfage.send('POST', `/v2/usage/events/${evt}/void`, { payload: { reason: 'x' }, headers: admin })).toMatchObject({
    status: 400,
    body: { code: 'idempotency_key_required' },
  });
  expect(await wharfage.call('POST', `/v2/usage/events/${evt}/void`, {})).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/reason' }] },
  });
  expect(await used('calls', 'rights')).toBe('5');
});

test('of many who void an event at once one does, while others are reported and voided beside it', async () => {
  await account('race');
  const events = Array.from({ length: 40 }, (_, i) => call(`r${String(i)}`, 'race', T, i));
  await wharfage.report(events.slice(0, 20));
  const ids = await Promise.all(events.slice(0, 20).map((_event, i) => eventId('race', `r${String(i)}`)));
  const [voids] = await Promise.all([
    Promise.all(
      ids
        .slice(10)
        .flatMap((evt) => [evt, evt, evt])
        .map((evt) => voidEvent(evt)),
    ),
    Promise.all(events.slice(20).map((event) => wharfage.report([event]))),
  ]);
  expect(voids.map(({ status }) => status).sort()).toEqual([...Array<number>(10).fill(200), ...Array<number>(20).fill(409)]);
  const left = [...Array(10).keys(), ...Array.from({ length: 20 }, (_, i) => 20 + i)];
  expect(await used('calls', 'race')).toBe(String(left.reduce((sum, n) => sum + n, 0)));
  const top = await wharfage.ok('GET', '/v2/usage/query?meter=top&account=race&from=2025-12-30T00:00:00Z&to=2026-01-01T00:00:00Z');
  expect(top.data).toEqual([{ group: {}, quantity: '39', events: 30 }]);
  for (let i = 39; i > 30; i -= 1) await voidEvent(await eventId('race', `r${String(i)}`));
  expect(await used('top', 'race')).toBe('30');
}, 60_000);

test('what was issued stays; the next invoice takes back, or adds, the difference, and the event says where it went', async () => {
  await account('acme');
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'calling' });
  await account('zones');
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'zones', plan: 'regional' });
  await wharfage.travel('2026-01-20T00:00:00Z');
  await wharfage.report([call('a', 'acme', '2026-01-10T00:00:00Z', 7), call('b', 'acme', '2026-01-11T00:00:00Z', 3)]);
  await wharfage.report([
    call('e', 'zones', '2026-01-10T00:00:00Z', 2, { region: 'eu' }),
    call('u', 'zones', '2026-01-10T00:00:00Z', 1, { region: 'us' }),
  ]);
  await wharfage.travel('2026-02-02T00:00:00Z');
  const [january] = await invoices('acme');
  expect(january.total).toBe('10.00');
  const evt = await eventId('acme', 'a');
  await voidEvent(evt, 'never happened');
  expect(await invoices('acme')).toEqual([january]);
  await wharfage.travel('2026-03-01T00:00:00Z');
  const [first, february] = await invoices('acme');
  expect(first).toEqual(january);
  expect(february).toMatchObject({ total: '-7.00', lines: [{ kind: 'adjustment', amount: '-7.00', adjusts: january.lines[0].id }] });
  await replace(await eventId('acme', 'b'), call('c', 'acme', '2026-01-11T00:00:00Z', 8));
  await wharfage.report([call('d', 'acme', '2026-02-28T00:00:00Z', 100)]); // late for February
  await wharfage.travel('2026-04-01T00:00:00Z');
  const [, , march] = await invoices('acme');
  expect(march.lines.map((line: any) => [line.kind, line.amount, line.adjusts])).toEqual([
    ['adjustment', '5.00', january.lines[0].id],
    ['metered', '100.00', null],
  ]);
  const { data } = await wharfage.ok('GET', `/v2/usage/events/${evt}/lines`);
  expect(data.map((one: any) => [one.number, one.line.kind, one.line.amount])).toEqual([
    [january.number, 'metered', '10.00'],
    [february.number, 'adjustment', '-7.00'],
    [march.number, 'adjustment', '5.00'],
  ]);
  const zones = await wharfage.ok('GET', `/v2/usage/events/${await eventId('zones', 'e')}/lines`);
  expect(zones.data.map((one: any) => [one.line.groups, one.line.amount])).toEqual([[{ region: 'eu' }, '2.00']]);
}, 60_000);

test('an account that has ended is billed for a correction alone', async () => {
  await account('gone');
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  expect(now).toBe('2026-04-01T00:00:00Z');
  const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: 'gone', plan: 'calling' });
  await wharfage.travel('2026-04-03T00:00:00Z');
  await wharfage.report([call('a', 'gone', '2026-04-02T00:00:00Z', 4)]);
  await wharfage.ok('POST', `/v2/subscriptions/${id}/cancel`, { when: 'now' });
  expect((await invoices('gone')).map(({ total }) => total)).toEqual(['4.00']);
  await wharfage.travel('2026-05-03T00:00:00Z');
  await replace(await eventId('gone', 'a'), call('b', 'gone', '2026-04-02T00:00:00Z', 6));
  await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-05-03T00:00:00Z' });
  expect((await invoices('gone')).map(({ total }) => total)).toEqual(['4.00', '2.00']);
  await voidEvent(await eventId('gone', 'b'));
  await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-05-03T00:00:00Z' });
  expect((await invoices('gone')).map(({ total }) => total)).toEqual(['4.00', '2.00', '-6.00']);
  await afterStory(wharfage);
}, 60_000);
