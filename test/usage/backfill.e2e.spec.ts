import { TestApp } from '../support/app.js';
import { meteredStory } from '../support/metered-story.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const { account, meter, plan, call, eventId, used, invoices } = meteredStory(() => wharfage);
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await meter('calls', {});
  await meter('eu', { aggregation: 'max', filter: { region: ['eu'] } });
  await plan('calling', 'calls');
}, 30_000);
afterAll(() => wharfage.close());

const range = { from: '2025-12-10T00:00:00Z', to: '2025-12-12T00:00:00Z' };
const wanted = (account: string, more: object) => ({
  account,
  meter: 'calls',
  ...range,
  mode: 'replace',
  events: [],
  reason: 'lost',
  ...more,
});
const backfill = (account: string, more: object, headers = {}) =>
  wharfage.call('POST', '/v2/usage/backfills', wanted(account, more), headers);

test('a stretch of usage is added to, replaced, and both are taken back', async () => {
  await account('acme');
  await wharfage.report([
    call('a', 'acme', '2025-12-09T23:59:59.999999Z', 1, { region: 'eu' }),
    call('b', 'acme', '2025-12-10T00:00:00Z', 20, { region: 'eu' }),
    call('c', 'acme', '2025-12-11T23:59:59.999999Z', 300, { region: 'us' }),
    call('d', 'acme', '2025-12-12T00:00:00Z', 4000, { region: 'us' }),
  ]);
  const added = await backfill('acme', { mode: 'add', events: [call('e', 'acme', '2025-12-11T00:00:00Z', 50000, { region: 'eu' })] });
  expect(added).toMatchObject({
    status: 201,
    body: { added: 1, voided: 0, effect: null, backfill: { mode: 'add', meter: 'calls', ...range, reverted: null } },
  });
  expect([await used('calls', 'acme'), await used('eu', 'acme')]).toEqual(['54321', '50000']);
  const only = await backfill('acme', { meter: 'eu', events: [call('f', 'acme', '2025-12-11T00:00:00Z', 7, { region: 'eu' })] });
  expect(only.body).toMatchObject({ added: 1, voided: 2 });
  expect([await used('calls', 'acme'), await used('eu', 'acme')]).toEqual(['4308', '7']);
  expect(await wharfage.ok('GET', `/v2/usage/events/${await eventId('acme', 'b')}`)).toMatchObject({
    voided: { reason: 'lost', backfill: only.body.backfill.id },
  });
  expect((await wharfage.ok('GET', '/v2/usage/backfills?account=acme')).data).toEqual([only.body.backfill, added.body.backfill]);
  const { data, nextCursor } = await wharfage.ok('GET', '/v2/usage/backfills?limit=1');
  expect(data).toEqual([only.body.backfill]);
  expect((await wharfage.ok('GET', `/v2/usage/backfills?limit=1&cursor=${nextCursor}`)).data).toEqual([added.body.backfill]);
  const { id } = only.body.backfill;
  const reverted = await wharfage.ok('POST', `/v2/usage/backfills/${id}/revert`, { reason: 'it was right' });
  expect(reverted).toMatchObject({ id, reverted: { reason: 'it was right', by: { kind: 'api_key' } } });
  expect([await used('calls', 'acme'), await used('eu', 'acme')]).toEqual(['54321', '50000']);
  expect(await wharfage.call('POST', `/v2/usage/backfills/${id}/revert`, { reason: 'again' })).toMatchObject({
    status: 409,
    body: { code: 'backfill_reverted_already' },
  });
  expect([await used('calls', 'acme'), await used('eu', 'acme')]).toEqual(['54321', '50000']);
  await wharfage.ok('POST', `/v2/usage/backfills/${added.body.backfill.id}/revert`, { reason: 'all of it' });
  expect([await used('calls', 'acme'), await used('eu', 'acme')]).toEqual(['4321', '20']);
  expect(await wharfage.ok('GET', `/v2/usage/events/${await eventId('acme', 'b')}`)).toMatchObject({ voided: null });
  const restored = await wharfage.source.query(`select void_reason, reason from usage_restored order by restored_seq`);
  expect(restored).toEqual(Array(2).fill({ void_reason: 'lost', reason: 'it was right' }));
  await expect(wharfage.source.query('delete from usage_restored')).rejects.toThrow();
  const audit = await wharfage.ok('GET', '/v2/audit?account=acme&subjectType=usage_backfill');
  expect(audit.data.map((one: any) => [one.action, one.reason])).toEqual([
    ['usage.backfill_reverted', 'all of it'],
    ['usage.backfill_reverted', 'it was right'],
    ['usage.backfilled', 'lost'],
    ['usage.backfilled', 'lost'],
  ]);
});

test('back-fills are reverted in any order, and two who revert one at once do it once', async () => {
  await account('order');
  const one = (id: string, n: number) => call(id, 'order', '2025-12-11T00:00:00Z', n);
  await wharfage.report([one('a', 1)]);
  const { backfill: first } = (await backfill('order', { events: [one('b', 20)] })).body;
  const { backfill: second } = (await backfill('order', { events: [one('c', 300)] })).body;
  const revert = (id: string) => wharfage.call('POST', `/v2/usage/backfills/${id}/revert`, { reason: 'no' });
  await revert(first.id);
  expect(await used('calls', 'order')).toBe('301');
  const replies = await Promise.all([revert(second.id), revert(second.id), revert(second.id)]);
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  expect(await used('calls', 'order')).toBe('1');
});

test('all of a back-fill is done, or none of it', async () => {
  await account('strict');
  await wharfage.report([call('a', 'strict', '2025-12-11T00:00:00Z', 1)]);
  const fine = call('x', 'strict', '2025-12-11T00:00:00Z', 1);
  for (const [event, code, pointer] of [
    [call('y', 'strict', '2025-12-12T00:00:00Z', 1), 'outside_range', '/events/1/time'],
    [{ ...fine, id: 'y', type: 'other' }, 'other_type', '/events/1/type'],
    [{ ...fine, id: 'y', subject: 'acme' }, 'other_account', '/events/1/subject'],
    [{ ...fine, id: 'y', data: {} }, 'missing_property', '/events/1/data/n'],
    [fine, 'duplicate', '/events/1/id'],
    [call('a', 'strict', '2025-12-11T00:00:00Z', 2), 'conflict', '/events/1/id'],
    ['text', 'not_an_object', '/events/1'],
  ] as const)
    expect(await backfill('strict', { events: [fine, event] })).toMatchObject({
      status: 422,
      body: { code: 'events_refused', errors: [{ code, pointer }] },
    });
  expect(await used('calls', 'strict')).toBe('1');
  expect(await backfill('strict', { mode: 'add' })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/events', code: 'too_few' }] },
  });
  expect(await backfill('strict', { to: range.from })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/to', code: 'range_reversed' }] },
  });
  expect(await backfill('strict', { events: Array(10_001).fill(fine) })).toMatchObject({
    status: 400,
    body: { errors: [{ code: 'too_many' }] },
  });
  expect(await backfill('nobody', {})).toMatchObject({ status: 404, body: { code: 'account_not_found' } });
  expect(await backfill('strict', { meter: 'nothing' })).toMatchObject({ status: 404, body: { code: 'meter_not_found' } });
  expect(await wharfage.call('GET', '/v2/usage/backfills/bkf_x')).toMatchObject({ status: 404, body: { code: 'backfill_not_found' } });
  const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'writer', scopes: ['usage:write'] });
  expect(await backfill('strict', {}, { authorization: `Bearer ${key}` })).toMatchObject({ status: 403 });
  const once = { 'idempotency-key': 'backfill-once' };
  const first = await backfill('strict', { mode: 'add', events: [fine] }, once);
  expect((await backfill('strict', { mode: 'add', events: [fine] }, once)).body).toEqual(first.body);
  expect(await used('calls', 'strict')).toBe('2');
});

test('a stretch with more events than are voided at once is refused', async () => {
  await account('large');
  const events = Array.from({ length: 10_001 }, (_, i) => call(`l${String(i)}`, 'large', '2025-12-11T00:00:00Z', 1));
  await wharfage.report(events.slice(0, 5_001));
  await wharfage.report(events.slice(5_001));
  expect(await backfill('large', {})).toMatchObject({ status: 422, body: { code: 'backfill_too_large' } });
  expect(await used('calls', 'large')).toBe('10001');
  await wharfage.ok('POST', `/v2/usage/events/${await eventId('large', 'l0')}/void`, { reason: 'one less' });
  expect(await backfill('large', {})).toMatchObject({ status: 201, body: { voided: 10_000 } });
  expect(await used('calls', 'large')).toBe('0');
}, 60_000);

test('a dry run says what the account would be billed, and that is what it is billed', async () => {
  await account('dry');
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'dry', plan: 'calling' });
  await wharfage.travel('2026-01-20T00:00:00Z');
  await wharfage.report([call('a', 'dry', '2026-01-10T00:00:00Z', 10)]);
  await wharfage.travel('2026-02-10T00:00:00Z');
  await wharfage.report([call('b', 'dry', '2026-02-05T00:00:00Z', 4)]);
  const more = {
    from: '2026-01-10T00:00:00Z',
    to: '2026-02-06T00:00:00Z',
    events: [call('c', 'dry', '2026-01-10T00:00:00Z', 13), call('d', 'dry', '2026-02-05T00:00:00Z', 1)],
  };
  const tables = ['usage_event', 'usage_void', 'usage_backfill', 'usage_rollup_tail', 'usage_late_touch', 'audit_entry', 'event_identity'];
  const counts = async (): Promise<unknown> =>
    wharfage.source.query(tables.map((table) => `select '${table}' as t, count(*) from ${table}`).join(' union all '));
  const before = await counts();
  const { body } = await wharfage.send('POST', '/v2/usage/backfills', {
    payload: { ...wanted('dry', more), dryRun: true },
    headers: { authorization: `Bearer ${wharfage.adminKey}` },
  });
  expect(await counts()).toEqual(before);
  expect(body).toMatchObject({
    added: 2,
    voided: 2,
    backfill: null,
    effect: {
      currency: 'USD',
      dueNow: {
        without: null,
        with: { total: '3.00' },
        lines: [{ kind: 'adjustment', price: 'calls', without: null, with: '3.00', difference: '3.00' }],
        difference: '3.00',
      },
      nextInvoice: {
        without: { total: '4.00' },
        with: { total: '1.00' },
        lines: [{ kind: 'metered', without: '4.00', with: '1.00', difference: '-3.00' }],
        difference: '-3.00',
      },
    },
  });
  expect(await backfill('dry', { ...more, dryRun: true, events: [call('a', 'dry', '2026-01-10T00:00:00Z', 1)] })).toMatchObject({
    status: 422,
  });
  expect((await backfill('dry', more)).body).toMatchObject({ added: 2, voided: 2 });
  await wharfage.travel('2026-03-02T00:00:00Z');
  const [january, february] = await invoices('dry');
  expect([january.total, february.total]).toEqual(['10.00', '4.00']);
  expect(february.lines.map((line: any) => [line.kind, line.amount, line.adjusts])).toEqual([
    ['adjustment', '3.00', january.lines[0].id],
    ['metered', '1.00', null],
  ]);
  await afterStory(wharfage);
}, 60_000);
