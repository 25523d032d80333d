import fc from 'fast-check';
import { anyIndex, anySchedule } from '../../test/support/schedules.js';
import { DAY, formatInstant, HOUR, parseInstant } from './instant.js';
import { calendarAnchor, localDay, periodAt, periodContaining, type Schedule } from './period.js';

const starts = (of: Schedule, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => formatInstant(periodAt(of, from + i).start));

describe('the anchor of calendar periods', () => {
  it.each([
    {
      case: 'months: January of the year',
      at: '2026-08-17T10:00:00Z',
      zone: 'UTC',
      unit: 'month',
      count: 1,
      anchor: '2026-01-01T00:00:00Z',
    },
    { case: 'quarters: January too', at: '2026-08-17T10:00:00Z', zone: 'UTC', unit: 'month', count: 3, anchor: '2026-01-01T00:00:00Z' },
    {
      case: 'years: January of the year of the start',
      at: '2026-08-17T10:00:00Z',
      zone: 'UTC',
      unit: 'year',
      count: 2,
      anchor: '2026-01-01T00:00:00Z',
    },
    {
      case: 'the year is the local one',
      at: '2025-12-31T16:00:00Z',
      zone: 'Asia/Tokyo',
      unit: 'month',
      count: 1,
      anchor: '2025-12-31T15:00:00Z',
    },
    { case: 'weeks: the Monday after', at: '2026-08-19T10:00:00Z', zone: 'UTC', unit: 'week', count: 1, anchor: '2026-08-24T00:00:00Z' },
    { case: 'weeks: the Monday itself', at: '2026-08-17T00:00:00Z', zone: 'UTC', unit: 'week', count: 2, anchor: '2026-08-17T00:00:00Z' },
    {
      case: 'weeks: not the Monday that has begun',
      at: '2026-08-17T00:00:00.000001Z',
      zone: 'UTC',
      unit: 'week',
      count: 1,
      anchor: '2026-08-24T00:00:00Z',
    },
    {
      case: 'weeks: not the midnight of a Sunday',
      at: '2026-08-16T00:00:00Z',
      zone: 'UTC',
      unit: 'week',
      count: 1,
      anchor: '2026-08-17T00:00:00Z',
    },
    {
      case: 'days: the midnight after',
      at: '2026-08-17T10:00:00Z',
      zone: 'America/New_York',
      unit: 'day',
      count: 1,
      anchor: '2026-08-18T04:00:00Z',
    },
    {
      case: 'days: the midnight itself',
      at: '2026-08-17T04:00:00Z',
      zone: 'America/New_York',
      unit: 'day',
      count: 1,
      anchor: '2026-08-17T04:00:00Z',
    },
    {
      case: 'days: the midnight before one that a clock change took away',
      at: '2026-04-23T12:00:00Z',
      zone: 'Africa/Cairo',
      unit: 'day',
      count: 1,
      anchor: '2026-04-22T22:00:00Z',
    },
    {
      case: 'days: the one two days before it, where two are counted',
      at: '2026-04-23T12:00:00Z',
      zone: 'Africa/Cairo',
      unit: 'day',
      count: 2,
      anchor: '2026-04-21T22:00:00Z',
    },
  ] as const)('$case', ({ at, zone, unit, count, anchor }) => {
    expect(formatInstant(calendarAnchor({ at: parseInstant(at), timeZone: zone, interval: { unit, count } }))).toBe(anchor);
  });

  test('makes quarters begin in January, April, July and October', () => {
    const interval = { unit: 'month', count: 3 } as const;
    const anchorAt = calendarAnchor({ at: parseInstant('2026-08-17T10:00:00Z'), timeZone: 'UTC', interval });
    expect(starts({ anchorAt, timeZone: 'UTC', interval }, 0, 4)).toEqual(
      ['2026-01', '2026-04', '2026-07', '2026-10', '2027-01'].map((month) => `${month}-01T00:00:00Z`),
    );
  });

  test('makes days begin at the first instant of a day, also after a midnight that did not exist', () => {
    const interval = { unit: 'day', count: 1 } as const;
    const anchorAt = calendarAnchor({ at: parseInstant('2026-04-23T12:00:00Z'), timeZone: 'Africa/Cairo', interval });
    expect(starts({ anchorAt, timeZone: 'Africa/Cairo', interval }, 0, 3)).toEqual([
      '2026-04-22T22:00:00Z',
      '2026-04-23T22:00:00Z', // 01:00 on the day without a midnight
      '2026-04-24T21:00:00Z',
      '2026-04-25T21:00:00Z',
    ]);
  });

  test('makes every boundary the first instant of its local day', () => {
    fc.assert(
      fc.property(anySchedule, anyIndex, ({ anchorAt: at, timeZone, interval }, index) => {
        const anchorAt = calendarAnchor({ at, timeZone, interval });
        const { start } = periodAt({ anchorAt, timeZone, interval }, index);
        expect(localDay(start - 1n, timeZone)).toBe(localDay(start, timeZone) - 1n);
      }),
      { numRuns: 500 },
    );
  });

  test('makes a boundary at or after the start the next one, less than an interval away', () => {
    fc.assert(
      fc.property(anySchedule, ({ anchorAt: at, timeZone, interval }) => {
        const of = { anchorAt: calendarAnchor({ at, timeZone, interval }), timeZone, interval };
        const { start, end } = periodContaining(of, at);
        if (interval.unit === 'day' || interval.unit === 'week')
          expect((start === at ? start : end) - at).toBeLessThanOrEqual(interval.unit === 'day' ? 25n * HOUR : 7n * DAY + HOUR);
        else expect(of.anchorAt).toBeLessThanOrEqual(at);
      }),
      { numRuns: 500 },
    );
  });
});
