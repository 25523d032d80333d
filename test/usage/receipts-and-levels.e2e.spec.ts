import { Database } from '../../src/common/database/database.js';
import { Receipts } from '../../src/usage/receipts/receipts.js';
import { compact } from '../../src/usage/rollups/compact.js';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-31T12:20:00Z', env: { ROLE: 'api' } });
  for (const key of ['acme', 'beta'])
    await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC' });
}, 30_000);
afterEach(() => wharfage.close());

let count = 0;
const event = (type: string, time: string, data: object, more: object = {}) => ({
  id: `e${String((count += 1))}`,
  source: 'eu',
  type,
  subject: 'acme',
  time,
  data,
  ...more,
});

describe('receipts', () => {
  const receipts = async (query = 'source=eu&from=2026-01-01&to=2026-02-01'): Promise<any> =>
    (await wharfage.ok('GET', `/v2/usage/receipts?${query}`)).data;
  const compactAll = (): Promise<void> => wharfage.app.get(Receipts).compact();

  beforeEach(async () => {
    await wharfage.ok('PUT', '/v2/meters/bytes', { name: 'B', eventType: 'sent', aggregation: 'sum', value: 'n' });
    await wharfage.ok('PUT', '/v2/meters/inner', { name: 'I', eventType: 'sent', aggregation: 'count', filter: { kind: ['inner'] } });
  });

  const reported = [
    event('sent', '2026-01-30T23:59:59.999999Z', { n: '0.10', kind: 'inner' }),
    event('sent', '2026-01-31T00:00:00Z', { n: 2 }, { subject: 'beta' }),
    event('sent', '2026-01-31T01:00:00Z', { n: '0.2' }),
    event('sent', '2026-01-31T01:00:00Z', { n: 100 }, { source: 'us' }),
  ];
  const expected = [
    { day: '2026-01-30', meter: 'bytes', events: 1, total: '0.1', voided: 0 },
    { day: '2026-01-30', meter: 'inner', events: 1, total: '0', voided: 0 },
    { day: '2026-01-31', meter: 'bytes', events: 2, total: '2.2', voided: 0 },
  ];

  test('counts and sums of what was accepted, by day and meter, each event once, whether added up or not', async () => {
    await wharfage.report(reported.slice(0, 2));
    await compactAll();
    await wharfage.report([...reported, { ...reported[0], data: { n: 999 } }]);
    expect(await receipts()).toEqual(expected);
    await compactAll();
    expect(await receipts()).toEqual(expected);
    await compactAll();
    expect(await receipts()).toEqual(expected);
    expect(await wharfage.source.query('select count(*)::int as rows from usage_receipt')).toEqual([{ rows: 0 }]);
    expect(await receipts('source=eu&from=2026-01-31&to=2026-02-01')).toEqual(expected.slice(2));
    expect(await receipts('source=nobody&from=2026-01-31&to=2026-02-01')).toEqual([]);
  });

  test('voided events stay in the counts, and are told apart by the meters that took them', async () => {
    await wharfage.report([...reported, event('sent', '2026-01-31T05:00:00Z', { n: 1, kind: 'inner' })]);
    await wharfage.source.query(`
      insert into usage_void (account_id, type, event_time, event_seq, ident, voided_at, actor_kind, actor_id, reason)
      select account_id, type, event_time, event_seq, gen_random_uuid(), now(), 'cli', 'operator', 'wrong' from usage_event
      where source = 'us' or event_time < '2026-01-31' or data = '{"n": 2}'`);
    expect(await receipts()).toEqual([
      { ...expected[0], voided: 1 },
      { ...expected[1], voided: 1 },
      { ...expected[2], events: 3, total: '3.2', voided: 1 },
      { day: '2026-01-31', meter: 'inner', events: 1, total: '0', voided: 0 },
    ]);
  });

  test.each([
    ['from=2026-02-30&to=2026-03-01', 400, 'invalid_request'],
    ['from=2026-02-03T00:00:00Z&to=2026-03-01', 400, 'invalid_request'],
    ['from=2026-02-03&to=2026-02-01', 400, 'range_reversed'],
    ['from=2024-02-03&to=2026-02-01', 422, 'range_too_long'],
  ])('%s is refused', async (query, status, code) => {
    expect(await wharfage.call('GET', `/v2/usage/receipts?source=eu&${query}`)).toMatchObject({ status, body: { code } });
  });
});

describe('levels', () => {
  const meter = { name: 'N', eventType: 'node', aggregation: 'time_weighted', value: 'n', resource: 'node', mode: 'level', unit: 'hour' };
  const levels = async (query = ''): Promise<any[]> => (await wharfage.ok('GET', `/v2/usage/levels?account=acme${query}`)).data;
  const node = (time: string, name: string, n: number | string, more: object = {}) => event('node', time, { node: name, n, ...more });

  test('a resource has its last level up to now; one ahead counts when its time has come', async () => {
    await wharfage.ok('PUT', '/v2/meters/nodes', { ...meter, groupBy: ['region', 'size'] });
    await wharfage.report([
      node('2026-01-30T00:00:00Z', 'a', '2.50', { region: 'eu' }),
      node('2026-01-30T00:00:00Z', 'b', 1),
      node('2026-01-31T00:00:00Z', 'b', 0),
      node('2026-01-31T12:00:00Z', 'c', 1, { region: 'us', size: 4 }),
      node('2026-01-31T12:10:00Z', 'c', 7, { region: 'us', size: 4 }),
      node('2026-01-31T13:00:00Z', 'c', 0),
      node('2026-01-31T13:00:00Z', 'd', 3),
      node('2026-01-31T12:20:00Z', 'e', 4),
    ]);
    const more = { meter: 'nodes', endsAt: null, stale: false };
    const a = { ...more, resource: 'a', group: { region: 'eu', size: '' }, level: '2.5', reported: '2.5', since: '2026-01-30T00:00:00Z' };
    const e = { ...more, resource: 'e', group: { region: '', size: '' }, level: '4', reported: '4', since: '2026-01-31T12:20:00Z' };
    expect(await levels()).toEqual([
      a,
      { ...more, resource: 'c', group: { region: 'us', size: '4' }, level: '7', reported: '7', since: '2026-01-31T12:10:00Z' },
      e,
    ]);
    await wharfage.travel('2026-01-31T13:00:00Z');
    expect((await levels('&meter=nodes')).map(({ resource, level }) => [resource, level])).toEqual([
      ['a', '2.5'],
      ['d', '3'],
      ['e', '4'],
    ]);
  });

  test('a resource that nothing is heard of is stale when its time is over, and says when that is', async () => {
    await wharfage.ok('PUT', '/v2/meters/nodes', { ...meter, staleAfter: { unit: 'hour', count: 2 } });
    await wharfage.report([node('2026-01-31T11:00:00Z', 'a', 2), node('2026-01-31T12:00:00Z', 'b', 3)]);
    await wharfage.travel('2026-01-31T13:00:00Z');
    expect(await levels()).toMatchObject([
      { resource: 'a', level: '0', reported: '2', stale: true, endsAt: '2026-01-31T13:00:00Z' },
      { resource: 'b', level: '3', reported: '3', stale: false, endsAt: '2026-01-31T14:00:00Z' },
    ]);
  });

  test('changes add up to one level for each group, up to now', async () => {
    const { resource: _none, ...delta } = meter;
    await wharfage.ok('PUT', '/v2/meters/seats', { ...delta, eventType: 'seat', mode: 'delta', groupBy: ['team'] });
    const seat = (time: string, n: number, team: string) => event('seat', time, { n, team });
    await wharfage.report([
      seat('2025-11-30T23:00:00Z', 5, 'x'),
      seat('2026-01-03T00:00:00Z', 2, 'x'),
      seat('2026-01-31T12:10:00Z', -1, 'x'),
      seat('2026-01-31T12:20:00Z', 1, 'y'),
      seat('2026-01-31T12:21:00Z', 10, 'x'),
      seat('2026-01-31T02:00:00Z', 4, 'z'),
      seat('2026-01-31T03:00:00Z', -4, 'z'),
    ]);
    const row = { meter: 'seats', resource: null, since: null, endsAt: null, stale: false };
    const expected = [
      { ...row, group: { team: 'x' }, level: '6', reported: '6' },
      { ...row, group: { team: 'y' }, level: '1', reported: '1' },
    ];
    expect(await levels()).toEqual(expected);
    await wharfage.app.get(Database).transaction((tx) => compact(tx, 1_000));
    expect(await levels()).toEqual(expected);
    await wharfage.travel('2026-02-01T00:30:00Z');
    expect((await levels()).map(({ level }) => level)).toEqual(['16', '1']);
  });

  test('pages go through the resources of all meters, each once', async () => {
    const { resource: _none, ...delta } = meter;
    await wharfage.ok('PUT', '/v2/meters/m1', meter);
    await wharfage.ok('PUT', '/v2/meters/m2', { ...delta, mode: 'delta' });
    await wharfage.ok('PUT', '/v2/meters/m3', { ...meter, resource: 'n' });
    await wharfage.report(['p', 'q', 'r', 's'].map((name, i) => node('2026-01-31T12:00:00Z', name, i + 1)));
    const found: [string, string | null][] = [];
    for (let cursor = ''; ;) {
      const { data, nextCursor } = await wharfage.ok('GET', `/v2/usage/levels?account=acme&limit=1${cursor}`);
      for (const { meter: key, resource } of data) found.push([key, resource]);
      expect(data.length).toBeLessThanOrEqual(1);
      if (nextCursor === null) break;
      cursor = `&cursor=${nextCursor}`;
    }
    const m1 = ['p', 'q', 'r', 's'].map((name) => ['m1', name]);
    const m3 = ['1', '2', '3', '4'].map((name) => ['m3', name]);
    expect(found).toEqual([...m1, ['m2', null], ...m3]);
  });

  test('what has no levels is refused', async () => {
    await wharfage.ok('PUT', '/v2/meters/calls', { name: 'C', eventType: 'call', aggregation: 'count' });
    for (const [query, status, code] of [
      ['account=acme&meter=calls', 422, 'meter_without_levels'],
      ['account=acme&meter=none', 404, 'meter_not_found'],
      ['account=nobody', 404, 'account_not_found'],
      [`account=acme&cursor=${Buffer.from('["x"]').toString('base64url')}`, 400, 'invalid_cursor'],
    ] as const)
      expect(await wharfage.call('GET', `/v2/usage/levels?${query}`)).toMatchObject({ status, body: { code } });
  });
});
