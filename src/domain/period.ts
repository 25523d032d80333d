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

/** Whether both count the same periods by the same indexes. */
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
  let index = Number((at - schedule.anchorAt) / meanLength(schedule.interval));
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
 * year, weeks (from Monday) and days from the first boundary at or after the start. Always a local midnight: where a clock change takes
 * that midnight away, the one whole intervals before, so that boundaries after the change are midnights again.
 */
export function calendarAnchor({ at, timeZone, interval }: { at: Instant; timeZone: string; interval: Interval }): Instant {
  let date = calendarStart(at, timeZone, interval.unit);
  while (!hasMidnight(date, timeZone)) date = date.subtract({ [DURATION_FIELDS[interval.unit]]: interval.count });
  return instantOf(date.toZonedDateTime(timeZone));
}

function calendarStart(at: Instant, timeZone: string, unit: IntervalUnit): Temporal.PlainDate {
  const date = zoned(at, timeZone).toPlainDate();
  if (unit === 'month' || unit === 'year') return date.with({ month: 1, day: 1 });
  const daysToBoundary = unit === 'day' ? 1 : 8 - date.dayOfWeek;
  const isBoundary = instantOf(date.toZonedDateTime(timeZone)) === at && (unit === 'day' || date.dayOfWeek === 1);
  return isBoundary ? date : date.add({ days: daysToBoundary });
}

const hasMidnight = (date: Temporal.PlainDate, timeZone: string): boolean => {
  const { hour, minute } = date.toZonedDateTime(timeZone);
  return hour === 0 && minute === 0;
};

/** The instant `days` local days later, at the same local time as far as there is one. */
export const addLocalDays = ({ at, days, timeZone }: { at: Instant; days: number; timeZone: string }): Instant =>
  days === 0 ? at : instantAt(zoned(at, timeZone).toPlainDateTime().add({ days }), timeZone);

/** Local dates from 1970-01-01 to the local date of `at`. */
export function localDay(at: Instant, timeZone: string): bigint {
  if (timeZone === 'UTC') return floorDiv(at, DAY);
  return remembered(localDays, `${timeZone} ${at.toString()}`, () =>
    floorDiv(at + BigInt(zoned(at, timeZone).offsetNanoseconds) / 1000n, DAY),
  );
}

/** Whether the name is an IANA time zone's; offsets such as "+01:00" are none. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

const DURATION_FIELDS = { day: 'days', week: 'weeks', month: 'months', year: 'years' } as const satisfies Record<IntervalUnit, string>;
/** Mean lengths in the Gregorian calendar: a guess by them is at most a period or two away, however far the anchor is. */
const MEAN_LENGTHS = { day: DAY, week: 7n * DAY, month: (DAY * 146_097n) / 4800n, year: (DAY * 146_097n) / 400n } as const satisfies Record<
  IntervalUnit,
  bigint
>;

const meanLength = ({ unit, count }: Interval): bigint => MEAN_LENGTHS[unit] * BigInt(count);

function boundary(schedule: Schedule, index: number): Instant {
  if (index === 0) return schedule.anchorAt;
  return remembered(boundariesOf(schedule), index, () => {
    const { anchorAt, timeZone, interval } = schedule;
    const local = remembered(anchors, `${anchorAt.toString()} ${timeZone}`, () => zoned(anchorAt, timeZone).toPlainDateTime());
    return instantAt(local.add({ [DURATION_FIELDS[interval.unit]]: interval.count * index }), timeZone);
  });
}

/** A local time that does not exist moves to the instant after the gap; one that occurs twice means the first. */
function instantAt(local: Temporal.PlainDateTime, timeZone: string): Instant {
  const first = local.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  if (first.toPlainDateTime().equals(local)) return instantOf(first);
  return instantOf(first.getTimeZoneTransition('next') ?? first); // before the gap, by its length
}

const zoned = (at: Instant, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochNanoseconds(at * 1000n).toZonedDateTimeISO(timeZone);
const instantOf = (local: Temporal.ZonedDateTime): Instant => local.epochNanoseconds / 1000n;
const floorDiv = (a: bigint, b: bigint): bigint => a / b - (a % b < 0n ? 1n : 0n);

/*
 * Calendar arithmetic in a time zone is slow, and a bill run asks for the same few boundaries over and over. What was computed is
 * remembered, up to a bound; results do not depend on it. Schedules are never changed.
 */
const REMEMBERED_MAX = 100_000;
const anchors = new Map<string, Temporal.PlainDateTime>();
const localDays = new Map<string, bigint>();
const boundaries = new Map<string, Map<number, Instant>>();
const known = new WeakMap<Schedule, Map<number, Instant>>();

/** Found by the schedule itself, which spares its name, or by its name. */
function boundariesOf(schedule: Schedule): Map<number, Instant> {
  const found = known.get(schedule);
  if (found) return found;
  const { anchorAt, timeZone, interval } = schedule;
  const name = `${anchorAt.toString()} ${timeZone} ${interval.unit} ${String(interval.count)}`;
  const byIndex = remembered(boundaries, name, () => new Map<number, Instant>());
  known.set(schedule, byIndex);
  return byIndex;
}

function remembered<Key, Value>(memory: Map<Key, Value>, key: Key, compute: () => Value): Value {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const value = compute();
  if (memory.size >= REMEMBERED_MAX) memory.clear();
  memory.set(key, value);
  return value;
}
