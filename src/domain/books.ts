import { DAY, type Instant, parseInstant } from './instant.js';

/*
 * The time of the books: days and months of UTC. A day is the number of days since 1970-01-01; a month is written 2026-01.
 */

const MICROSECOND = 1n;

/** The day that an instant lies in. */
export const bookDay = (at: Instant): number => Number(at / DAY) - (at % DAY < 0n ? 1 : 0);

/** The last instant of a day: where the books note what belongs to it. */
export const lastInstantOf = (day: number): Instant => BigInt(day + 1) * DAY - MICROSECOND;

/** The last day that is over when that instant, too, has passed. */
export const lastDayOver = (at: Instant): number => bookDay(at + MICROSECOND) - 1;

export const monthOf = (at: Instant): string => new Date(Number(at / 1000n)).toISOString().slice(0, 7);

/** The first instant of a month. */
export const startOfMonth = (month: string): Instant => parseInstant(`${month}-01T00:00:00Z`);

/** The month after, or `count` months after. */
export function monthAfter(month: string, count = 1): string {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + count;
  return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`;
}

/** All months from the first to the last, both included; none where the last comes before. */
export function monthsBetween(first: string, last: string): string[] {
  const months: string[] = [];
  for (let month = first; month <= last; month = monthAfter(month)) months.push(month);
  return months;
}
