import { Temporal } from 'temporal-polyfill';
import { formatInstant, type Instant, parseInstant } from '../domain/instant.js';

/** A calendar month in UTC, as `2024-12`: events are partitioned by it. Sorts by time. */
export type Month = string;

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

export const isMonth = (text: string): boolean => MONTH.test(text);

export const monthOf = (at: Instant): Month => formatInstant(at).slice(0, 7);

export const monthStart = (month: Month): Instant => parseInstant(`${month}-01T00:00:00Z`);

export const monthsLater = (month: Month, months: number): Month => Temporal.PlainYearMonth.from(month).add({ months }).toString();

export const monthEnd = (month: Month): Instant => monthStart(monthsLater(month, 1));

/** The months that instants lie in; most lie in one, and calendars are slow. */
export function monthsOf(instants: Iterable<Instant>): Month[] {
  const found: { readonly month: Month; readonly start: Instant; readonly end: Instant }[] = [];
  for (const at of instants) {
    if (found.some(({ start, end }) => start <= at && at < end)) continue;
    const month = monthOf(at);
    found.push({ month, start: monthStart(month), end: monthEnd(month) });
  }
  return found.map(({ month }) => month);
}

/** The table of a month's events. */
export const partitionOf = (month: Month): string => `usage_event_${month.replace('-', '_')}`;
