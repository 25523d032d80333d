import { Temporal } from 'temporal-polyfill';
import { earliest, HOUR, type Instant, type Stretch } from '../instant.js';

export const WINDOW_UNITS = ['hour', 'day', 'month'] as const;
export type WindowUnit = (typeof WINDOW_UNITS)[number];

export interface WindowsWanted extends Stretch {
  readonly unit: WindowUnit;
  /** An IANA name. */
  readonly timeZone: string;
}

/**
 * The hours, days or months of a time zone, one after the other without a gap, cut to the stretch. A day is as long as it is there; where a
 * clock change is not of a whole hour, so is the hour beside it.
 */
export function* windowsOf({ start, end, unit, timeZone }: WindowsWanted): Generator<Stretch> {
  for (let at = start; at < end;) {
    const next = earliest(boundaryAfter(at, unit, timeZone), end);
    yield { start: at, end: next };
    at = next;
  }
}

/** A month is never shorter than 28 days, nor a day than 20 hours: no more windows than that can lie in the stretch. */
export const windowsAtMost = ({ start, end, unit }: Pick<WindowsWanted, 'start' | 'end' | 'unit'>): bigint =>
  (end - start) / SHORTEST[unit] + 2n;

const SHORTEST = { hour: HOUR / 2n, day: 20n * HOUR, month: 28n * 24n * HOUR - 2n * HOUR } as const satisfies Record<WindowUnit, bigint>;

function boundaryAfter(at: Instant, unit: WindowUnit, timeZone: string): Instant {
  if (unit === 'hour') return hourAfter(at, timeZone);
  const date = zoned(at, timeZone).toPlainDate();
  const first = unit === 'month' ? date.with({ day: 1 }).add({ months: 1 }) : date.add({ days: 1 });
  return instantOf(first.toZonedDateTime(timeZone)); // its first moment, also where midnight is left out
}

/** The next full hour of the clock on the wall; where that was there before already, the one after it. */
function hourAfter(at: Instant, timeZone: string): Instant {
  const next = floorHour(at + HOUR, timeZone);
  return next > at ? next : floorHour(at + 2n * HOUR, timeZone);
}

const floorHour = (at: Instant, timeZone: string): Instant =>
  instantOf(zoned(at, timeZone).round({ smallestUnit: 'hour', roundingMode: 'floor' }));

const zoned = (at: Instant, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochNanoseconds(at * 1000n).toZonedDateTimeISO(timeZone);
const instantOf = (local: Temporal.ZonedDateTime): Instant => local.epochNanoseconds / 1000n;
