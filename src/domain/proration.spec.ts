import fc from 'fast-check';
import { ratio, sum } from './decimal.js';
import { HOUR, parseInstant, type Stretch } from './instant.js';
import { periodAt } from './period.js';
import { measure, type ProrationRule, share } from './proration.js';

const stretch = (start: string, end: string): Stretch => ({ start: parseInstant(start), end: parseInstant(end) });
const by = (basis: ProrationRule['basis'], timeZone = 'UTC'): ProrationRule => ({ basis, timeZone });

describe('a stretch is measured', () => {
  it.each([
    { case: 'by elapsed time', of: stretch('2026-02-01T00:00:00Z', '2026-02-01T01:00:00.000001Z'), rule: by('second'), is: HOUR + 1n },
    {
      case: 'by elapsed time, at a clock change',
      of: stretch('2026-03-29T00:00:00Z', '2026-03-29T23:00:00Z'),
      rule: by('second', 'Europe/London'),
      is: 23n * HOUR,
    },
    { case: 'by local dates', of: stretch('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'), rule: by('day'), is: 28n },
    {
      case: 'by local dates, where a day of 23 hours is a day',
      of: stretch('2026-03-29T00:00:00Z', '2026-03-29T23:00:00Z'),
      rule: by('day', 'Europe/London'),
      is: 1n,
    },
    {
      case: 'so that the day of a change belongs to what comes after',
      of: stretch('2026-02-01T00:00:00Z', '2026-02-10T23:59:59Z'),
      rule: by('day'),
      is: 9n,
    },
    {
      case: 'so that what began late has the whole day',
      of: stretch('2026-02-10T23:59:59Z', '2026-02-11T00:00:00Z'),
      rule: by('day'),
      is: 1n,
    },
    {
      case: 'so that a stretch within a day has none',
      of: stretch('2026-02-10T09:00:00Z', '2026-02-10T17:00:00Z'),
      rule: by('day'),
      is: 0n,
    },
    {
      case: 'by the dates of the time zone',
      of: stretch('2026-02-10T14:00:00Z', '2026-02-10T16:00:00Z'),
      rule: by('day', 'Asia/Tokyo'),
      is: 1n,
    },
    { case: 'as nothing where it is empty', of: stretch('2026-02-10T14:00:00Z', '2026-02-10T14:00:00Z'), rule: by('second'), is: 0n },
  ])('$case', ({ of, rule, is }) => {
    expect(measure(of, rule)).toBe(is);
  });
});

describe('a part has a share of the whole', () => {
  const february = stretch('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z');

  it.each([
    { case: 'half', part: stretch('2026-02-15T00:00:00Z', '2026-03-01T00:00:00Z'), whole: february, rule: by('second'), is: ratio(1n, 2n) },
    {
      case: '13 of 28 days',
      part: stretch('2026-02-16T18:00:00Z', '2026-03-01T00:00:00Z'),
      whole: february,
      rule: by('day'),
      is: ratio(13n, 28n),
    },
    { case: 'all of it', part: february, whole: february, rule: by('second'), is: ratio(1n, 1n) },
    {
      case: '12 of the 23 hours of a day',
      part: stretch('2026-03-29T11:00:00Z', '2026-03-29T23:00:00Z'),
      whole: stretch('2026-03-29T00:00:00Z', '2026-03-29T23:00:00Z'),
      rule: by('second', 'Europe/London'),
      is: ratio(12n, 23n),
    },
  ])('$case', ({ part, whole, rule, is }) => {
    expect(share(part, whole, rule).equals(is)).toBe(true);
  });

  test('and the shares of a period that is split anywhere sum to 1 exactly', () => {
    const anyRule = fc.record({
      basis: fc.constantFrom<ProrationRule['basis']>('second', 'day'),
      timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'Asia/Kolkata'),
    });
    const anyAnchor = fc.bigInt({ min: parseInstant('2000-01-01T00:00:00Z'), max: parseInstant('2060-01-01T00:00:00Z') });
    fc.assert(
      fc.property(
        anyRule,
        anyAnchor,
        fc.constantFrom<'day' | 'week' | 'month' | 'year'>('day', 'week', 'month', 'year'),
        fc.array(fc.bigInt({ min: 0n, max: 1_000_000n }), { maxLength: 8 }),
        (rule, anchorAt, unit, cuts) => {
          const whole = periodAt({ anchorAt, timeZone: rule.timeZone, interval: { unit, count: 1 } }, 1);
          const within = cuts.map((cut) => whole.start + ((whole.end - whole.start) * cut) / 1_000_000n).sort((a, b) => Number(a - b));
          const bounds = [whole.start, ...within, whole.end];
          const shares = bounds.slice(1).map((end, i) => share({ start: bounds[i] ?? end, end }, whole, rule));
          expect(shares.every((one) => one.gte(0n))).toBe(true);
          expect(sum(shares).equals(1n)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('by days, a period in which the zone skipped its date is shared out by time', () => {
  const rule = { basis: 'day', timeZone: 'Pacific/Apia' } as const;
  const [start, middle, end] = ['2011-12-30T10:00:00Z', '2011-12-30T17:00:00Z', '2011-12-31T00:00:00Z'].map(parseInstant) as [
    bigint,
    bigint,
    bigint,
  ];
  expect(measure({ start, end }, rule)).toBe(0n);
  expect(share({ start, end: middle }, { start, end }, rule).toFraction()).toBe('1/2');
});
