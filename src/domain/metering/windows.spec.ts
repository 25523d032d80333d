import fc from 'fast-check';
import { DAY, formatInstant, HOUR, parseInstant } from '../instant.js';
import { WINDOW_UNITS, windowsAtMost, windowsOf, type WindowUnit } from './windows.js';

const starts = (from: string, to: string, unit: WindowUnit, timeZone: string): string[] =>
  [...windowsOf({ start: parseInstant(from), end: parseInstant(to), unit, timeZone })].map(({ start }) => formatInstant(start));

test.each<[string, string, string, WindowUnit, string, string[]]>([
  [
    'days of 24, 23 and 24 hours when clocks go forward',
    '2026-03-27T23:00:00Z',
    '2026-03-30T22:00:00Z',
    'day',
    'Europe/Berlin',
    ['2026-03-27T23:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ],
  [
    'a day of 25 hours when clocks go back',
    '2026-10-24T22:00:00Z',
    '2026-10-26T23:00:00Z',
    'day',
    'Europe/Berlin',
    ['2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  ],
  [
    'months of the time zone, the first and the last one cut',
    '2026-01-15T00:00:00Z',
    '2026-03-01T00:00:00Z',
    'month',
    'America/Los_Angeles',
    ['2026-01-15T00:00:00Z', '2026-02-01T08:00:00Z'],
  ],
  [
    'hours of a time zone that is half an hour off',
    '2026-01-01T00:00:00Z',
    '2026-01-01T02:00:00Z',
    'hour',
    'Asia/Kolkata',
    ['2026-01-01T00:00:00Z', '2026-01-01T00:30:00Z', '2026-01-01T01:30:00Z'],
  ],
  [
    'the hour that comes twice, twice',
    '2026-10-25T00:00:00Z',
    '2026-10-25T03:00:00Z',
    'hour',
    'Europe/Berlin',
    ['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
  ],
  [
    'a day whose midnight is left out',
    '2026-09-05T12:00:00Z',
    '2026-09-07T12:00:00Z',
    'day',
    'America/Santiago',
    ['2026-09-05T12:00:00Z', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
  ],
  [
    'a day that the calendar skipped',
    '2011-12-29T10:00:00Z',
    '2012-01-01T10:00:00Z',
    'day',
    'Pacific/Apia',
    ['2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
  ],
  [
    'hours around a clock change of half an hour',
    '2026-04-04T14:00:00Z',
    '2026-04-04T18:00:00Z',
    'hour',
    'Australia/Lord_Howe',
    ['2026-04-04T14:00:00Z', '2026-04-04T15:30:00Z', '2026-04-04T16:30:00Z', '2026-04-04T17:30:00Z'],
  ],
  ['nothing of an empty stretch', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'day', 'UTC', []],
])('%s', (_case, from, to, unit, timeZone, expected) => {
  expect(starts(from, to, unit, timeZone)).toEqual(expected);
});

test('windows lie side by side, from the start to the end, and are no more than was said', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Cairo'];
  const from = parseInstant('2009-01-01T00:00:00Z');
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 20n * 365n * DAY }),
      fc.bigInt({ min: 0n, max: 40n * DAY }),
      fc.constantFrom(...WINDOW_UNITS),
      fc.constantFrom(...zones),
      (after, length, unit, timeZone) => {
        const whole = { start: from + after, end: from + after + length };
        const found = [...windowsOf({ ...whole, unit, timeZone })];
        let at = whole.start;
        for (const window of found) {
          expect(window.start).toBe(at);
          expect(window.end > window.start).toBe(true);
          at = window.end;
        }
        expect(at).toBe(whole.end);
        expect(BigInt(found.length) <= windowsAtMost({ ...whole, unit })).toBe(true);
        if (unit === 'hour') for (const { start, end } of found) expect(end - start <= 2n * HOUR).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});
