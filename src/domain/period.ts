import { Temporal } from 'temporal-polyfill';
import type { Interval, IntervalUnit } from './catalog.js';
import type { Instant, Stretch } from './instant.js';
import { DAY } from './instant.js';

/** What periods are counted by: from the anchor, in a time zone (IANA name), in intervals. */
export interface Schedule {
  readonly anchorAt: Instant;
  readonly timeZone: string;
  readonly interval: Interval;
}

/** Period `index` runs from anchor + index intervals to anchor + (index + 1) intervals. */
export interface Period extends Stretch {
  readonly index: number;
}

export const sameSchedule = (a: Schedule, b: Schedule): boolean =>
  a.anchorAt === b.anchorAt && a.timeZone === b.timeZone && sameInterval(a.interval, b.interval);

export const sameInterval = (a: Interval, b: Interval): boolean => a.unit === b.unit && a.count === b.count;

/** The period with the index, which may be below zero. Both bounds are computed from the anchor, never from another period. */
export const periodAt = (schedule: Schedule, index: number): Period => ({
  index,
  start: boundary(schedule, index),
  end: boundary(schedule, index + 1),
});

/** The period with start <= at < end. */
export function periodContaining(schedule: Schedule, at: Instant): Period {
  let index = Number((at - schedule.anchorAt) / typicalLength(schedule.interval));
  while (boundary(schedule, index) > at) index -= 1;
  while (boundary(schedule, index + 1) <= at) index += 1;
  return periodAt(schedule, index);
}

/** The period that `at` lies in, and all after it. */
export function* periodsFrom(schedule: Schedule, at: Instant): Generator<Period> {
  for (let { index } = periodContaining(schedule, at); ; index += 1) yield periodAt(schedule, index);
}

/**
 * The anchor of calendar periods for a subscription that starts at `at`: months are counted from January of that year, years from that
 * year, weeks (from Monday) and days from the first boundary at or after the start. Always a local midnight.
 */
export function calendarAnchor({ at, timeZone, interval }: { at: Instant; timeZone: string; interval: Interval }): Instant {
  const local = zoned(at, timeZone);
  if (interval.unit === 'month' || interval.unit === 'year') return instantOf(local.with({ month: 1, day: 1 }).startOfDay());
  const midnight = local.startOfDay();
  const isBoundary = instantOf(midnight) === at && (interval.unit === 'day' || midnight.dayOfWeek === 1);
  if (isBoundary) return at;
  return instantOf(midnight.add({ days: interval.unit === 'day' ? 1 : 8 - midnight.dayOfWeek }).startOfDay());
}

/** The instant `days` local days later, at the same local time. */
export const addLocalDays = ({ at, days, timeZone }: { at: Instant; days: number; timeZone: string }): Instant =>
  instantOf(zoned(at, timeZone).add({ days }));

/** Local dates from 1970-01-01 to the local date of `at`. */
export function localDay(at: Instant, timeZone: string): bigint {
  if (timeZone === 'UTC') return floorDiv(at, DAY);
  return remembered(localDays, `${timeZone} ${at.toString()}`, () => {
    const { days } = EPOCH_DATE.until(zoned(at, timeZone).toPlainDate(), { largestUnit: 'day' });
    return BigInt(days);
  });
}

export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

const EPOCH_DATE = Temporal.PlainDate.from('1970-01-01');
const DURATION_FIELDS = { day: 'days', week: 'weeks', month: 'months', year: 'years' } as const satisfies Record<IntervalUnit, string>;
const TYPICAL_DAYS = { day: 1n, week: 7n, month: 30n, year: 365n } as const satisfies Record<IntervalUnit, bigint>;

const typicalLength = ({ unit, count }: Interval): bigint => TYPICAL_DAYS[unit] * BigInt(count) * DAY;

/** A local time that does not exist moves to the instant after the gap; one that occurs twice means the first. */
function boundary({ anchorAt, timeZone, interval: { unit, count } }: Schedule, index: number): Instant {
  if (index === 0) return anchorAt;
  return remembered(boundaries, `${anchorAt.toString()} ${timeZone} ${unit} ${String(count)} ${String(index)}`, () => {
    const local = zoned(anchorAt, timeZone).toPlainDateTime();
    return instantOf(local.add({ [DURATION_FIELDS[unit]]: count * index }).toZonedDateTime(timeZone, { disambiguation: 'compatible' }));
  });
}

const zoned = (at: Instant, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochNanoseconds(at * 1000n).toZonedDateTimeISO(timeZone);
const instantOf = (local: Temporal.ZonedDateTime): Instant => local.epochNanoseconds / 1000n;
const floorDiv = (a: bigint, b: bigint): bigint => a / b - (a % b < 0n ? 1n : 0n);

/*
 * Calendar arithmetic in a time zone is slow, and a bill run asks for the same few boundaries over and over. What was computed is
 * remembered, up to a bound; results do not depend on it.
 */
const REMEMBERED_MAX = 100_000;
const boundaries = new Map<string, Instant>();
const localDays = new Map<string, bigint>();

function remembered(memory: Map<string, bigint>, key: string, compute: () => bigint): bigint {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const value = compute();
  if (memory.size >= REMEMBERED_MAX) memory.clear();
  memory.set(key, value);
  return value;
}
