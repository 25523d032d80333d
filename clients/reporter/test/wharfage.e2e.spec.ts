import { randomUUID } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TestApp } from '../../../test/support/app.js';
import { Reporter, type ReporterOptions } from '../src/reporter.js';
import { event, rejectedIn, until, workplaces } from './support/workplace.js';

const NOW = '2026-01-15T12:00:00Z';
const workplace = workplaces();
let wharfage: TestApp;
let port = 0;
let apiKey: string;
let adminKey: string;

/** The service, for others to reach. */
async function serve(databaseUrl?: string): Promise<void> {
  const env = { ROLE: 'api', ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }) };
  wharfage = await TestApp.start({ now: NOW, env });
  await wharfage.app.listen(port, '127.0.0.1');
  port = (wharfage.app.getHttpServer().address() as AddressInfo).port;
}

beforeAll(async () => {
  await serve();
  ({ adminKey } = wharfage); // it is made at the first start only
  await wharfage.ok('PUT', '/v2/meters/nodes', { name: 'Nodes', eventType: 'node.state', aggregation: 'sum', value: 'nodes' });
  apiKey = (await wharfage.ok<{ key: string }>('POST', '/v2/api-keys', { name: 'Cloud', scopes: ['usage:write'] })).key;
}, 30_000);
afterAll(() => wharfage.close());

/** An account of its own, and a reporter for it. */
async function reporting(options: Partial<ReporterOptions> = {}) {
  const account = `a${randomUUID()}`;
  await wharfage.ok('PUT', `/v2/accounts/${account}`, { kind: 'organization', name: 'Acme', currency: 'USD', timeZone: 'UTC' });
  const reporter = new Reporter({
    url: `http://127.0.0.1:${port}`,
    apiKey,
    dir: workplace(),
    source: account,
    fsync: 'interval',
    flushIntervalMs: 5,
    retry: { firstMs: 5, maxMs: 50 },
    now: () => Date.parse(NOW),
    ...options,
  });
  await reporter.open();
  const report = (from: number, to: number): Promise<unknown> =>
    Promise.all(Array.from({ length: to - from }, (_, i) => reporter.report({ ...event(from + i), subject: account })));
  const counted = async (): Promise<unknown> => {
    const query = `meter=nodes&account=${account}&from=2026-01-15T00:00:00Z&to=2026-01-16T00:00:00Z`;
    const { data } = await wharfage.ok<{ data: { quantity: string; events: number }[] }>('GET', `/v2/usage/query?${query}`, undefined, {
      authorization: `Bearer ${adminKey}`,
    });
    return [data[0]?.quantity, data[0]?.events];
  };
  return { account, reporter, report, counted };
}

test('what is reported is counted, however often it is reported', async () => {
  const { reporter, report, counted } = await reporting();
  await report(0, 1000);
  await report(500, 1500);
  expect(await reporter.close()).toBe(true);
  expect(reporter.stats()).toMatchObject({
    reported: 2000,
    accepted: 1500,
    duplicates: 500,
    delivered: 2000,
    rejected: 0,
    lastError: null,
  });
  expect(await counted()).toEqual([String((1499 * 1500) / 2), 1500]);
});

test('a reporter that finds no cursor sends all again, and nothing counts twice', async () => {
  const [dir, earlier] = [workplace(), workplace()];
  const { reporter, report, counted } = await reporting({ dir, flushIntervalMs: 60_000 });
  await report(0, 300);
  cpSync(dir, earlier, { recursive: true });
  await reporter.close();
  rmSync(join(earlier, 'cursor.json'), { force: true });
  const again = await reporting({ dir: earlier });
  expect(await again.reporter.close()).toBe(true);
  expect(again.reporter.stats()).toMatchObject({ recovered: 300, accepted: 0, duplicates: 300 });
  expect(await counted()).toEqual([String((299 * 300) / 2), 300]);
});

test('what the service does not take is kept with its reason; the rest is counted', async () => {
  const dir = workplace();
  const { account, reporter, report, counted } = await reporting({ dir });
  await report(1, 4);
  await reporter.report({ ...event(4), subject: 'nobody' });
  await reporter.report({ ...event(5), subject: account, type: 'unheard.of' });
  await reporter.report({ ...event(6), subject: account, data: { nodes: 'many' } });
  await reporter.report({ ...event(7), subject: account, data: {} });
  await reporter.report({ ...event(8), subject: account, time: '2026-01-16T12:00:00Z' });
  await reporter.report({ ...event(9), subject: account, data: { nodes: 0.1 + 0.2 } });
  await reporter.report({ ...event(3), subject: account, data: { nodes: 33 } });
  await reporter.flush();
  expect(rejectedIn(dir).map(({ status, code, pointer, event: { id } }: any) => [id, status, code, pointer])).toEqual([
    ['e4', 'rejected', 'unknown_account', '/subject'],
    ['e5', 'rejected', 'unknown_meter', '/type'],
    ['e6', 'rejected', 'not_a_number', '/data/nodes'],
    ['e7', 'rejected', 'missing_property', '/data/nodes'],
    ['e8', 'rejected', 'time_in_future', '/time'],
    ['e9', 'rejected', 'number_too_precise', '/data/nodes'],
    ['e3', 'conflict', 'conflict', undefined],
  ]);
  expect(reporter.stats()).toMatchObject({ accepted: 3, rejected: 6, conflicts: 1, pendingEvents: 0 });
  await reporter.close();
  expect(await counted()).toEqual(['6', 3]);
});

test('more requests than the service allows wait, as it says, and arrive', async () => {
  const strict = await TestApp.start({ now: NOW, env: { ROLE: 'api', RATE_LIMIT: '2', DATABASE_URL: wharfage.url } });
  await strict.app.listen(0, '127.0.0.1');
  const { reporter, report, counted } = await reporting({ batchEventsMax: 1, url: await strict.app.getUrl() });
  await report(0, 4);
  await reporter.flush();
  expect(reporter.stats()).toMatchObject({ accepted: 4, duplicates: 0, lastError: null });
  expect(reporter.stats().retried).toBeGreaterThan(0);
  await reporter.close();
  await strict.close();
  expect(await counted()).toEqual(['6', 4]);
});

test('a key that may not report stands in the stats, and no event is lost by it', async () => {
  const keys = [wharfage.adminKey.replace(/.$/, 'x'), apiKey];
  const { reporter, report, counted } = await reporting({ apiKey: () => keys[0] ?? '' });
  await report(0, 10);
  await until(() => reporter.stats().lastError !== null);
  expect(reporter.stats().lastError).toMatchObject({ status: 401, code: 'invalid_api_key' });
  keys.shift();
  await reporter.flush();
  await reporter.close();
  expect(await counted()).toEqual(['45', 10]);
});

test('while the service is away events are stored; once it is back they are counted', async () => {
  const { reporter, report, counted } = await reporting();
  await report(0, 10);
  await reporter.flush();
  const { url } = wharfage;
  await wharfage.close();
  await report(10, 1000);
  await until(() => reporter.stats().failuresInARow > 2);
  expect(reporter.stats().pendingEvents).toBe(990);
  await serve(url);
  await reporter.flush();
  await reporter.close();
  expect(await counted()).toEqual([String((999 * 1000) / 2), 1000]);
});
