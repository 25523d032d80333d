import fc from 'fast-check';
import type { Interval, IntervalUnit } from '../../src/domain/catalog.js';
import { HOUR, type Instant, parseInstant } from '../../src/domain/instant.js';
import type { Schedule } from '../../src/domain/period.js';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
];
export const between = (from: string, to: string): fc.Arbitrary<Instant> => fc.bigInt({ min: parseInstant(from), max: parseInstant(to) });
const anyInterval: fc.Arbitrary<Interval> = fc.oneof(
  fc.record({ unit: fc.constant<IntervalUnit>('day'), count: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ unit: fc.constant<IntervalUnit>('week'), count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ unit: fc.constant<IntervalUnit>('month'), count: fc.integer({ min: 1, max: 24 }) }),
  fc.record({ unit: fc.constant<IntervalUnit>('year'), count: fc.integer({ min: 1, max: 3 }) }),
);
/** Also on the hour, and in the small hours of the days at which clocks change. */
const anyAnchor = fc.oneof(
  between('1990-01-01T00:00:00Z', '2090-01-01T00:00:00Z'),
  fc.integer({ min: 0, max: 24 * 365 * 40 }).map((hour) => parseInstant('2000-01-01T00:00:00Z') + BigInt(hour) * HOUR),
  fc
    .tuple(
      fc.constantFrom('2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-24', '2026-09-06'),
      fc.integer({ min: 0, max: 287 }),
    )
    .map(([date, step]) => parseInstant(`${date}T00:00:00Z`) + BigInt(step) * (HOUR / 12n)),
);
/** Of all intervals, in zones of all kinds. */
export const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  anchorAt: anyAnchor,
  timeZone: fc.constantFrom(...ZONES),
  interval: anyInterval,
});
export const anyIndex = fc.integer({ min: -60, max: 60 });
