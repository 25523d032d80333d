import fc from 'fast-check';
import { anyIndex, anySchedule, between } from '../../test/support/schedules.js';
import type { IntervalUnit } from './catalog.js';
import { DAY, formatInstant, HOUR, parseInstant } from './instant.js';
import {
  addLocalDays,
  isTimeZone,
  localDay,
  type Period,
  periodAt,
  periodContaining,
  periodsFrom,
  sameSchedule,
  type Schedule,
} from './period.js';

const schedule = (anchorAt: string, timeZone: string, unit: IntervalUnit, count = 1): Schedule => ({
  anchorAt: parseInstant(anchorAt),
  timeZone,
  interval: { unit, count },
});
const starts = (of: Schedule, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => formatInstant(periodAt(of, from + i).start));
const hours = ({ start, end }: Period): number => Number((end - start) / HOUR);

describe('periods are counted from the anchor, never from one another', () => {
  it.each([
    {
      case: 'monthly from the 31st: the last day of shorter months, and the 31st again',
      of: schedule('2026-01-31T00:00:00Z', 'UTC', 'month'),
      from: 0,
      starts: ['2026-01-31T00:00:00Z', '2026-02-28T00:00:00Z', '2026-03-31T00:00:00Z', '2026-04-30T00:00:00Z', '2026-05-31T00:00:00Z'],
    },
    {
      case: 'monthly from the 31st over a leap day',
      of: schedule('2024-01-31T05:00:00Z', 'UTC', 'month'),
      from: 0,
      starts: ['2024-01-31T05:00:00Z', '2024-02-29T05:00:00Z', '2024-03-31T05:00:00Z'],
    },
    {
      case: 'monthly from the 31st, backwards',
      of: schedule('2026-03-31T00:00:00Z', 'UTC', 'month'),
      from: -4,
      starts: ['2025-11-30T00:00:00Z', '2025-12-31T00:00:00Z', '2026-01-31T00:00:00Z', '2026-02-28T00:00:00Z', '2026-03-31T00:00:00Z'],
    },
    {
      case: 'yearly from 29 February: the 28th of common years, and the 29th again',
      of: schedule('2020-02-29T00:00:00Z', 'UTC', 'year'),
      from: -1,
      starts: [
        '2019-02-28T00:00:00Z',
        '2020-02-29T00:00:00Z',
        '2021-02-28T00:00:00Z',
        '2022-02-28T00:00:00Z',
        '2023-02-28T00:00:00Z',
        '2024-02-29T00:00:00Z',
      ],
    },
    {
      case: 'quarterly from 30 November',
      of: schedule('2025-11-30T00:00:00Z', 'UTC', 'month', 3),
      from: 0,
      starts: ['2025-11-30T00:00:00Z', '2026-02-28T00:00:00Z', '2026-05-30T00:00:00Z', '2026-08-30T00:00:00Z'],
    },
    {
      case: 'by local time, whatever the offset from UTC is that month',
      of: schedule('2026-01-31T05:00:00Z', 'America/New_York', 'month'),
      from: 0,
      starts: ['2026-01-31T05:00:00Z', '2026-02-28T05:00:00Z', '2026-03-31T04:00:00Z'],
    },
    {
      case: 'on the local date, which is not the date in UTC',
      of: schedule('2026-01-30T18:30:00Z', 'Asia/Kolkata', 'month'), // midnight of the 31st there
      from: 0,
      starts: ['2026-01-30T18:30:00Z', '2026-02-27T18:30:00Z', '2026-03-30T18:30:00Z'],
    },
    {
      case: 'weekly over the change to summer time',
      of: schedule('2026-03-22T23:00:00Z', 'Europe/Berlin', 'week'),
      from: 0,
      starts: ['2026-03-22T23:00:00Z', '2026-03-29T22:00:00Z', '2026-04-05T22:00:00Z'],
    },
    {
      case: 'every 10 days',
      of: schedule('2026-02-20T00:00:00Z', 'UTC', 'day', 10),
      from: -1,
      starts: ['2026-02-10T00:00:00Z', '2026-02-20T00:00:00Z', '2026-03-02T00:00:00Z'],
    },
    {
      case: 'to the microsecond',
      of: schedule('2026-01-31T05:00:00.123457Z', 'Europe/Berlin', 'month'),
      from: 0,
      starts: ['2026-01-31T05:00:00.123457Z', '2026-02-28T05:00:00.123457Z', '2026-03-31T04:00:00.123457Z'],
    },
    {
      case: 'to the microsecond, before the epoch',
      of: schedule('1969-03-31T05:00:00.000001Z', 'UTC', 'month'),
      from: -1,
      starts: ['1969-02-28T05:00:00.000001Z', '1969-03-31T05:00:00.000001Z'],
    },
  ])('$case', ({ of, from, starts: expected }) => {
    expect(starts(of, from, from + expected.length - 1)).toEqual(expected);
  });

  it.each([
    { case: '24 hours', at: '2026-03-28T00:00:00Z', hours: 24 },
    { case: '23 in spring', at: '2026-03-29T00:00:00Z', hours: 23 },
    { case: '25 in autumn', at: '2026-10-25T00:00:00Z', hours: 25 },
  ])('a day is as long as it is there: $case', ({ at, hours: expected }) => {
    expect(hours(periodContaining(schedule('2026-01-01T00:00:00Z', 'Europe/London', 'day'), parseInstant(at)))).toBe(expected);
  });
});

describe('a local time at a clock change', () => {
  it.each([
    {
      case: 'that does not exist moves to the instant after the gap, on that day alone',
      of: schedule('2026-03-28T01:30:00Z', 'Europe/Berlin', 'day'), // 02:30 there
      starts: ['2026-03-28T01:30:00Z', '2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'],
    },
    {
      case: 'that is the first one of the gap moves there too',
      of: schedule('2028-02-26T01:00:00Z', 'Europe/Berlin', 'month'), // 02:00 there
      starts: ['2028-02-26T01:00:00Z', '2028-03-26T01:00:00Z', '2028-04-26T00:00:00Z'],
    },
    {
      case: 'that occurs twice means the first',
      of: schedule('2026-10-24T00:30:00Z', 'Europe/Berlin', 'day'), // 02:30 there
      starts: ['2026-10-24T00:30:00Z', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
    },
    {
      case: 'of half an hour',
      of: schedule('2026-10-02T15:45:00Z', 'Australia/Lord_Howe', 'day'), // 02:15 there
      starts: ['2026-10-02T15:45:00Z', '2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z'],
    },
    {
      case: 'stays where it is when it is the anchor itself, also the second time',
      of: schedule('2026-10-25T01:30:00Z', 'Europe/Berlin', 'day'),
      starts: ['2026-10-25T01:30:00Z', '2026-10-26T01:30:00Z'],
    },
    {
      case: 'on a date that was left out moves to the beginning of the next one',
      of: schedule('2011-12-29T20:00:00Z', 'Pacific/Apia', 'day'), // 30 December did not happen there
      starts: ['2011-12-29T20:00:00Z', '2011-12-30T10:00:00Z', '2011-12-30T20:00:00Z', '2011-12-31T20:00:00Z'],
    },
  ])('$case', ({ of, starts: expected }) => {
    expect(starts(of, 0, expected.length - 1)).toEqual(expected);
  });
});

describe('the period that contains an instant', () => {
  const monthly = schedule('2026-01-31T00:00:00Z', 'UTC', 'month');

  it.each([
    { case: 'begins with it', at: '2026-02-28T00:00:00Z', index: 1 },
    { case: 'ends after it', at: '2026-02-27T23:59:59.999999Z', index: 0 },
    { case: 'may lie before the anchor', at: '2026-01-30T23:59:59.999999Z', index: -1 },
    { case: 'may lie 100 years ahead', at: '2126-02-01T00:00:00Z', index: 1200 },
    { case: 'may lie 100 years back', at: '1926-02-01T00:00:00Z', index: -1200 },
  ])('$case', ({ at, index }) => {
    expect(periodContaining(monthly, parseInstant(at)).index).toBe(index);
  });

  test('is followed by the next one, for ever', () => {
    const found: Period[] = [];
    for (const period of periodsFrom(monthly, parseInstant('2026-03-01T00:00:00Z'))) if (found.push(period) === 3) break;
    expect(found).toEqual([1, 2, 3].map((index) => periodAt(monthly, index)));
  });
});

describe('whatever the anchor, the interval and the time zone', () => {
  test('periods tile time: each has a length, and ends where the next begins', () => {
    fc.assert(
      fc.property(anySchedule, anyIndex, (of, index) => {
        const period = periodAt(of, index);
        expect(period.start).toBeLessThan(period.end);
        expect(periodAt(of, index + 1).start).toBe(period.end);
      }),
      { numRuns: 500 },
    );
  });

  test('the period of an instant contains it', () => {
    fc.assert(
      fc.property(anySchedule, between('1950-01-01T00:00:00Z', '2130-01-01T00:00:00Z'), (of, at) => {
        const period = periodContaining(of, at);
        expect(period.start).toBeLessThanOrEqual(at);
        expect(period.end).toBeGreaterThan(at);
        expect(periodAt(of, period.index)).toEqual(period);
      }),
      { numRuns: 500 },
    );
  });

  test('the period that begins at the anchor is number 0', () => {
    fc.assert(
      fc.property(anySchedule, (of) => {
        expect(periodContaining(of, of.anchorAt).index).toBe(0);
        expect(periodAt(of, 0).start).toBe(of.anchorAt);
      }),
    );
  });

  test('months in UTC are those of the calendar', () => {
    fc.assert(
      fc.property(between('1970-01-01T00:00:00Z', '2090-01-01T00:00:00Z'), fc.integer({ min: -500, max: 500 }), (anchorAt, index) => {
        const anchor = new Date(Number(anchorAt / 1000n));
        const [year, month] = [anchor.getUTCFullYear(), anchor.getUTCMonth() + index];
        const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
        const date = BigInt(Date.UTC(year, month, Math.min(anchor.getUTCDate(), lastDay))) * 1000n;
        expect(periodAt({ anchorAt, timeZone: 'UTC', interval: { unit: 'month', count: 1 } }, index).start).toBe(
          date + (anchorAt % DAY), // the time of day
        );
      }),
    );
  });

  test('schedules that differ in one thing alone do not answer for each other', () => {
    const of = schedule('2026-01-31T05:00:00Z', 'UTC', 'month');
    const schedules: Schedule[] = [
      of,
      { ...of, anchorAt: of.anchorAt + 1n },
      { ...of, timeZone: 'Asia/Tokyo' }, // 14:00 on the 31st there too
      { ...of, timeZone: 'America/Los_Angeles' }, // 21:00 on the 30th there
      { ...of, interval: { unit: 'month', count: 2 } },
      { ...of, interval: { unit: 'week', count: 1 } },
    ];
    expect(schedules.map((one) => formatInstant(periodAt(one, 1).start))).toEqual([
      '2026-02-28T05:00:00Z',
      '2026-02-28T05:00:00.000001Z',
      '2026-02-28T05:00:00Z',
      '2026-03-01T05:00:00Z', // 28 February there
      '2026-03-31T05:00:00Z',
      '2026-02-07T05:00:00Z',
    ]);
  });

  test('the same question has the same answer after more questions than are remembered', () => {
    const of = schedule('2026-01-31T05:00:00Z', 'UTC', 'day');
    const before = [-3, 0, 3].map((index) => periodAt(of, index));
    for (let index = 0; index <= 100_000; index += 1) periodAt(of, index);
    expect([-3, 0, 3].map((index) => periodAt(of, index))).toEqual(before);
  });
});

describe('local days later', () => {
  it.each([
    { case: 'the same local time', at: '2026-01-10T15:30:00Z', days: 10, zone: 'Asia/Tokyo', to: '2026-01-20T15:30:00Z' },
    { case: 'also when the clocks change', at: '2026-03-25T11:00:00Z', days: 7, zone: 'Europe/Berlin', to: '2026-04-01T10:00:00Z' },
    { case: 'to the microsecond', at: '2026-03-25T11:00:00.000001Z', days: 7, zone: 'Europe/Berlin', to: '2026-04-01T10:00:00.000001Z' },
    { case: 'none is the instant itself', at: '2026-10-25T01:30:00Z', days: 0, zone: 'Europe/Berlin', to: '2026-10-25T01:30:00Z' },
  ])('$case', ({ at, days, zone, to }) => {
    expect(formatInstant(addLocalDays({ at: parseInstant(at), days, timeZone: zone }))).toBe(to);
  });
});

describe('local dates', () => {
  it.each([
    { case: 'the epoch is day 0', at: '1970-01-01T00:00:00Z', zone: 'UTC', day: 0n },
    { case: 'the microsecond before is the day before', at: '1969-12-31T23:59:59.999999Z', zone: 'UTC', day: -1n },
    { case: 'it is tomorrow already in the east', at: '1970-01-01T15:00:00Z', zone: 'Asia/Tokyo', day: 1n },
    { case: 'it is still yesterday in the west', at: '1970-01-01T04:59:59.999999Z', zone: 'America/New_York', day: -1n },
  ])('$case', ({ at, zone, day }) => {
    expect(localDay(parseInstant(at), zone)).toBe(day);
  });
});

describe('time zones', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])('%s is one', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(['', 'Mars/Base', '+01:00', 'Z', 'Europe/Berlin ', '2026-01-01T00:00:00Z[Europe/Berlin]'])('"%s" is none', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});

test('two schedules are the same when they count the same periods', () => {
  const of = schedule('2026-01-31T00:00:00Z', 'UTC', 'month');
  expect(sameSchedule(of, { ...of })).toBe(true);
  for (const other of [
    { ...of, anchorAt: of.anchorAt + 1n },
    { ...of, timeZone: 'Europe/Berlin' },
    { ...of, interval: { unit: 'month', count: 2 } },
    { ...of, interval: { unit: 'week', count: 1 } },
  ] as const)
    expect(sameSchedule(of, other)).toBe(false);
});
