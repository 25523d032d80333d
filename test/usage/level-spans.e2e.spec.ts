import fc from 'fast-check';
import { SYSTEM } from '../../src/common/actor.js';
import { Database, type Tx } from '../../src/common/database/database.js';
import { accountIdFor } from '../../src/common/ids.js';
import { formatInstant, HOUR, MINUTE, parseInstant } from '../../src/domain/instant.js';
import { answer } from '../../src/domain/metering/aggregate.js';
import type { MeterEvent } from '../../src/domain/metering/meter-event.js';
import { CorrectEvents } from '../../src/usage/corrections/correct-events.js';
import { eventIdOf } from '../../src/usage/find-event.js';
import { identOf } from '../../src/usage/identity.js';
import { compact } from '../../src/usage/rollups/compact.js';
import { UsageService } from '../../src/usage/usage.service.js';
import { TestApp } from '../support/app.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 12);
const EPOCH = parseInstant('2025-12-20T00:00:00Z');
const meter = {
  key: 'nodes',
  name: 'Nodes',
  eventType: 'node',
  aggregation: 'time_weighted',
  value: 'n',
  resource: 'node',
  mode: 'level',
  unit: 'hour',
  groupBy: ['kind'],
} as const;

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { ROLE: 'api' } });
  await wharfage.ok('PUT', '/v2/meters/nodes', { ...meter, key: undefined });
}, 30_000);
afterAll(() => wharfage.close());

const inTransaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => wharfage.app.get(Database).transaction(work);
const addUp = () => inTransaction((tx) => compact(tx, 10_000));

/** Within two hours, so that each has many jumps. */
const anyEvent = fc.record({
  seconds: fc.nat(7_199),
  n: fc.nat(3),
  node: fc.constantFrom('x', 'y', 'z'),
  kind: fc.constantFrom('a', 'a', 'b'),
});

let account = 0;

test('what is above a free level is the same by how long levels stood and by their jumps, also after what comes late and what is voided', async () => {
  let spans = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { minLength: 80, maxLength: 150 }),
      fc.array(anyEvent, { maxLength: 3 }),
      fc.array(fc.nat(79), { maxLength: 3 }),
      fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
      async (early, late, voided, compacted) => {
        const key = `k${String((account += 1))}`;
        const accountId = accountIdFor(key);
        await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: 'k', currency: 'USD', timeZone: 'UTC' });
        const events = [...early, ...late].map(({ seconds, n, node, kind }, i): MeterEvent => ({
          id: `e${String(i)}`,
          source: 's',
          type: 'node',
          time: EPOCH + BigInt(seconds) * 1_000_000n,
          data: { n, node, kind },
        }));
        const report = (some: readonly MeterEvent[]) =>
          some.length === 0
            ? undefined
            : wharfage.report(some.map((event) => ({ ...event, subject: key, time: formatInstant(event.time) })));
        await report(events.slice(0, early.length));
        await addUp();
        const [{ count }] = await wharfage.source.query('select count(*)::int as count from usage_level_span where account_id = $1', [
          accountId,
        ]);
        spans += Number(count);
        await report(events.slice(early.length));
        if (compacted[0] === true) await addUp();
        const gone = new Set(voided);
        for (const i of gone) {
          const eventId = eventIdOf({ accountId, ident: identOf({ source: 's', id: `e${String(i)}` }) });
          await inTransaction((tx) => wharfage.app.get(CorrectEvents).void(tx, SYSTEM, eventId, 'wrong'));
        }
        if (compacted[1] === true) await addUp();
        const left = events.filter((_event, i) => !gone.has(i));
        for (const freeConcurrent of ['0', '1', '2.5', '4'])
          for (const [from, to] of [
            [EPOCH, EPOCH + 3n * HOUR],
            [EPOCH + 20n * MINUTE, EPOCH + 2n * HOUR],
            [EPOCH, EPOCH + 100n * MINUTE],
          ] as const)
            for (const filter of [undefined, { kind: ['a'] }]) {
              const question = { meter: 'nodes', accountId, from, to, freeConcurrent, ...(filter ? { filter } : {}) };
              const [found] = await inTransaction((tx) => wharfage.app.get(UsageService).answer(tx, [question]));
              const fractions = (usage: ReturnType<typeof answer> | undefined) => usage?.map(({ billable }) => billable?.toFraction());
              expect([freeConcurrent, filter, fractions(found)]).toEqual([
                freeConcurrent,
                filter,
                fractions(answer(meter, question, left)),
              ]);
            }
      },
    ),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(spans).toBeGreaterThan(RUNS / 2);
}, 120_000);
