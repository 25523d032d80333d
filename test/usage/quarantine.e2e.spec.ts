import { Database } from '../../src/common/database/database.js';
import { registry } from '../../src/common/telemetry/metrics.js';
import { Quarantine } from '../../src/usage/quarantine/quarantine.js';
import { ReplayRejected } from '../../src/usage/quarantine/replay-rejected.js';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ env: { ROLE: 'api', QUARANTINE_MAX: '6', QUARANTINE_DAYS: '10' } });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
}, 30_000);
afterAll(() => wharfage.close());

/** Two accounts for each test: one that is there, and one that is not yet. */
let [known, acme, round] = ['', '', 0];
beforeEach(async () => {
  round += 1;
  [known, acme] = [`known${String(round)}`, `acme${String(round)}`];
  await account(known);
  await wharfage.source.query('delete from usage_quarantine');
  await wharfage.source.query('update usage_quarantine_size set rows = 0');
});

const account = (key: string) => wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC' });
const event = (id: string, more: object = {}) => ({
  id,
  source: 's',
  type: 'call',
  subject: acme,
  time: '2025-12-31T00:00:00Z',
  data: { n: 1 },
  ...more,
});
const rejected = async (query = ''): Promise<any[]> => (await wharfage.ok('GET', `/v2/usage/rejected${query}`)).data;
const idsOf = (rows: any[]): string[] => rows.map((row) => row.event.id);
const replay = (body: object = {}): Promise<any> => wharfage.ok('POST', '/v2/usage/rejected/replay', body);
const used = async (key: string): Promise<string> =>
  (await wharfage.ok('GET', `/v2/usage/query?meter=calls&account=${key}&from=2024-01-01T00:00:00Z&to=2026-02-01T00:00:00Z`)).data[0]
    .quantity;
const metric = async (name: string, labels = ''): Promise<number> =>
  Number(new RegExp(`^${name}${labels.replace(/[{}"]/g, '\\$&')} (\\d+)$`, 'm').exec(await registry.metrics())?.[1] ?? 0);
const sizeSaid = async (): Promise<[number, number]> => {
  const [row] = await wharfage.source.query<any[]>(
    'select (select rows from usage_quarantine_size)::int as said, (select count(*) from usage_quarantine)::int as there',
  );
  return [row.said, row.there];
};

test('what is unknown or missing is kept, with why; what is malformed is not', async () => {
  const before = await metric('wharfage_usage_rejected_total', '{code="unknown_account"}');
  await wharfage.report([
    event('account'),
    event('type', { subject: known, type: 'walk' }),
    event('missing', { subject: known, data: {} }),
    event('number', { subject: known, data: { n: 'many' } }),
    event('future', { time: '2027-01-01T00:00:00Z' }),
    event('', {}),
    event('good', { subject: known }),
  ]);
  const rows = await rejected();
  expect(rows.map(({ code, pointer, event: { id } }: any) => [id, code, pointer])).toEqual([
    ['number', 'not_a_number', '/data/n'],
    ['missing', 'missing_property', '/data/n'],
    ['type', 'unknown_meter', '/type'],
    ['account', 'unknown_account', '/subject'],
  ]);
  expect(rows[3]).toMatchObject({
    receivedAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-01-11T00:00:00Z',
    mayBackfill: true,
    event: event('account'),
  });
  expect(await used(known)).toBe('1');
  expect(await metric('wharfage_usage_rejected_total', '{code="unknown_account"}')).toBe(before + 1);
  expect(idsOf(await rejected(`?account=${known}&code=missing_property&source=s&type=call`))).toEqual(['missing']);
  expect(await rejected('?source=other')).toEqual([]);
  const first = await wharfage.ok('GET', '/v2/usage/rejected?limit=3');
  expect(idsOf(await rejected(`?limit=3&cursor=${first.nextCursor}`))).toEqual(['account']);
});

test('a resend takes the place of the earlier one, also within a batch', async () => {
  await wharfage.report([event('a', { data: { n: 1 } }), event('b'), event('a', { data: { n: 2 } })]);
  await wharfage.report([event('a', { data: { n: 3 } })]);
  const rows = await rejected();
  expect(rows.map(({ event: { id, data } }: any) => [id, data.n])).toEqual([
    ['a', 3],
    ['b', 1],
  ]);
  expect(await sizeSaid()).toEqual([2, 2]);
});

test('a replay takes what is in order by now, oldest first, and keeps the rest with its new code', async () => {
  await wharfage.report([event('first', { data: { n: 5 } }), event('second', { data: {} }), event('other', { subject: 'nobody' })]);
  await account(acme);
  const [other, second] = await rejected();
  expect(await replay()).toEqual({ replayed: 3, accepted: 1, duplicates: 0, conflicts: 0, rejected: 2, nextCursor: null });
  expect(await used(acme)).toBe('5');
  expect((await rejected()).map(({ code, event: { id } }: any) => [id, code])).toEqual([
    ['other', 'unknown_account'],
    ['second', 'missing_property'],
  ]);
  expect(await replay()).toMatchObject({ replayed: 2, accepted: 0, rejected: 2 });
  expect((await rejected()).map(({ id }) => id)).toEqual([other.id, second.id]);
  expect(await sizeSaid()).toEqual([2, 2]);
  const { data } = await wharfage.ok('GET', '/v2/audit?action=usage_rejected.replayed');
  expect(data[0]).toMatchObject({ after: { events: 1 } });
  expect(data).toHaveLength(1);
});

test('what was accepted meanwhile, the same or another, is only removed', async () => {
  await wharfage.report([event('same'), event('changed', { data: { n: 7 } })]);
  await account(acme);
  await wharfage.report([event('same'), event('changed', { data: { n: 8 } })]);
  const [changed, same] = await rejected();
  expect(await replay()).toMatchObject({ replayed: 2, accepted: 0, duplicates: 1, conflicts: 1, rejected: 0 });
  expect(await rejected()).toEqual([]);
  expect(await used(acme)).toBe('9');
  const { data } = await wharfage.ok('GET', '/v2/audit?action=usage_rejected.replayed');
  expect(data[0]).toMatchObject({ subjectId: same.id, after: { events: 2, through: changed.id } }); // oldest first
});

test('a replay that is stopped between storing and removing counts nothing twice', async () => {
  await wharfage.report([event('a'), event('b')]);
  await account(acme);
  const database = wharfage.app.get(Database);
  const replays = wharfage.app.get<ReplayRejected, { settle: () => Promise<void> }>(ReplayRejected);
  const settle = replays.settle;
  replays.settle = () => Promise.reject(new Error('killed'));
  expect((await wharfage.call('POST', '/v2/usage/rejected/replay', {}).catch(() => ({ status: 500 }))).status).toBe(500);
  replays.settle = settle;
  expect(await used(acme)).toBe('2');
  expect(await replay()).toMatchObject({ replayed: 2, accepted: 0, duplicates: 2 });
  expect(await used(acme)).toBe('2');
  expect(await database.transaction((tx) => tx.query('select 1 from usage_quarantine'))).toEqual([]);
});

test('only what meets the filter is replayed; ids name single ones', async () => {
  await wharfage.report([event('a', { source: 'x' }), event('b'), event('c')]);
  await account(acme);
  expect(await replay({ source: 'x' })).toMatchObject({ replayed: 1, accepted: 1 });
  const [c, b] = await rejected();
  expect([c.event.id, b.event.id]).toEqual(['c', 'b']);
  expect(await replay({ ids: [c.id], code: 'unknown_account' })).toMatchObject({ replayed: 1, accepted: 1 });
  expect(idsOf(await rejected())).toEqual(['b']);
});

test('beyond the quota events are still rejected, and others counted; it counts what is not kept', async () => {
  const before = await metric('wharfage_usage_quarantine_full_total');
  const many = Array.from({ length: 9 }, (_, i) => event(`q${String(i)}`));
  expect(await wharfage.report([...many, event('good', { subject: known })])).toMatchObject({ accepted: 1, rejected: 9 });
  expect(idsOf(await rejected())).toEqual(['q5', 'q4', 'q3', 'q2', 'q1', 'q0']);
  expect(await metric('wharfage_usage_quarantine_full_total')).toBe(before + 3);
  await wharfage.report([event('q1', { data: { n: 9 } }), event('q8')]); // what is kept already may still be replaced
  expect(idsOf(await rejected())).toEqual(['q1', 'q5', 'q4', 'q3', 'q2', 'q0']);
  const [{ id }] = await rejected();
  expect(await wharfage.call('DELETE', `/v2/usage/rejected/${id}`)).toMatchObject({ status: 204 });
  await wharfage.report([event('q8'), event('q7')]);
  expect(idsOf(await rejected())).toEqual(['q8', 'q5', 'q4', 'q3', 'q2', 'q0']);
  expect(await sizeSaid()).toEqual([6, 6]);
});

test('the quota holds with many reporters at once', async () => {
  await Promise.all(Array.from({ length: 12 }, (_, i) => wharfage.report([event(`p${String(i)}`), event(`p${String((i + 1) % 12)}`)])));
  expect(await sizeSaid()).toEqual([6, 6]);
});

test('what is dropped is gone, and audited', async () => {
  await wharfage.report([event('a')]);
  const [{ id }] = await rejected();
  expect(await wharfage.call('DELETE', `/v2/usage/rejected/${id}`)).toMatchObject({ status: 204 });
  expect(await wharfage.call('DELETE', `/v2/usage/rejected/${id}`)).toMatchObject({
    status: 404,
    body: { code: 'rejected_event_not_found' },
  });
  expect(await rejected()).toEqual([]);
  const { data } = await wharfage.ok('GET', '/v2/audit?action=usage_rejected.dropped');
  expect(data[0]).toMatchObject({ subjectId: id, before: { code: 'unknown_account', event: event('a') } });
});

test('reading and writing need their scopes', async () => {
  const keyWith = async (scopes: string[]) => ({
    authorization: `Bearer ${(await wharfage.ok<{ key: string }>('POST', '/v2/api-keys', { name: 'k', scopes })).key}`,
  });
  const [reader, writer] = [await keyWith(['usage:read']), await keyWith(['usage:write'])];
  expect(await wharfage.call('GET', '/v2/usage/rejected', undefined, writer)).toMatchObject({ status: 403 });
  expect(await wharfage.call('GET', '/v2/usage/rejected', undefined, reader)).toMatchObject({ status: 200 });
  expect(await wharfage.call('POST', '/v2/usage/rejected/replay', {}, reader)).toMatchObject({ status: 403 });
  expect(await wharfage.call('POST', '/v2/usage/rejected/replay', {}, writer)).toMatchObject({ status: 200 });
  expect(await wharfage.call('DELETE', '/v2/usage/rejected/x', undefined, reader)).toMatchObject({ status: 403 });
});

test('the same source and id under two accounts are two events, and somebody sees it', async () => {
  await account(acme);
  const before = await metric('wharfage_usage_ident_of_other_account_total');
  await wharfage.report([event('shared'), event('own')]);
  expect(await wharfage.report([event('shared', { subject: known }), event('own')])).toMatchObject({ accepted: 1, duplicates: 1 });
  expect(await metric('wharfage_usage_ident_of_other_account_total')).toBe(before + 1);
});

test('after some days it is forgotten', async () => {
  await wharfage.report([event('a')]);
  await wharfage.travel('2026-01-05T00:00:00Z');
  await wharfage.report([event('b', { time: '2026-01-05T00:00:00Z' })]);
  await wharfage.travel('2026-01-11T00:00:00Z');
  expect(idsOf(await rejected())).toEqual(['b']); // not shown, though it is still there
  expect(await sizeSaid()).toEqual([2, 2]);
  await wharfage.app.get(Quarantine).expire();
  expect(await sizeSaid()).toEqual([1, 1]);
});

test('an event is replayed with what its sender was allowed when it came', async () => {
  const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'plain', scopes: ['usage:write'] });
  const send = (events: object[], bearer: string): Promise<any> =>
    wharfage.ok('POST', '/v2/usage/events', { events }, { authorization: `Bearer ${bearer}` });
  await send([event('recent', { time: '2024-12-10T00:00:00Z' })], key);
  await send([event('old', { time: '2024-01-01T00:00:00Z' }), event('older', { time: '2023-01-01T00:00:00Z' })], wharfage.adminKey);
  expect(await send([event('too old', { time: '2024-01-01T00:00:00Z' })], key)).toMatchObject({ results: [{ code: 'time_too_old' }] });
  expect((await rejected()).map(({ mayBackfill }) => mayBackfill)).toEqual([true, true, false]);
  await account(acme);
  await wharfage.travel('2026-01-18T00:00:00Z'); // the one of December has passed 400 days by now
  await wharfage.source.query(`update usage_quarantine set may_backfill = false where event_id = 'older'`);
  expect(await replay()).toMatchObject({ accepted: 2, rejected: 1 });
  expect(await rejected()).toMatchObject([{ event: { id: 'older' }, code: 'time_too_old', pointer: '/time' }]);
});
