import { AlertEvaluation } from '../../src/invoices/alerts/alert-evaluation.js';
import { UsageService } from '../../src/usage/usage.service.js';
import { Clock } from '../../src/common/clock.js';
import { accountIdFor } from '../../src/common/ids.js';
import { parseInstant } from '../../src/domain/instant.js';
import { Compaction } from '../../src/usage/rollups/compaction.js';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;

async function start(): Promise<void> {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { ROLE: 'api' } });
  await wharfage.ok('PUT', '/v2/meters/node-hours', {
    name: 'Node hours',
    eventType: 'node.state',
    aggregation: 'time_weighted',
    value: 'nodes',
    resource: 'node',
    mode: 'level',
    unit: 'hour',
  });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
  await account('acme');
}

const account = (key: string, more: object = {}) =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', ...more });
const plan = (key: string, prices: readonly object[], more: object = {}) =>
  wharfage.ok('PUT', `/v2/plans/${key}`, {
    name: key,
    product: 'cloud',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices,
    ...more,
  });
const CALLS = { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.50' };
const NODES = { key: 'nodes', kind: 'metered', meter: 'node-hours', model: 'per_unit', unitPrice: '1.00', freeConcurrent: '1' };
const subscribe = (key: string, name: string, more: object = {}) =>
  wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: name, ...more });
const alert = (key: string, body: object) =>
  wharfage.ok('PUT', `/v2/alerts/${key}`, { thresholds: ['10'], meter: 'calls', on: 'quantity', ...body });

let id = 0;
const called = (subject: string, time: string, n: number) =>
  wharfage.report([{ id: String((id += 1)), source: 's', type: 'call', subject, time, data: { n } }]);
const runs = (subject: string, time: string, nodes: number) =>
  wharfage.report([{ id: String((id += 1)), source: 's', type: 'node.state', subject, time, data: { node: 'n1', nodes } }]);

/** Oldest first: when, for whom, which alert, which threshold, at which value. */
const fired = async (query = ''): Promise<string[]> => {
  const { data } = await wharfage.ok('GET', `/v2/events?type=usage.alert&limit=200${query}`);
  return data
    .map(({ at, data: told }: any) => `${at.slice(5, 16)} ${told.account} ${told.alert} ${told.threshold} ${told.value}`)
    .reverse();
};

describe('what fires', () => {
  beforeEach(start, 30_000);
  afterEach(() => wharfage.close());

  test('a threshold fires within a minute of the event that reaches it, once in a period of the subscription', async () => {
    await plan('cloud', [CALLS]);
    await wharfage.travel('2026-01-05T00:00:00Z');
    await subscribe('acme', 'cloud');
    await alert('many', { account: 'acme', thresholds: ['10', '100'], name: 'Many calls' });
    await called('acme', '2026-01-05T00:00:00Z', 9);
    await wharfage.travel('2026-01-06T00:00:00Z');
    expect(await fired()).toEqual([]);
    await called('acme', '2026-01-06T00:00:00Z', 1);
    await wharfage.travel('2026-01-07T00:00:00Z');
    expect(await fired()).toEqual(['01-06T00:01 acme many 10 10']);
    await called('acme', '2026-01-07T00:00:00Z', 200);
    await wharfage.travel('2026-01-08T00:00:00Z');
    await called('acme', '2026-01-08T00:00:00Z', 200);
    await wharfage.travel('2026-02-05T00:00:00Z');
    expect(await fired()).toEqual(['01-06T00:01 acme many 10 10', '01-07T00:01 acme many 100 210']);
    await called('acme', '2026-02-05T00:00:00Z', 12);
    await wharfage.travel('2026-02-06T00:00:00Z');
    expect((await fired()).slice(2)).toEqual(['02-05T00:01 acme many 10 12']);
    const { data } = await wharfage.ok('GET', '/v2/events?account=acme&type=usage.alert');
    expect(data[0].data).toEqual({
      alert: 'many',
      name: 'Many calls',
      account: 'acme',
      plan: null,
      meter: 'calls',
      on: 'quantity',
      threshold: '10',
      value: '12',
      currency: null,
      period: { start: '2026-02-05T00:00:00Z', end: '2026-03-05T00:00:00Z' },
    });
  });

  test('a level reaches a threshold without an event, to the minute, for each account that holds the plan', async () => {
    await plan('cloud', [NODES]);
    await plan('other', [NODES]);
    for (const [key, name] of [
      ['b', 'cloud'],
      ['c', 'other'],
      ['d', 'cloud'],
    ] as const) {
      await account(key);
      await subscribe(key, name);
      await runs(key, '2026-01-01T00:00:00Z', key === 'd' ? 2 : 3);
    }
    await alert('nodes', { plan: 'cloud', meter: 'node-hours', thresholds: ['75', '99.5'] });
    await alert('money', { plan: 'cloud', meter: 'node-hours', on: 'cost', thresholds: ['60.50'] });
    await wharfage.travel('2026-01-03T00:00:00Z');
    expect(await fired()).toEqual([
      '01-02T01:00 b nodes 75 75',
      '01-02T06:15 b money 60.5 60.50', // two nodes are charged: after 30 hours and a quarter
      '01-02T09:10 b nodes 99.5 99.5',
      '01-02T13:30 d nodes 75 75',
    ]);
    await wharfage.travel('2026-01-03T14:00:00Z');
    expect((await fired()).slice(4)).toEqual(['01-03T01:45 d nodes 99.5 99.5', '01-03T12:30 d money 60.5 60.50']);
  }, 120_000);

  test('what costs is rated as the invoice is, in the currency of the account, and no minimum is taken for spent', async () => {
    await account('kyoto', { currency: 'JPY', timeZone: 'Asia/Tokyo' });
    await plan('yen', [{ ...CALLS, unitPrice: '3', freeUnits: '310', minimum: '5000' }], { currency: 'JPY' });
    await subscribe('kyoto', 'yen');
    await alert('yen', { account: 'kyoto', on: 'cost', thresholds: ['1000', '30'] });
    await called('kyoto', '2026-01-01T00:00:00Z', 319);
    await wharfage.travel('2026-01-02T00:00:00Z');
    expect(await fired()).toEqual([]);
    await called('kyoto', '2026-01-02T00:00:00Z', 1);
    await wharfage.travel('2026-01-03T00:00:00Z');
    expect(await fired()).toEqual(['01-02T00:01 kyoto yen 30 30']);
  });

  test('what was used already counts for an alert that is new, changed, or back from the archive', async () => {
    await plan('cloud', [CALLS]);
    await subscribe('acme', 'cloud');
    await called('acme', '2026-01-01T00:00:00Z', 50);
    await wharfage.travel('2026-01-02T00:00:00Z');
    await alert('late', { plan: 'cloud', thresholds: ['10'] });
    await wharfage.travel('2026-01-03T00:00:00Z');
    expect((await fired()).map((one) => one.slice(12))).toEqual(['acme late 10 50']);
    await alert('late', { plan: 'cloud', thresholds: ['10', '20'], archived: true });
    await wharfage.travel('2026-01-04T00:00:00Z');
    expect(await fired()).toHaveLength(1);
    await alert('late', { plan: 'cloud', thresholds: ['10.0', '20.00'] });
    await wharfage.travel('2026-01-05T00:00:00Z');
    expect((await fired()).map((one) => one.slice(12))).toEqual(['acme late 10 50', 'acme late 20 50']);
  });

  test('where nothing prices the meter a quantity counts by calendar month, and a late event for a month that just ended counts in it', async () => {
    await alert('free', { account: 'acme', thresholds: ['10'] });
    await alert('costs', { account: 'acme', on: 'cost', thresholds: ['0.01'] });
    await wharfage.travel('2026-01-31T23:59:30Z');
    await called('acme', '2026-01-31T23:59:30Z', 11);
    await wharfage.travel('2026-02-03T00:00:00Z');
    expect(await fired()).toEqual(['02-01T00:00 acme free 10 11']);
    await called('acme', '2026-02-03T00:00:00Z', 10);
    await wharfage.travel('2026-02-04T00:00:00Z');
    expect((await fired()).slice(1)).toEqual(['02-03T00:01 acme free 10 10']);
  });

  test('an event ahead of our clock counts, also where it belongs to the period that begins next', async () => {
    await alert('ahead', { account: 'acme', thresholds: ['10'] });
    await wharfage.travel('2026-01-31T23:20:00Z');
    await called('acme', '2026-01-31T23:40:00Z', 10);
    await called('acme', '2026-02-01T00:10:00Z', 12);
    await wharfage.travel('2026-02-02T00:00:00Z');
    expect(await fired()).toEqual(['01-31T23:21 acme ahead 10 10', '02-01T00:00 acme ahead 10 12']);
  });

  test('whoever comes to hold the plan is looked at, and whoever leaves it is not', async () => {
    await plan('cloud', [NODES]);
    await plan('other', [NODES]);
    await alert('nodes', { plan: 'cloud', meter: 'node-hours', thresholds: ['10'] });
    await runs('acme', '2026-01-01T00:00:00Z', 1);
    const { id: subscription } = await subscribe('acme', 'cloud', { startsAt: '2026-01-02T00:00:00Z' });
    await wharfage.travel('2026-01-02T09:00:00Z');
    expect(await fired()).toEqual([]);
    await wharfage.ok('POST', `/v2/subscriptions/${subscription}/change-plan`, { plan: 'other' });
    await wharfage.travel('2026-01-03T09:00:00Z');
    expect(await fired()).toEqual([]);
    await wharfage.ok('POST', `/v2/subscriptions/${subscription}/change-plan`, { plan: 'cloud' });
    await wharfage.travel('2026-01-03T09:05:00Z');
    expect((await fired()).map((one) => one.slice(12, 28))).toEqual(['acme nodes 10 33']); // of the period of the subscription, at once or a minute later
  });

  test('workers at the same time fire once', async () => {
    const quiet = await TestApp.start({ env: { ROLE: 'api', DATABASE_URL: wharfage.url } });
    try {
      for (const key of ['w1', 'w2', 'w3']) {
        await account(key);
        await alert(`of-${key}`, { account: key });
        await called(key, '2026-01-01T00:00:00Z', 10);
      }
      await wharfage.app.get(Compaction).run();
      await wharfage.source.query(
        `insert into alert_watch select a.id, 'of-' || a.key, '2020-01-01T00:00:00Z' from account a where key like 'w%' on conflict do nothing`,
      );
      await Promise.all([wharfage, quiet, wharfage, quiet].map((one, i) => one.app.get(AlertEvaluation).run({ waits: i % 2 === 0 })));
      await wharfage.travel('2026-01-01T00:10:00Z');
      expect((await fired()).map((one) => one.slice(12)).sort()).toEqual(['w1 of-w1 10 10', 'w2 of-w2 10 10', 'w3 of-w3 10 10']);
    } finally {
      await quiet.close();
    }
  });

  test('an account that cannot be looked at keeps no other from being told, and is tried again', async () => {
    for (const key of ['good', 'bad']) await account(key);
    const bad = accountIdFor('bad');
    const usage = wharfage.app.get(UsageService);
    const answer = usage.answer.bind(usage);
    usage.answer = (tx, questions) =>
      questions.some(({ accountId }) => accountId === bad) ? Promise.reject(new Error('broken')) : answer(tx, questions);
    for (const key of ['good', 'bad']) {
      await alert(`of-${key}`, { account: key });
      await called(key, '2026-01-01T00:00:00Z', 10);
    }
    await wharfage.travel('2026-01-01T00:30:00Z');
    expect((await fired()).map((one) => one.slice(12))).toEqual(['good of-good 10 10']);
    usage.answer = answer;
    await wharfage.travel('2026-01-01T02:00:00Z');
    expect((await fired()).map((one) => one.slice(12))).toEqual(['good of-good 10 10', 'bad of-bad 10 10']);
  });

  test('thousands of accounts are looked at with a handful of statements each batch', async () => {
    await plan('cloud', [CALLS]);
    await alert('all', { plan: 'cloud', on: 'cost', thresholds: ['5'] });
    const keys = Array.from({ length: 30 }, (_, i) => `k${String(i)}`);
    for (const key of keys) {
      await account(key);
      await subscribe(key, 'cloud');
    }
    await wharfage.report(
      keys.map((subject, i) => ({ id: `k${String(i)}`, source: 's', type: 'call', subject, time: '2026-01-01T00:00:00Z', data: { n: i } })),
    );
    const usage = wharfage.app.get(UsageService);
    const answer = usage.answer.bind(usage);
    const asked: number[] = [];
    usage.answer = (tx, questions) => (asked.push(questions.length), answer(tx, questions));
    await wharfage.travel('2026-01-01T00:02:00Z');
    expect(await fired()).toHaveLength(20);
    expect(Math.max(...asked)).toBeGreaterThanOrEqual(30);
  });
});

describe('alerts as a resource', () => {
  beforeAll(start, 30_000);
  afterAll(() => wharfage.close());

  const body = { account: 'acme', meter: 'calls', on: 'cost', thresholds: ['100.00', '5'] };

  test('are put, read, listed and deleted, with an audit trail', async () => {
    const put = await wharfage.call('PUT', '/v2/alerts/spend', body);
    expect(put).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    expect(put.body).toMatchObject({
      key: 'spend',
      name: 'spend',
      account: 'acme',
      plan: null,
      on: 'cost',
      thresholds: ['5', '100'],
      archived: false,
    });
    expect((await wharfage.call('PUT', '/v2/alerts/spend', body)).headers['etag']).toBe('"1"');
    expect((await wharfage.call('PUT', '/v2/alerts/spend', { ...body, name: 'Spend' }, { 'if-match': '"1"' })).headers['etag']).toBe('"2"');
    expect(await wharfage.call('PUT', '/v2/alerts/spend', body, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
    expect(await wharfage.ok('GET', '/v2/alerts/spend')).toMatchObject({ name: 'Spend' });
    expect((await wharfage.ok('GET', '/v2/alerts')).data).toMatchObject([{ key: 'spend', account: 'acme' }]);
    expect(await wharfage.call('DELETE', '/v2/alerts/spend')).toMatchObject({ status: 204 });
    expect(await wharfage.call('GET', '/v2/alerts/spend')).toMatchObject({ status: 404, body: { code: 'alert_not_found' } });
    expect(await wharfage.call('DELETE', '/v2/alerts/spend')).toMatchObject({ status: 404 });
    const { data } = await wharfage.ok('GET', '/v2/audit?account=acme');
    expect(data.map((entry: any) => entry.action).slice(0, 3)).toEqual(['alert.deleted', 'alert.changed', 'alert.created']);
  });

  test.each<[string, object, number, string, string | null]>([
    ['neither an account nor a plan', { account: undefined }, 400, 'invalid_request', '/account'],
    ['both', { plan: 'x' }, 400, 'invalid_request', '/account'],
    ['no threshold', { thresholds: [] }, 400, 'invalid_request', '/thresholds'],
    ['a threshold of zero', { thresholds: ['1', '0'] }, 400, 'invalid_request', '/thresholds/1'],
    ['one given twice', { thresholds: ['1', '1.0'] }, 400, 'invalid_request', '/thresholds/1'],
    ['one below zero', { thresholds: ['-1'] }, 400, 'invalid_request', '/thresholds'],
    ['a number', { thresholds: [1] }, 400, 'invalid_request', '/thresholds'],
    ['too many', { thresholds: Array.from({ length: 21 }, (_, i) => String(i + 1)) }, 400, 'invalid_request', '/thresholds'],
    ['money with too many decimals', { thresholds: ['1.005'] }, 400, 'invalid_request', '/thresholds/0'],
    ['a meter that is not there', { meter: 'none' }, 404, 'meter_not_found', null],
    ['an account that is not there', { account: 'none' }, 404, 'account_not_found', null],
    ['a plan that is not there', { account: undefined, plan: 'none' }, 404, 'plan_not_found', null],
    ['another key', { key: 'other' }, 400, 'invalid_request', '/key'],
  ])('%s is refused', async (_case, more, status, code, pointer) => {
    const reply = await wharfage.call('PUT', '/v2/alerts/spend', { ...body, ...more });
    expect(reply).toMatchObject({ status, body: { code } });
    expect(reply.body.errors?.[0].pointer ?? null).toBe(pointer);
  });

  test('what it looks at is fixed; a key may do what its scopes say', async () => {
    await wharfage.ok('PUT', '/v2/alerts/fixed', body);
    expect(await wharfage.call('PUT', '/v2/alerts/fixed', { ...body, meter: 'node-hours' })).toMatchObject({
      status: 409,
      body: { code: 'alert_fixed' },
    });
    const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'test', scopes: ['plans:read', 'usage:write'] });
    const headers = { authorization: `Bearer ${String(key)}` };
    expect(await wharfage.send('GET', '/v2/alerts/fixed', { headers })).toMatchObject({ status: 200 });
    expect(await wharfage.send('PUT', '/v2/alerts/fixed', { headers, payload: body })).toMatchObject({ status: 403 });
  });

  test('a deleted one forgets what fired', async () => {
    await alert('again', { account: 'acme' });
    await called('acme', '2026-01-01T00:00:00Z', 10);
    await wharfage.travel('2026-01-02T00:00:00Z');
    await wharfage.ok('DELETE', '/v2/alerts/again');
    await alert('again', { account: 'acme' });
    await wharfage.travel('2026-01-03T00:00:00Z');
    expect(await fired()).toHaveLength(2);
    expect(wharfage.app.get(Clock).now()).toBe(parseInstant('2026-01-03T00:00:00Z'));
  });
});
