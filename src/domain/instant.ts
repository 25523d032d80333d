import { Refusal } from './refusal.js';

/** Microseconds since 1970-01-01T00:00:00Z. Exact, ordered by `<`, and never passed through a `Date`. */
export type Instant = bigint;

/** A half-open stretch of time: `start` belongs to it, `end` does not. */
export interface Stretch {
  readonly start: Instant;
  readonly end: Instant;
}

export const SECOND = 1_000_000n;
export const MINUTE = 60n * SECOND;
export const HOUR = 60n * MINUTE;
export const DAY = 24n * HOUR;

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const daysIn = (year: number, month: number): number => (month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);

/** Days from 1970-01-01 to the given civil date (proleptic Gregorian). */
function epochDay(year: number, month: number, day: number): number {
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  return before * 365 + leaps + (DAYS_BEFORE_MONTH[month - 1] ?? 0) + (month > 2 && isLeap(year) ? 1 : 0) + day - 1 - 719_162;
}

/** Beyond these, neither RFC 3339 nor the database can write an instant in UTC. */
const FIRST_SECOND = epochDay(1, 1, 1) * 86_400;
const LAST_SECOND = epochDay(9999, 12, 31) * 86_400 + 86_399;

/**
 * Parses an RFC 3339 date-time with offset, to the microsecond.
 * @throws Refusal `invalid_instant` for another form, a date that does not exist, a leap second, more than six decimals, or a year
 *   that is not from 1 to 9999 in UTC
 */
export function parseInstant(text: string): Instant {
  const instant = tryInstant(text);
  if (instant === undefined)
    throw new Refusal(
      'invalid',
      'invalid_instant',
      `"${text.slice(0, 40)}" is not an RFC 3339 instant with offset and at most 6 decimals, such as 2026-01-31T05:00:00Z.`,
    );
  return instant;
}

/** As `parseInstant`, but `undefined` instead of a refusal: for hot paths. */
export function tryInstant(text: string): Instant | undefined {
  const m = RFC3339.exec(text);
  if (!m) return undefined;
  const [year, month, day, hour, minute, second] = [
    Number(m[1]),
    Number(m[2]),
    Number(m[3]),
    Number(m[4]),
    Number(m[5]),
    Number(m[6]),
  ] as const;
  const decimals = m[7] ?? '';
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 || decimals.length > 6)
    return undefined;
  const [offsetHours, offsetMinutes] = [Number(m[9] ?? 0), Number(m[10] ?? 0)];
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offsetSeconds = (m[8] === '-' ? -1 : 1) * (offsetHours * 3600 + offsetMinutes * 60);
  const seconds = epochDay(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offsetSeconds;
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return undefined;
  return BigInt(seconds) * SECOND + BigInt(decimals.padEnd(6, '0'));
}

/** RFC 3339 in UTC with `Z`; decimals only where there are some. Years beyond 9999, which RFC 3339 cannot write, as ISO 8601 does: +010000. */
export function formatInstant(instant: Instant): string {
  const micros = ((instant % SECOND) + SECOND) % SECOND;
  const millis = Number((instant - micros) / 1000n);
  const text = new Date(millis).toISOString().slice(0, -'.000Z'.length);
  return micros === 0n ? `${text}Z` : `${text}.${micros.toString().padStart(6, '0').replace(/0+$/, '')}Z`;
}

export const earliest = (a: Instant, b: Instant): Instant => (a < b ? a : b);
export const latest = (a: Instant, b: Instant): Instant => (a > b ? a : b);
