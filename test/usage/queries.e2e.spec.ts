import fc from 'fast-check';
import { Database } from '../../src/common/database/database.js';
import { Hooks } from '../../src/common/hooks.js';
import type { Meter } from '../../src/domain/catalog.js';
import { shown } from '../../src/domain/decimal.js';
import { DAY, formatInstant, HOUR, MINUTE, parseInstant } from '../../src/domain/instant.js';
import { answer } from '../../src/domain/metering/aggregate.js';
import type { MeterEvent } from '../../src/domain/metering/meter-event.js';
import { type AccountUsage, Compaction, usageChanged } from '../../src/usage/rollups/compaction.js';
import { UsageService } from '../../src/usage/usage.service.js';
import { TestApp } from '../support/app.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 25);
const EPOCH = parseInstant('2025-10-24T00:00:00Z');

const plain = { name: 'm', eventType: 't', value: 'n', groupBy: ['region'] } as const;
const METERS: readonly Meter[] = [
  { ...plain, key: 'total', aggregation: 'sum' },
  { ...plain, key: 'peak', aggregation: 'max' },
  { ...plain, key: 'kinds', aggregation: 'unique' },
  { ...plain, key: 'hours', aggregation: 'time_weighted', resource: 'node', mode: 'level', unit: 'hour' },
];

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { ROLE: 'api' } });
  for (const { key, ...meter } of METERS) await wharfage.ok('PUT', `/v2/meters/${key}`, meter);
  await account('acme', 'Europe/Berlin');
}, 30_000);
afterAll(() => wharfage.close());

const account = (key: string, timeZone = 'UTC') =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone });
const event = (subject: string, id: string, time: string, n: number, region = 'eu') => ({
  id,
  source: 's',
  type: 't',
  subject,
  time,
  data: { n, region, node: `n-${region}` },
});
const query = (text: string) => wharfage.ok('GET', `/v2/usage/query?${text}`);

const moment = fc
  .record({ hours: fc.nat(140), minutes: fc.constantFrom(0, 20, 30, 59) })
  .map(({ hours, minutes }) => EPOCH + BigInt(hours) * HOUR + BigInt(minutes) * MINUTE);
const anyEvent = fc.record({ time: moment, n: fc.nat(9).map(String), region: fc.constantFrom('eu', 'us', 'ap') });

let count = 0;

test('every window answers what the plain reference answers for it, and windows lie side by side', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { minLength: 1, maxLength: 10 }),
      fc.record({ from: moment, days: fc.integer({ min: 1, max: 4 }) }),
      fc.constantFrom('hour', 'day', 'month'),
      fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'),
      fc.boolean(),
      fc.boolean(),
      async (sent, { from, days }, window, timeZone, grouped, filtered) => {
        const key = `w${String((count += 1))}`;
        await account(key);
        const events = sent.map(({ time, n, region }, i): MeterEvent => ({
          id: String(i),
          source: 's',
          type: 't',
          time,
          data: { n, region, node: `n-${region}` },
        }));
        await wharfage.report(events.map(({ time, ...rest }) => ({ ...rest, subject: key, time: formatInstant(time) })));
        const to = from + BigInt(days) * DAY;
        for (const meter of METERS) {
          const found = await query(
            `account=${key}&meter=${meter.key}&from=${formatInstant(from)}&to=${formatInstant(to)}&window=${window}&timeZone=${timeZone}` +
              `${grouped ? '&groupBy=region' : ''}${filtered ? '&filter=region:eu&filter=region:us' : ''}`,
          );
          let reached = formatInstant(from);
          for (const { start, end, data } of [...found.series, { start: formatInstant(from), end: formatInstant(to), data: found.data }]) {
            if (data !== found.data) expect(start).toBe(reached);
            reached = end;
            const expected = answer(
              meter,
              {
                meter: meter.key,
                from: parseInstant(start),
                to: parseInstant(end),
                ...(grouped ? { groupBy: ['region'] } : {}),
                ...(filtered ? { filter: { region: ['eu', 'us'] } } : {}),
              },
              events,
            ).map(({ group, quantity, events: n }) => ({ group, quantity: quantity && shown(quantity), events: Number(n) }));
            const some = data.filter((one: any) => one.events > 0 || !['0', null].includes(one.quantity));
            expect([meter.key, grouped ? sorted(some) : data]).toEqual([meter.key, sorted(expected)]);
          }
          expect(reached).toBe(formatInstant(to));
        }
      },
    ),
    { numRuns: RUNS },
  );
}, 120_000);

const sorted = (groups: any[]): any[] => [...groups].sort((a, b) => (JSON.stringify(a.group) < JSON.stringify(b.group) ? -1 : 1));

test('days are those of the time zone, of 23 and 25 hours where clocks change, and empty ones are listed', async () => {
  await wharfage.report([event('acme', 'a', '2025-10-25T12:00:00Z', 2), event('acme', 'b', '2025-10-27T12:00:00Z', 0)]);
  const { series, timeZone, data } = await query(
    'account=acme&meter=hours&from=2025-10-24T22:00:00Z&to=2025-10-28T23:00:00Z&window=day', // the account's time zone
  );
  expect(timeZone).toBe('Europe/Berlin');
  expect(series.map(({ start, data: [one] }: any) => [start, one.quantity, one.events])).toEqual([
    ['2025-10-24T22:00:00Z', '20', 1],
    ['2025-10-25T22:00:00Z', '50', 0],
    ['2025-10-26T23:00:00Z', '26', 1],
    ['2025-10-27T23:00:00Z', '0', 0],
  ]);
  expect(data).toEqual([{ group: {}, quantity: '96', events: 2 }]);
  const { series: peaks } = await query(
    'account=acme&meter=peak&from=2025-10-25T00:00:00Z&to=2025-10-27T00:00:00Z&window=day&timeZone=UTC',
  );
  expect(peaks.map(({ data: [one] }: any) => one.quantity)).toEqual(['2', null]);
});

test('groups are given several times or separated by commas, and each window lists every group of the range', async () => {
  await account('groups');
  await wharfage.report([
    event('groups', 'a', '2025-11-01T00:00:00Z', 1, 'eu'),
    event('groups', 'b', '2025-11-02T00:00:00Z', 2, 'us'),
    event('groups', 'c', '2025-11-02T01:00:00Z', 4, 'a,b'),
  ]);
  const range = 'account=groups&meter=total&from=2025-11-01T00:00:00Z&to=2025-11-03T00:00:00Z';
  const { series } = await query(`${range}&window=day&groupBy=region`);
  expect(series.map(({ data }: any) => sorted(data).map((one) => `${one.group.region} ${one.quantity}`))).toEqual([
    ['a,b 0', 'eu 1', 'us 0'],
    ['a,b 4', 'eu 0', 'us 2'],
  ]);
  for (const groupBy of ['groupBy=region,node', 'groupBy=region&groupBy=node'])
    expect(sorted((await query(`${range}&${groupBy}`)).data)[1]).toEqual({
      group: { region: 'eu', node: 'n-eu' },
      quantity: '1',
      events: 1,
    });
  expect((await query(`${range}&filter=region:a,b`)).data).toEqual([{ group: {}, quantity: '4', events: 1 }]);
});

describe('what is refused', () => {
  const range = 'account=acme&from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z';
  test.each<[string, string, number, string, string | null]>([
    ['more windows than 2,000', `${range}&meter=total&window=hour`, 422, 'too_many_windows', null],
    ['far more', 'account=acme&meter=total&window=hour&from=1970-01-01T00:00:00Z&to=2199-01-01T00:00:00Z', 422, 'too_many_windows', null],
    ['a property by which levels are not told apart', `${range}&meter=hours&groupBy=node`, 422, 'undeclared_dimension', null],
    ['the same in a filter, with windows', `${range}&meter=hours&filter=node:x&window=day`, 422, 'undeclared_dimension', null],
    ['a window that is none', `${range}&meter=total&window=week`, 400, 'invalid_request', '/window'],
    ['a time zone that is none', `${range}&meter=total&window=day&timeZone=Mars`, 400, 'invalid_request', '/timeZone'],
    ['a filter of another form', `${range}&meter=total&filter=region`, 400, 'invalid_request', '/filter'],
    ['a group given twice', `${range}&meter=total&groupBy=region,region`, 400, 'invalid_request', '/groupBy'],
    [
      'a range that runs backwards',
      'account=acme&meter=total&from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z',
      400,
      'range_reversed',
      null,
    ],
    ['a meter that is not there', `${range}&meter=none&window=day`, 404, 'meter_not_found', null],
  ])('%s', async (_case, text, status, code, pointer) => {
    const reply = await wharfage.call('GET', `/v2/usage/query?${text}`);
    expect(reply).toMatchObject({ status, body: { code } });
    expect(reply.body.errors?.[0].pointer ?? null).toBe(pointer);
  });

  test('windows times groups beyond 2,000, before they are read', async () => {
    await account('many');
    await wharfage.report(
      Array.from({ length: 60 }, (_, i) =>
        event('many', String(i), `2025-12-01T00:00:${String(i % 60).padStart(2, '0')}Z`, 1, `r${String(i)}`),
      ),
    );
    const text = 'account=many&meter=total&groupBy=region&window=day&from=2025-12-01T00:00:00Z&to=';
    expect((await query(`${text}2026-01-01T00:00:00Z`)).series).toHaveLength(31);
    const asked: number[] = [];
    const usage = wharfage.app.get(UsageService);
    const given = usage.answer.bind(usage);
    usage.answer = (tx, questions) => (asked.push(questions.length), given(tx, questions));
    expect(await wharfage.call('GET', `/v2/usage/query?${text}2026-01-04T00:00:00Z`)).toMatchObject({
      status: 422,
      body: { code: 'too_many_windows' },
    });
    usage.answer = given;
    expect(asked).toEqual([1]);
  });
});

describe('compaction', () => {
  const tails = async (): Promise<number> => {
    const [row] = await wharfage.source.query(
      'select (select count(*) from usage_rollup_tail) + (select count(*) from usage_level_tail) as n',
    );
    return Number(row.n);
  };

  test('is done a minute after events came, tells whose usage changed, and changes no answer', async () => {
    const told: AccountUsage[] = [];
    wharfage.app.get(Hooks).on(usageChanged, (_tx, { usage }) => {
      told.push(...usage);
      return Promise.resolve();
    });
    await wharfage.travel('2026-01-01T01:00:00Z');
    expect(await tails()).toBe(0);
    told.length = 0;
    await account('late');
    await wharfage.report([event('late', 'x', '2025-12-31T00:00:00Z', 3), event('late', 'y', '2026-01-01T00:30:00Z', 0)]);
    expect(await tails()).toBeGreaterThan(0);
    const text = 'account=late&meter=hours&from=2025-12-01T00:00:00Z&to=2026-01-01T01:00:00Z&window=day';
    const before = await query(text);
    await wharfage.travel('2026-01-01T01:00:30Z');
    await wharfage.travel('2026-01-01T03:00:00Z');
    expect(await tails()).toBe(0);
    expect(await query(text)).toEqual(before);
    expect(told.map(({ meter }) => meter).sort()).toEqual(['hours', 'kinds', 'peak', 'total']);
  });

  test('is asked of a worker once much was appended, once however often', async () => {
    const waiting = async (): Promise<number> => {
      const [row] = await wharfage.source.query(`select count(*) as n from graphile_worker.jobs where task_identifier = 'usage.compact'`);
      return Number(row.n);
    };
    const note = (events: number) => wharfage.app.get(Database).transaction((tx) => wharfage.app.get(Compaction).noteAppended(tx, events));
    expect(await waiting()).toBe(0);
    await note(10_000);
    expect(await waiting()).toBe(0);
    for (let i = 0; i < 12; i += 1) await note(10_000);
    expect(await waiting()).toBe(1);
  });

  test('a failure of whoever is told undoes it, and the next one finds all of it', async () => {
    await wharfage.report([event('late', 'z', '2025-12-30T00:00:00Z', 3)]);
    const waiting = await tails();
    let fails = true;
    wharfage.app.get(Hooks).on(usageChanged, () => (fails ? Promise.reject(new Error('no')) : Promise.resolve()));
    await expect(wharfage.app.get(Compaction).run()).rejects.toThrow('no');
    expect(await tails()).toBe(waiting);
    fails = false;
    await wharfage.app.get(Compaction).run();
    expect(await tails()).toBe(0);
  });
});
