import fc from 'fast-check';
import { accountIdFor } from '../../src/common/ids.js';
import { SYSTEM } from '../../src/common/actor.js';
import { Database, type Tx } from '../../src/common/database/database.js';
import type { Meter } from '../../src/domain/catalog.js';
import { DAY, formatInstant, HOUR, type Instant, MINUTE, parseInstant } from '../../src/domain/instant.js';
import { answer } from '../../src/domain/metering/aggregate.js';
import type { MeterEvent } from '../../src/domain/metering/meter-event.js';
import type { UsageAnswer } from '../../src/domain/metering/question.js';
import { Refusal } from '../../src/domain/refusal.js';
import { AddEvents } from '../../src/usage/corrections/add-events.js';
import { Backfills } from '../../src/usage/corrections/backfills.js';
import { CorrectEvents } from '../../src/usage/corrections/correct-events.js';
import { FillMeters } from '../../src/usage/fills/fill-meters.js';
import { eventIdOf } from '../../src/usage/find-event.js';
import { identOf } from '../../src/usage/identity.js';
import { Intake } from '../../src/usage/intake/intake.js';
import { compact } from '../../src/usage/rollups/compact.js';
import { UsageService } from '../../src/usage/usage.service.js';
import { TestApp } from '../support/app.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 25);
const EPOCH = parseInstant('2025-12-20T00:00:00Z');
const groupBy = ['kind', 'node'];
const level = { aggregation: 'time_weighted', value: 'n', resource: 'node', mode: 'level', unit: 'hour' } as const;

/** One of each aggregation, with the event types of a run. */
const metersOf = (type: string, snapshotType: string): Meter[] =>
  (
    [
      { key: 'count', aggregation: 'count', groupBy },
      { key: 'sum', aggregation: 'sum', value: 'n', filter: { kind: ['a', 'b'] } },
      { key: 'max', aggregation: 'max', value: 'n', groupBy },
      { key: 'min', aggregation: 'min', value: 'n' },
      { key: 'latest', aggregation: 'latest', value: 'n' },
      { key: 'average', aggregation: 'average', value: 'n', groupBy },
      { key: 'unique', aggregation: 'unique', value: 'n' },
      { key: 'percentile', aggregation: 'percentile', value: 'n', percentile: 60 },
      { ...level, key: 'level', groupBy },
      { ...level, key: 'stale', groupBy, staleAfter: { unit: 'hour', count: 30 } },
      { ...level, key: 'rounded', groupBy, roundRunsUpTo: 'hour', staleAfter: { unit: 'day', count: 2 }, snapshotType },
      { ...level, key: 'delta', mode: 'delta', groupBy },
    ] as const
  ).map((meter) => ({ ...meter, name: meter.key, eventType: type }));

const moment = fc
  .record({ hours: fc.nat(24), minutes: fc.constantFrom(0, 0, 10, 30, 59), odd: fc.nat(1) })
  .map(({ hours, minutes, odd }) => EPOCH + BigInt(hours) * HOUR + BigInt(minutes) * MINUTE + BigInt(odd));
const anyEvent = fc.record({
  id: fc.nat(30).map((n) => `e${String(n)}`),
  sequence: fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
  time: moment,
  n: fc.oneof(fc.integer({ min: -3, max: 9 }).map(String), fc.constantFrom('1.50', '7')),
  node: fc.constantFrom('x', 'y'),
  snapshot: fc.option(fc.subarray(['x', 'y', 'z']), { freq: 6, nil: undefined }),
  kind: fc.constantFrom('a', 'b', 'c'),
});
type AnyEvent = typeof anyEvent extends fc.Arbitrary<infer Event> ? Event : never;
const range = fc.record({ from: moment, length: fc.integer({ min: 1, max: 20 }).map((hours) => BigInt(hours) * HOUR + 1n) });
const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('report' as const), events: fc.array(anyEvent, { minLength: 3, maxLength: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('void' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replace' as const), which: fc.nat(20), event: anyEvent }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('backfill' as const), events: fc.array(anyEvent, { maxLength: 2 }), range }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('revert' as const), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fill' as const), chunk: fc.integer({ min: 1, max: 4 }) }) },
);

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { ROLE: 'api' } });
}, 30_000);
afterAll(() => wharfage.close());

const inTransaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => wharfage.app.get(Database).transaction(work);

const comparable = (usage: UsageAnswer): unknown[] =>
  usage
    .map(({ group, quantity, billable, events }) => [
      JSON.stringify(group),
      quantity?.toFraction() ?? null,
      billable?.toFraction() ?? null,
      String(events),
    ])
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));

let run = 0;

/** An account whose usage is corrected, and what the plain reference is to be told of it. */
class Book {
  readonly key = `k${String((run += 1))}`;
  readonly type = `t${String(run)}`;
  readonly snapshotType = `s${String(run)}`;
  readonly meters = metersOf(this.type, this.snapshotType);
  readonly known = new Map<string, MeterEvent>();
  readonly voided = new Set<string>();
  readonly withdrawn = new Set<string>();
  readonly backfills: { id: string; added: string[]; voided: string[] }[] = [];
  private fresh = 0;

  meterOf({ snapshot, id, time, n, node, kind, sequence }: AnyEvent): MeterEvent {
    return {
      id,
      source: 's',
      type: snapshot === undefined ? this.type : this.snapshotType,
      time,
      data: snapshot === undefined ? { n, node, kind } : { snapshot: true, node: snapshot },
      ...(sequence === undefined ? {} : { sequence }),
    };
  }

  /** The same under an id that was never used. */
  renamed(event: AnyEvent): MeterEvent {
    return { ...this.meterOf(event), id: `new${String((this.fresh += 1))}` };
  }

  sent = ({ time, ...event }: MeterEvent): object => ({ ...event, subject: this.key, time: formatInstant(time) });

  get counting(): MeterEvent[] {
    return [...this.known].flatMap(([id, event]) => (this.voided.has(id) ? [] : [event]));
  }

  pick(which: number): string | undefined {
    return [...this.known.keys()][which % Math.max(this.known.size, 1)];
  }

  eventId(id: string): string {
    return eventIdOf({ accountId: accountIdFor(this.key), ident: identOf({ source: 's', id }) });
  }
}

const define = async (meters: readonly Meter[], prefix: string): Promise<void> => {
  for (const { key, ...meter } of meters) await wharfage.ok('PUT', `/v2/meters/${prefix}-${key}`, meter);
};

type Step = typeof anyStep extends fc.Arbitrary<infer One> ? One : never;

async function take(book: Book, step: Step, late: string): Promise<void> {
  const { app } = wharfage;
  const [correct, add, backfills] = [app.get(CorrectEvents), app.get(AddEvents), app.get(Backfills)];
  if (step.do === 'compact') await inTransaction((tx) => compact(tx, 1_000));
  if (step.do === 'fill') for (const { key } of book.meters) await app.get(FillMeters).chunk(`${late}-${key}`, step.chunk);
  if (step.do === 'report') {
    const events = step.events.map((event) => book.meterOf(event));
    await app.get(Intake).report(SYSTEM, events.map(book.sent));
    for (const event of events) if (!book.known.has(event.id)) book.known.set(event.id, event);
  }
  if (step.do === 'void') {
    const id = book.pick(step.which);
    if (id === undefined) return;
    const voiding = inTransaction((tx) => correct.void(tx, SYSTEM, book.eventId(id), 'wrong'));
    if (book.voided.has(id)) await expect(voiding).rejects.toThrow(Refusal);
    else await voiding;
    book.voided.add(id);
  }
  if (step.do === 'replace') {
    const id = book.pick(step.which);
    if (id === undefined || book.voided.has(id)) return;
    const event = book.renamed(step.event);
    const [read] = await add.read(SYSTEM, [book.sent(event)], () => '/event');
    if (read) await inTransaction((tx) => correct.replace(tx, SYSTEM, book.eventId(id), { event: read, reason: 'wrong' }));
    book.voided.add(id);
    book.known.set(event.id, event);
  }
  if (step.do === 'backfill') {
    const { from, length } = step.range;
    const to = from + length;
    const events = step.events.map((event) => ({ ...book.renamed({ ...event, snapshot: undefined }), time: from + (length - 1n) }));
    const replaced = book.counting.filter(({ type, time }) => type === book.type && time >= from && time < to).map(({ id }) => id);
    const read = await add.read(SYSTEM, events.map(book.sent), String);
    const wanted = { account: book.key, meter: `m${book.key}-count`, mode: 'replace' as const, from, to, events: read, reason: 'anew' };
    const done = await inTransaction((tx) => backfills.run(tx, SYSTEM, wanted));
    expect(done).toMatchObject({ added: events.length, voided: replaced.length });
    for (const id of replaced) book.voided.add(id);
    for (const event of events) book.known.set(event.id, event);
    book.backfills.push({ id: done.id, added: events.map(({ id }) => id), voided: replaced });
  }
  if (step.do === 'revert') {
    const [backfill] = book.backfills.splice(step.which % Math.max(book.backfills.length, 1), 1);
    if (!backfill) return;
    await inTransaction((tx) => backfills.revert(tx, SYSTEM, backfill.id, 'not so'));
    for (const id of backfill.added) for (const set of [book.voided, book.withdrawn]) set.add(id);
    for (const id of backfill.voided) if (!book.withdrawn.has(id)) book.voided.delete(id);
  }
}

test('whatever is voided, replaced, back-filled and reverted, old meters and new ones answer what the plain reference answers of what is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { minLength: 10, maxLength: 16 }),
      fc.array(anyStep, { minLength: 2, maxLength: 7 }),
      fc.array(anyStep, { minLength: 5, maxLength: 12 }),
      fc.array(range, { minLength: 1, maxLength: 3 }),
      async (events, before, after, ranges) => {
        const book = new Book();
        const [early, late] = [`m${book.key}`, `l${book.key}`];
        await wharfage.ok('PUT', `/v2/accounts/${book.key}`, { kind: 'user', name: 'k', currency: 'USD', timeZone: 'UTC' });
        await define(book.meters, early);
        await take(book, { do: 'report', events }, late);
        for (const step of before) await take(book, step, late);
        await define(book.meters, late);
        for (const step of after) await take(book, step, late);
        for (const { key } of book.meters) await wharfage.app.get(FillMeters).run(`${late}-${key}`);
        const questions: { from: Instant; to: Instant; groupBy?: string[] }[] = ranges.flatMap(({ from, length }) => {
          const to = from + length + DAY;
          return [
            { from, to },
            { from, to, groupBy },
          ];
        });
        const asked = questions.flatMap((question) =>
          book.meters
            .filter((meter) => !question.groupBy || meter.groupBy !== undefined || meter.aggregation !== 'time_weighted')
            .flatMap((meter) => [early, late].map((prefix) => ({ meter, question: { ...question, meter: `${prefix}-${meter.key}` } }))),
        );
        const answers = await inTransaction((tx) =>
          wharfage.app.get(UsageService).answer(
            tx,
            asked.map(({ question }) => ({ ...question, accountId: accountIdFor(book.key) })),
          ),
        );
        for (const [i, { meter, question }] of asked.entries())
          expect([question, comparable(answers[i] ?? [])]).toEqual([question, comparable(answer(meter, question, book.counting))]);
      },
    ),
    { numRuns: RUNS, endOnFailure: true }, // smaller cases take a database each: the seed that is named repeats this one
  );
}, 300_000);

/** Reports the events one after another, and compares what the meter answers then. */
async function compareAfter(meterKey: string, events: readonly AnyEvent[]): Promise<void> {
  const book = new Book();
  await wharfage.ok('PUT', `/v2/accounts/${book.key}`, { kind: 'user', name: 'k', currency: 'USD', timeZone: 'UTC' });
  const meters = book.meters.filter(({ key }) => key === meterKey);
  await define(meters, book.key);
  for (const event of events) await take(book, { do: 'report', events: [event] }, '');
  const asked = { meter: `${book.key}-${meterKey}`, from: EPOCH, to: EPOCH + DAY, accountId: accountIdFor(book.key) };
  const [found = []] = await inTransaction((tx) => wharfage.app.get(UsageService).answer(tx, [asked]));
  expect(comparable(found)).toEqual(meters.flatMap((meter) => comparable(answer(meter, asked, book.counting))));
}

const at = (minutes: number, n: string, more: object = {}): AnyEvent =>
  ({ id: `e${String(minutes)}${n}`, time: EPOCH + BigInt(minutes) * MINUTE, n, node: 'x', kind: 'a', ...more }) as AnyEvent;

test('a run goes on where a snapshot and a later event of its instant meet', async () => {
  await compareAfter('rounded', [at(10, '1'), at(90, '0', { snapshot: [] }), at(90, '2', { sequence: '1' }), at(180, '0')]);
});

test('a point before several of one instant leaves the last of them the one that holds', async () => {
  for (const [first, second] of [
    ['1', '2'],
    ['2', '1'],
  ]) {
    const tied = [at(90, '1.50', { sequence: first }), at(90, '7', { sequence: second, kind: 'b' })];
    await compareAfter('level', [...tied, at(10, '3'), at(180, '4', { kind: 'c' })]);
  }
});
