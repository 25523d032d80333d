import type { RevenueLine } from './revenue.js';

/*
 * What becomes of the revenue of a line that was billed when its invoice is credited or void. The line itself stays; another one below zero
 * stands against it. Days are those of the books.
 */

/** When a line that was billed is recognized. */
export type RecognitionSchedule = Pick<RevenueLine, 'method' | 'firstDay' | 'days'>;

/** Whether all of its service lies before the day. */
const isOver = ({ firstDay, days }: RecognitionSchedule, day: number): boolean => firstDay + days <= day;

/**
 * Revenue that a credit note takes back on a day, in minor units from 0. What is still deferred, and the share of the days that are over, go by
 * the days of the line: once that day is over the two are recognized side by side. All else was earned, and is revenue less at once: a lower
 * price of a service that was rendered counts when it was lowered (IFRS 15.88, ASC 606-10-32-43).
 */
export function creditedRevenue(line: RecognitionSchedule, amountMinor: bigint, day: number): RevenueLine {
  if (line.method === 'daily' && !isOver(line, day)) return { ...daysOf(line), method: 'daily', amountMinor: -amountMinor };
  return { method: 'at_once', amountMinor: -amountMinor, firstDay: day, days: 1 };
}

/**
 * All revenue of a line whose invoice is void from a day on, as it would be recognized if it were billed on that day: where the line is billed
 * again, the two come to the same days. So what was earned is taken back where it was earned, not where the invoice was voided.
 */
export function voidedRevenue(line: RevenueLine, day: number): RevenueLine {
  const amountMinor = -line.amountMinor;
  if (line.method === 'at_once') return { method: 'at_once', amountMinor, firstDay: day, days: 1 };
  if (line.method === 'at_service_end') return { ...daysOf(line), method: 'at_service_end', amountMinor };
  if (!isOver(line, day)) return { ...daysOf(line), method: 'daily', amountMinor };
  return { method: 'at_service_end', amountMinor, firstDay: line.firstDay + line.days - 1, days: 1 };
}

const daysOf = ({ firstDay, days }: RecognitionSchedule): Pick<RevenueLine, 'firstDay' | 'days'> => ({ firstDay, days });
