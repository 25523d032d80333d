import fc from 'fast-check';
import type { Aggregation, Meter } from '../catalog.js';
import { exact, ratio, sum } from '../decimal.js';
import { HOUR, type Instant, parseInstant } from '../instant.js';
import { answer, numberOf } from './aggregate.js';
import { compareEvents, type MeterEvent } from './meter-event.js';
import type { GroupUsage, UsageQuestion } from './question.js';

const at = (time: string): Instant => parseInstant(`2026-06-${time}`);
const JUNE = { meter: 'm', from: at('01T00:00:00Z'), to: at('30T00:00:00Z') };

const meterOf = (aggregation: Aggregation, more: Partial<Meter> = {}): Meter => ({
  key: 'm',
  name: 'm',
  eventType: 'e',
  aggregation,
  ...(aggregation === 'count' ? {} : { value: 'v' }),
  ...more,
});
const nodes = (more: Partial<Meter> = {}): Meter => meterOf('time_weighted', { mode: 'level', unit: 'hour', resource: 'node', ...more });

let lastId = 0;
const event = (time: string | Instant, data: MeterEvent['data'] = {}, more: Partial<MeterEvent> = {}): MeterEvent => ({
  id: `e${String((lastId += 1))}`,
  source: 's',
  type: 'e',
  time: typeof time === 'string' ? at(time) : time,
  data,
  ...more,
});
const values = (...of: (string | number)[]): MeterEvent[] => of.map((v, i) => event(JUNE.from + BigInt(i), { v }));
const only = (usages: readonly GroupUsage[]): GroupUsage => {
  expect(usages).toHaveLength(1);
  return usages[0]!;
};
const quantity = (meter: Meter, events: readonly MeterEvent[], question: UsageQuestion = JUNE): string | null =>
  only(answer(meter, question, events)).quantity?.toFraction() ?? null;

describe('each aggregation', () => {
  it.each([
    { case: 'counts', meter: meterOf('count'), of: values(5, 5, 7), is: '3' },
    { case: 'adds', meter: meterOf('sum'), of: values('0.1', '0.2', 7), is: '73/10' },
    { case: 'adds what is below zero', meter: meterOf('sum'), of: values(5, -7), is: '-2' },
    { case: 'takes the greatest', meter: meterOf('max'), of: values(5, '11.5', 7), is: '23/2' },
    { case: 'takes the least', meter: meterOf('min'), of: values(5, -1, 7), is: '-1' },
    { case: 'takes the latest', meter: meterOf('latest'), of: values(5, 9, 7), is: '7' },
    { case: 'takes the mean, as a fraction', meter: meterOf('average'), of: values(1, 1, 2), is: '4/3' },
    { case: 'counts distinct values, as text', meter: meterOf('unique'), of: values('a', 'b', 'a', 1, '1.0', '1'), is: '3' },
    { case: 'takes the nearest rank', meter: meterOf('percentile', { percentile: 90 }), of: values(15, 20, 35, 40, 50), is: '50' },
    {
      case: 'takes the nearest rank in any order',
      meter: meterOf('percentile', { percentile: 30 }),
      of: values(50, 15, 40, 35, 20),
      is: '20',
    },
    {
      case: 'takes the rank that divides evenly',
      meter: meterOf('percentile', { percentile: 40 }),
      of: values(15, 20, 35, 40, 50),
      is: '20',
    },
    { case: 'takes the last rank', meter: meterOf('percentile', { percentile: 100 }), of: values(15, 20, 35), is: '35' },
    {
      case: 'takes the first rank for the least percentile',
      meter: meterOf('percentile', { percentile: 0.001 }),
      of: values(20, 15, 35),
      is: '15',
    },
    {
      case: 'takes a rank with decimals exactly',
      meter: meterOf('percentile', { percentile: 99.9 }),
      of: values(...Array.from({ length: 1000 }, (_, i) => i + 1)),
      is: '999',
    },
  ])('$case', ({ meter, of, is }) => {
    expect(quantity(meter, of)).toBe(is);
  });

  it.each([
    { aggregation: 'count', is: '0' },
    { aggregation: 'sum', is: '0' },
    { aggregation: 'unique', is: '0' },
    { aggregation: 'max', is: null },
    { aggregation: 'min', is: null },
    { aggregation: 'latest', is: null },
    { aggregation: 'average', is: null },
    { aggregation: 'percentile', is: null },
    { aggregation: 'time_weighted', is: '0' },
  ] as const)('of nothing: $aggregation is $is', ({ aggregation, is }) => {
    const meter = aggregation === 'time_weighted' ? nodes() : meterOf(aggregation, aggregation === 'percentile' ? { percentile: 95 } : {});
    const usage = only(answer(meter, JUNE, []));
    expect(usage.quantity?.toFraction() ?? null).toBe(is);
    expect(usage.billable?.toFraction() ?? null).toBe(is);
    expect(usage).toMatchObject({ group: {}, events: 0n });
  });

  test('leaves out what has no number', () => {
    const events = [...values(4, 'four', '8'), event('02T00:00:00Z')];
    expect(quantity(meterOf('sum'), events)).toBe('12');
    expect(quantity(meterOf('average'), events)).toBe('6');
    expect(quantity(meterOf('latest'), events)).toBe('8');
    expect(only(answer(meterOf('sum'), JUNE, events)).events).toBe(4n);
  });
});

describe('an event counts', () => {
  const question = { meter: 'm', from: at('10T00:00:00Z'), to: at('11T00:00:00Z') };

  it.each([
    { case: 'at the start', time: '10T00:00:00Z', is: '1' },
    { case: 'just before the end', time: '10T23:59:59.999999Z', is: '1' },
    { case: 'not at the end: it belongs to the next period', time: '11T00:00:00Z', is: '0' },
    { case: 'not before the start', time: '09T23:59:59.999999Z', is: '0' },
  ])('$case', ({ time, is }) => {
    expect(quantity(meterOf('count'), [event(time)], question)).toBe(is);
  });

  test('when it has the type of the meter', () => {
    expect(quantity(meterOf('count'), [event('10T00:00:00Z', {}, { type: 'other' })], question)).toBe('0');
  });

  test('when it passes both the filter of the meter and that of the question', () => {
    const events = ['eu', 'us', 'eu'].map((region, i) => event('10T00:00:00Z', { region, size: i === 0 ? 'm' : 'l' }));
    const meter = meterOf('count', { filter: { region: ['eu'] } });
    expect(quantity(meter, events, question)).toBe('2');
    expect(quantity(meter, events, { ...question, filter: { size: ['l'] } })).toBe('1');
    expect(quantity(meter, events, { ...question, filter: { region: ['us'] } })).toBe('0');
  });
});

describe('groups', () => {
  const question = { ...JUNE, groupBy: ['region', 'gpu'] };
  const grouped = (meter: Meter, events: readonly MeterEvent[], of: UsageQuestion = question): unknown[] =>
    answer(meter, of, events).map((usage) => [usage.group, usage.quantity?.toFraction(), usage.events]);

  test('are told apart by the text of their properties, the empty one where there is none', () => {
    const events = [
      event('02T00:00:00Z', { region: 'eu', gpu: true, v: 1 }),
      event('03T00:00:00Z', { region: 'eu', gpu: 'true', v: 2 }),
      event('04T00:00:00Z', { region: 'us', v: 4 }),
      event('05T00:00:00Z', { gpu: true, v: 8 }),
    ];
    expect(grouped(meterOf('sum'), events)).toEqual([
      [{ region: '', gpu: 'true' }, '8', 1n],
      [{ region: 'eu', gpu: 'true' }, '3', 2n],
      [{ region: 'us', gpu: '' }, '4', 1n],
    ]);
  });

  test('without usage are not named', () => {
    expect(grouped(meterOf('sum'), [])).toEqual([]);
  });

  test('whose usage comes to nothing are named all the same', () => {
    const events = [event('02T00:00:00Z', { region: 'eu', gpu: true, v: 3 }), event('03T00:00:00Z', { region: 'eu', gpu: true, v: -3 })];
    expect(grouped(meterOf('sum'), events)).toEqual([[{ region: 'eu', gpu: 'true' }, '0', 2n]]);
  });

  test('keep a level that is carried in, though no event fell into the period', () => {
    const events = [event('02T00:00:00Z', { node: 'n1', region: 'eu', v: 1 }), event('03T00:00:00Z', { node: 'n2', region: 'us', v: 0 })];
    const of = { meter: 'm', from: at('10T00:00:00Z'), to: at('10T06:00:00Z'), groupBy: ['region'] };
    expect(grouped(nodes(), events, of)).toEqual([[{ region: 'eu' }, '6', 0n]]);
  });

  test('pass a resource on: its level ends in one group where it begins in another', () => {
    const events = [event('10T00:00:00Z', { node: 'n1', region: 'eu', v: 1 }), event('10T04:00:00Z', { node: 'n1', region: 'us', v: 2 })];
    const of = { meter: 'm', from: at('10T00:00:00Z'), to: at('10T06:00:00Z'), groupBy: ['region'] };
    expect(grouped(nodes(), events, of)).toEqual([
      [{ region: 'eu' }, '4', 1n],
      [{ region: 'us' }, '4', 1n],
    ]);
  });
});

describe('events at one instant', () => {
  it.each([
    { case: 'by sequence', first: { sequence: '1', id: 'b' }, second: { sequence: '2', id: 'a' } },
    { case: 'by sequence, bytewise', first: { sequence: '10', id: 'b' }, second: { sequence: '9', id: 'a' } },
    { case: 'without a sequence before one with', first: { id: 'b' }, second: { sequence: '0', id: 'a' } },
    { case: 'then by source', first: { source: 'a', id: '2' }, second: { source: 'b', id: '1' } },
    { case: 'then by id', first: { id: 'a' }, second: { id: 'b' } },
    { case: 'capitals before small letters', first: { id: 'Z' }, second: { id: 'a' } },
    { case: 'the shorter first', first: { id: 'a' }, second: { id: 'aa' } },
    { case: 'as UTF-8 sorts, not as UTF-16 does', first: { id: '\uff5e' }, second: { id: '\u{1f600}' } },
  ])('are ordered $case', ({ first, second }) => {
    const [a, b] = [event('02T00:00:00Z', { v: 1 }, first), event('02T00:00:00Z', { v: 2 }, second)];
    expect(compareEvents(a, b)).toBeLessThan(0);
    expect(compareEvents(b, a)).toBeGreaterThan(0);
    expect(compareEvents(a, { ...a })).toBe(0);
    for (const arrived of [
      [a, b],
      [b, a],
    ])
      expect(quantity(meterOf('latest'), arrived)).toBe('2');
  });

  test('but time goes before all', () => {
    expect(compareEvents(event('02T00:00:00Z', {}, { sequence: '9' }), event('02T00:00:00.000001Z', {}, { sequence: '1' }))).toBeLessThan(
      0,
    );
  });
});

describe('a level', () => {
  const day = { meter: 'm', from: at('10T00:00:00Z'), to: at('11T00:00:00Z') };
  const set = (time: string, node: string, v: string | number): MeterEvent => event(time, { node, v });

  it.each([
    { case: 'counts from its event to the end', of: [set('10T18:00:00Z', 'a', 2)], is: '12' },
    { case: 'is carried in from before', of: [set('01T00:00:00Z', 'a', 1)], is: '24' },
    { case: 'counts what was last set before', of: [set('01T00:00:00Z', 'a', 5), set('02T00:00:00Z', 'a', 1)], is: '24' },
    { case: 'ends with the next event of its resource', of: [set('09T00:00:00Z', 'a', 1), set('10T06:00:00Z', 'a', 0)], is: '6' },
    { case: 'is not ended by another resource', of: [set('09T00:00:00Z', 'a', 1), set('10T06:00:00Z', 'b', 0)], is: '24' },
    { case: 'is added to those of other resources', of: [set('10T00:00:00Z', 'a', 1), set('10T12:00:00Z', 'b', '0.5')], is: '30' },
    { case: 'may be set again to what it is', of: [set('10T00:00:00Z', 'a', 1), set('10T12:00:00Z', 'a', 1)], is: '24' },
    { case: 'does not count at the end', of: [set('11T00:00:00Z', 'a', 1)], is: '0' },
    { case: 'is not ended by what comes after the end', of: [set('10T00:00:00Z', 'a', 1), set('12T00:00:00Z', 'a', 0)], is: '24' },
    { case: 'ends before the period without a trace', of: [set('01T00:00:00Z', 'a', 1), set('02T00:00:00Z', 'a', 0)], is: '0' },
    { case: 'is a fraction of an hour exactly', of: [set('10T23:40:00Z', 'a', 1)], is: '1/3' },
    { case: 'does not depend on the order of arrival', of: [set('10T06:00:00Z', 'a', 0), set('09T00:00:00Z', 'a', 1)], is: '6' },
  ])('$case', ({ of, is }) => {
    expect(quantity(nodes(), of, day)).toBe(is);
  });

  it.each([
    { unit: 'second', is: '86400' },
    { unit: 'minute', is: '1440' },
    { unit: 'hour', is: '24' },
    { unit: 'day', is: '1' },
  ] as const)('is measured in time of one $unit', ({ unit, is }) => {
    expect(quantity(nodes({ unit }), [set('09T00:00:00Z', 'a', 1)], day)).toBe(is);
  });

  test('is one for the account where no resource is named', () => {
    const account = meterOf('time_weighted', { mode: 'level', unit: 'hour' });
    expect(quantity(account, [set('10T00:00:00Z', 'a', 3), set('10T12:00:00Z', 'b', 1)], day)).toBe('48');
  });

  test('in mode delta is added to', () => {
    const delta = nodes({ mode: 'delta' });
    const events = [set('01T00:00:00Z', 'a', 2), set('10T12:00:00Z', 'b', -1), set('10T18:00:00Z', 'a', -1)];
    expect(quantity(delta, events, day)).toBe('30'); // 12 x 2 + 6 x 1
  });

  test('ends where its resource goes on outside the filter', () => {
    const move = (time: string, region: string): MeterEvent => event(time, { node: 'a', v: 1, region });
    const events = [move('10T00:00:00Z', 'eu'), move('10T06:00:00Z', 'us')];
    expect(quantity(nodes(), events, { ...day, filter: { region: ['eu'] } })).toBe('6');
    expect(quantity(nodes(), events, { ...day, filter: { region: ['us'] } })).toBe('18');
  });

  it.each([
    {
      case: 'at each moment, not off the sum of hours',
      free: '1',
      of: [set('10T00:00:00Z', 'a', 2), set('10T12:00:00Z', 'a', 0)],
      is: '12',
    },
    { case: 'of all resources together', free: '1', of: [set('09T00:00:00Z', 'a', 1), set('10T18:00:00Z', 'b', 1)], is: '6' },
    { case: 'as far as there is a level', free: '5', of: [set('09T00:00:00Z', 'a', 1)], is: '0' },
    { case: 'also a part of a unit', free: '0.5', of: [set('09T00:00:00Z', 'a', 1)], is: '12' },
    { case: 'nothing, where none is free', free: '0', of: [set('09T00:00:00Z', 'a', 1)], is: '24' },
    {
      case: 'so that a level below zero does not make up for one above',
      free: '0',
      of: [set('10T00:00:00Z', 'a', -1), set('10T12:00:00Z', 'a', 1)],
      is: '12',
    },
  ])('is free up to a height: $case', ({ free, of, is }) => {
    const usage = only(answer(nodes(), { ...day, freeConcurrent: free }, of));
    expect(usage.billable?.toFraction()).toBe(is);
    expect(usage.quantity?.toFraction()).toBe(quantity(nodes(), of, day));
  });
});

describe('a number in the data', () => {
  it.each([
    { case: 'a number', value: 12.5, is: '25/2' },
    { case: 'a decimal as text', value: '0.1', is: '1/10' },
    { case: 'a number that JavaScript writes with an exponent', value: 1.5e-7, is: '3/20000000' },
    { case: 'a large number', value: 1e21, is: '1000000000000000000000' },
    { case: 'not text', value: 'many', is: undefined },
    { case: 'not a boolean', value: true, is: undefined },
    { case: 'not null', value: null, is: undefined },
    { case: 'not a list', value: [1], is: undefined },
  ])('$case', ({ value, is }) => {
    expect(numberOf({ v: value }, 'v')?.toFraction()).toBe(is);
  });

  test('is a property of its own', () => {
    expect(numberOf({}, 'constructor')).toBeUndefined();
  });
});

/** Small times, so that many events meet at one instant and a slow count of every microsecond can check the integral. */
const END = 40n;
const anyEvents = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 3 }),
    source: fc.constantFrom('a', 'b'),
    sequence: fc.constantFrom('1', '2', '10'),
    type: fc.constant('e'),
    time: fc.bigInt({ min: 0n, max: END + 5n }),
    data: fc.record({
      v: fc.oneof(fc.integer({ min: -3, max: 9 }), fc.constantFrom('0.5', '1.25')),
      node: fc.constantFrom('n1', 'n2', 'n3'),
      region: fc.constantFrom('eu', 'us'),
    }),
  }),
  { maxLength: 25, selector: ({ source, id }) => JSON.stringify([source, id]) },
);
const anyRange = fc
  .tuple(fc.bigInt({ min: 0n, max: END }), fc.bigInt({ min: 0n, max: END }))
  .map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const)));
const everyMeter: readonly Meter[] = [
  ...(['count', 'sum', 'max', 'min', 'latest', 'average', 'unique'] as const).map((aggregation) => meterOf(aggregation)),
  meterOf('percentile', { percentile: 75 }),
  nodes(),
  nodes({ mode: 'delta' }),
];
const anyMeter = fc.constantFrom(...everyMeter);

describe('whatever the events', () => {
  test('the order of arrival does not matter', () => {
    fc.assert(
      fc.property(anyMeter, anyEvents, anyRange, fc.boolean(), (meter, events, [from, to], groups) => {
        const question = { meter: 'm', from, to, ...(groups ? { groupBy: ['region'] } : {}) };
        const plainly = (usages: readonly GroupUsage[]): unknown =>
          usages.map((usage) => [usage.group, usage.quantity?.toFraction(), usage.billable?.toFraction(), usage.events]);
        expect(plainly(answer(meter, question, [...events].reverse()))).toEqual(plainly(answer(meter, question, events)));
      }),
    );
  });

  test('what can be added up adds up over pieces of time', () => {
    const additive = fc.constantFrom(meterOf('count'), meterOf('sum'), nodes(), nodes({ mode: 'delta' }));
    fc.assert(
      fc.property(additive, anyEvents, anyRange, fc.bigInt({ min: 0n, max: END }), (meter, events, [from, to], cut) => {
        const middle = cut < from ? from : cut > to ? to : cut;
        const free = meter.aggregation === 'time_weighted' ? { freeConcurrent: '1' } : {};
        const over = (start: Instant, end: Instant): GroupUsage =>
          only(answer(meter, { meter: 'm', from: start, to: end, ...free }, events));
        const [whole, ...pieces] = [over(from, to), over(from, middle), over(middle, to)];
        expect(sum(pieces.map((piece) => piece.quantity!)).equals(whole.quantity!)).toBe(true);
        expect(sum(pieces.map((piece) => piece.billable!)).equals(whole.billable!)).toBe(true);
        expect(pieces.reduce((count, piece) => count + piece.events, 0n)).toBe(whole.events);
      }),
    );
  });

  test('groups add up to the whole', () => {
    const additive = fc.constantFrom(meterOf('count'), meterOf('sum'), nodes(), nodes({ mode: 'delta' }));
    fc.assert(
      fc.property(additive, anyEvents, anyRange, (meter, events, [from, to]) => {
        const groups = answer(meter, { meter: 'm', from, to, groupBy: ['region', 'node'] }, events);
        const whole = only(answer(meter, { meter: 'm', from, to }, events));
        expect(sum(groups.map((group) => group.quantity!)).equals(whole.quantity!)).toBe(true);
      }),
    );
  });

  test('the integral of a level is the sum over every microsecond of it', () => {
    fc.assert(
      fc.property(anyEvents, anyRange, fc.boolean(), fc.constantFrom('0', '1', '2.5'), (events, [from, to], inDelta, freeConcurrent) => {
        const ordered = [...events].sort(compareEvents);
        const levelAt = (time: Instant) => {
          const before = ordered.filter((one) => one.time <= time);
          if (inDelta) return sum(before.map((one) => numberOf(one.data, 'v')!));
          const last = new Map(before.map((one) => [one.data.node, numberOf(one.data, 'v')!]));
          return sum([...last.values()]);
        };
        const levels = Array.from({ length: Number(to - from) }, (_, i) => levelAt(from + BigInt(i)));
        const above = levels.map((level) => level.sub(exact(freeConcurrent))).filter((level) => level.gt(0n));
        const meter = nodes(inDelta ? { mode: 'delta' } : {});
        const usage = only(answer(meter, { meter: 'm', from, to, freeConcurrent }, events));
        expect(usage.quantity!.mul(ratio(HOUR, 1n)).equals(sum(levels))).toBe(true);
        expect(usage.billable!.mul(ratio(HOUR, 1n)).equals(sum(above))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
