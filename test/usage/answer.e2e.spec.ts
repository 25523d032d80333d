import fc from 'fast-check';
import { accountIdFor } from '../../src/common/ids.js';
import { SYSTEM } from '../../src/common/actor.js';
import { Database } from '../../src/common/database/database.js';
import type { Meter } from '../../src/domain/catalog.js';
import { DAY, formatInstant, HOUR, MINUTE, parseInstant } from '../../src/domain/instant.js';
import { answer } from '../../src/domain/metering/aggregate.js';
import type { MeterEvent } from '../../src/domain/metering/meter-event.js';
import type { UsageAnswer, UsageQuestion } from '../../src/domain/metering/question.js';
import { Intake } from '../../src/usage/intake/intake.js';
import { compact } from '../../src/usage/rollups/compact.js';
import { UsageService } from '../../src/usage/usage.service.js';
import { TestApp } from '../support/app.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 60);
const EPOCH = parseInstant('2025-12-20T00:00:00Z');

const plain = { name: 'm', eventType: 't' } as const;
const level = { ...plain, aggregation: 'time_weighted', value: 'n', resource: 'node', mode: 'level', unit: 'hour' } as const;
const groupBy = ['kind', 'node'];

/** With dimensions that they declare, and without. */
const METERS: readonly Meter[] = [
  { ...plain, key: 'm-count', aggregation: 'count', groupBy },
  { ...plain, key: 'm-sum', aggregation: 'sum', value: 'n', filter: { kind: ['a', 'b'] } },
  { ...plain, key: 'm-grouped', aggregation: 'sum', value: 'n', groupBy: ['node', 'kind'] },
  { ...plain, key: 'm-max', aggregation: 'max', value: 'n', groupBy },
  { ...plain, key: 'm-min', aggregation: 'min', value: 'n' },
  { ...plain, key: 'm-latest', aggregation: 'latest', value: 'n' },
  { ...plain, key: 'm-average', aggregation: 'average', value: 'n', groupBy },
  { ...plain, key: 'm-unique', aggregation: 'unique', value: 'n' },
  { ...plain, key: 'm-percentile', aggregation: 'percentile', value: 'n', percentile: 7 },
  { ...level, key: 'm-level', groupBy },
  { ...level, key: 'm-account-level', groupBy: ['node', 'kind'], filter: { kind: ['a', 'b', '1'] } },
  { ...level, key: 'm-stale', groupBy, staleAfter: { unit: 'hour', count: 30 }, snapshotType: 't' },
  { ...level, key: 'm-rounded', groupBy, roundRunsUpTo: 'hour', staleAfter: { unit: 'day', count: 2 }, snapshotType: 'snapshot' },
  { ...level, key: 'm-delta', mode: 'delta', unit: 'minute', groupBy },
];

const moment = fc
  .record({ hours: fc.nat(200), minutes: fc.constantFrom(0, 0, 10, 29, 30, 31, 59), odd: fc.nat(2) })
  .map(({ hours, minutes, odd }) => EPOCH + BigInt(hours) * HOUR + BigInt(minutes) * MINUTE + BigInt(odd));
const value = fc.oneof(fc.integer({ min: -5, max: 30 }).map(String), fc.constantFrom('1.0', '1.50', '0.1234567890123456789', '7'));
const anyEvent = fc.record({
  id: fc.nat(15).map((n) => `e${String(n)}`),
  source: fc.constantFrom('s1', 's2'),
  sequence: fc.option(fc.constantFrom('1', '2', '10'), { nil: undefined }),
  time: moment,
  n: value,
  node: fc.constantFrom('x', 'y', 'z'),
  snapshot: fc.option(fc.subarray(['x', 'y', 'z']), { freq: 8, nil: undefined }),
  kind: fc.constantFrom('a', 'b', 'c', '1.0', '1'),
});
const anyQuestion = fc.record({
  from: moment,
  length: fc.nat(9).map((days) => BigInt(days) * DAY + 1n),
  grouped: fc.boolean(),
  filtered: fc.boolean(),
  free: fc.option(fc.constantFrom('0', '1', '2.5'), { nil: undefined }),
});

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { ROLE: 'api' } });
  for (const { key, ...meter } of METERS) await wharfage.ok('PUT', `/v2/meters/${key}`, meter);
}, 30_000);
afterAll(() => wharfage.close());

/** Comparable: exact fractions as text, groups in one order. */
const comparable = (usage: UsageAnswer): unknown[] =>
  usage
    .map(({ group, quantity, billable, events }) => ({
      group,
      quantity: quantity?.toFraction() ?? null,
      billable: billable?.toFraction() ?? null,
      events: String(events),
    }))
    .sort((a, b) => (JSON.stringify(a.group) < JSON.stringify(b.group) ? -1 : 1));

/** A snapshot lists what runs under the name of the resource. */
const dataOf = ({ n, node, kind, snapshot }: { n: string; node: string; kind: string; snapshot: readonly string[] | undefined }) =>
  snapshot === undefined ? { n, node, kind } : { snapshot: true, node: snapshot };

let account = 0;

test('whatever is sent, in whatever order and batches and however often, every meter answers what the plain reference answers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { maxLength: 14 }),
      fc.array(anyQuestion, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(3),
      async (events, questions, batch, compacts) => {
        const key = `p${String((account += 1))}`;
        await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC' });
        const sent = events.map(({ n, node, kind, time, sequence, snapshot, ...rest }) => ({
          ...rest,
          type: snapshot === undefined ? 't' : 'snapshot',
          subject: key,
          time: formatInstant(time),
          data: dataOf({ n, node, kind, snapshot }),
          ...(sequence === undefined ? {} : { sequence }),
        }));
        const usage = wharfage.app.get(UsageService);
        const intake = wharfage.app.get(Intake);
        for (const round of [0, 1])
          for (let i = 0; i < sent.length; i += batch + round) {
            await intake.report(SYSTEM, sent.slice(i, i + batch + round));
            if (i % 3 === compacts) await wharfage.app.get(Database).transaction((tx) => compact(tx, 1_000));
          }
        const first = new Map<string, MeterEvent>();
        for (const { id, source, sequence, time, n, node, kind, snapshot } of events)
          if (!first.has(`${source} ${id}`))
            first.set(`${source} ${id}`, {
              id,
              source,
              type: snapshot === undefined ? 't' : 'snapshot',
              time,
              data: dataOf({ n, node, kind, snapshot }),
              ...(sequence === undefined ? {} : { sequence }),
            });
        for (const { from, length, grouped, filtered, free } of questions)
          for (const meter of METERS) {
            const isLevel = meter.aggregation === 'time_weighted';
            const question: UsageQuestion = {
              meter: meter.key,
              from,
              to: from + length,
              ...(filtered ? { filter: { kind: ['a', '1'] } } : {}),
              ...(grouped ? { groupBy: ['kind', 'node'] } : {}),
              ...(isLevel && free !== undefined && !grouped ? { freeConcurrent: free } : {}),
            };
            const [found = []] = await wharfage.app
              .get(Database)
              .transaction((tx) => usage.answer(tx, [{ ...question, accountId: accountIdFor(key) }]));
            expect([meter.key, comparable(found)]).toEqual([meter.key, comparable(answer(meter, question, [...first.values()]))]);
          }
      },
    ),
    { numRuns: RUNS },
  );
}, 120_000);

test('the same events from many reporters at once count once, and nobody is answered with an error', async () => {
  for (const key of ['c0', 'c1', 'c2'])
    await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC' });
  const events = Array.from({ length: 600 }, (_, i) => ({
    id: `c${String(i)}`,
    source: 's',
    type: 't',
    subject: `c${String(i % 3)}`,
    time: '2025-12-31T00:00:00Z',
    data: { n: 1, node: `n${String(i % 5)}`, kind: 'a' },
  }));
  const reports = await Promise.all(
    Array.from({ length: 8 }, async (_, reporter) => {
      const shuffled = events.map((event, i) => ({ event, rank: (i * (7 + reporter * 12)) % 601 })).sort((a, b) => a.rank - b.rank);
      let accepted = 0;
      for (let i = 0; i < shuffled.length; i += 70)
        accepted += ((await wharfage.report(shuffled.slice(i, i + 70).map(({ event }) => event))) as { accepted: number }).accepted;
      return accepted;
    }),
  );
  expect(reports.reduce((sum, accepted) => sum + accepted, 0)).toBe(events.length);
  const { data } = await wharfage.ok('GET', '/v2/usage/query?meter=m-sum&account=c1&from=2025-12-30T00:00:00Z&to=2026-01-01T00:00:00Z');
  expect(data).toEqual([{ group: {}, quantity: '200', events: 200 }]);
}, 60_000);

test('each form of sending is understood, and a known event with another content is a conflict', async () => {
  await wharfage.ok('PUT', '/v2/accounts/forms', { kind: 'user', name: 'forms', currency: 'USD', timeZone: 'UTC' });
  const event = (id: string, n: number | string = 1) => ({
    specversion: '1.0',
    id,
    source: 's',
    type: 't',
    subject: 'forms',
    time: '2025-12-31T00:00:00Z',
    data: { n, node: 'x', kind: 'a' },
  });
  const send = (payload: unknown, type: string, query = '') =>
    wharfage.ok('POST', `/v2/usage/events${query}`, typeof payload === 'string' ? payload : JSON.stringify(payload), {
      'content-type': type,
    });
  expect(await send(event('one'), 'application/cloudevents+json')).toMatchObject({ accepted: 1, results: [] });
  expect(await send([event('two'), event('one')], 'application/cloudevents-batch+json')).toMatchObject({ accepted: 1, duplicates: 1 });
  expect(await send({ events: [event('one', '1.0'), event('one', 2), event('new'), event('new', 3)] }, 'application/json')).toMatchObject({
    accepted: 1,
    duplicates: 1,
    conflicts: 2,
    results: [
      { index: 0, status: 'duplicate' },
      { index: 1, status: 'conflict' },
      { index: 3, status: 'conflict' },
    ],
  });
  expect(
    await send(`${JSON.stringify(event('three'))}\n\nnot json\n${JSON.stringify(event('one'))}\n`, 'application/x-ndjson', '?verbose=true'),
  ).toMatchObject({
    accepted: 1,
    duplicates: 1,
    rejected: 1,
    results: [{ status: 'accepted' }, { index: 1, line: 3, id: null, status: 'rejected', code: 'invalid_json' }, { status: 'duplicate' }],
  });
  expect(await wharfage.ok('GET', '/v2/usage/events?account=forms&source=s&id=one')).toMatchObject({
    data: [{ id: 'one', subject: 'forms', data: { n: 1 } }],
  });
});
