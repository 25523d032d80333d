import { bookDay, lastDayOver } from './books.js';
import { type Exact, ratio, roundHalfAwayFromZero } from './decimal.js';
import { type Instant, type Stretch } from './instant.js';
import type { Line } from './billing/line.js';
import { taxBase } from './billing/tax.js';
import { localDay } from './period.js';

/**
 * When the net amount of a line is revenue: `at_once` when it is billed (one-time prices, and what was
 * added by hand without a service period); `at_service_end` when its service ended before it was billed (usage, prices in arrears); `daily`
 * in equal parts over the days of its service (what is paid in advance).
 */
export type RecognitionMethod = 'at_once' | 'at_service_end' | 'daily';

/** The revenue of a line. Amount in minor units, without discounts and taxes; below zero for a credit. */
export interface RevenueLine {
  readonly method: RecognitionMethod;
  readonly amountMinor: bigint;
  /** The first day that it is spread over; the only one where it is not spread. */
  readonly firstDay: number;
  /** From 1. */
  readonly days: number;
}

/** A line that is spread over days, as billed on a day. */
export interface Deferral extends Pick<RevenueLine, 'amountMinor' | 'firstDay' | 'days'> {
  /** Nothing is recognized before it: what should have been is made up for on that day. */
  readonly issueDay: number;
}

export interface BilledRevenue {
  readonly lines: readonly Line[];
  /** The invoice's total without tax, which the amounts add up to. */
  readonly netMinor: bigint;
  readonly issuedAt: Instant;
  /** Of the account: service runs by its calendar. */
  readonly timeZone: string;
}

/** How the lines of an invoice become revenue, in their order. The amounts add up to its net total. */
export function revenueLines({ lines, netMinor, issuedAt, timeZone }: BilledRevenue): RevenueLine[] {
  const amounts = roundedTo(netMinor, lines.map(taxBase));
  return lines.map((line, i) => ({ amountMinor: amounts[i] ?? 0n, ...recognitionOf(line, issuedAt, timeZone) }));
}

/** Dates are those of the account's calendar: a month of service is a month of the books, wherever the account lives. */
function recognitionOf(
  { kind, servicePeriod, subscription }: Pick<Line, 'kind' | 'servicePeriod' | 'subscription'>,
  issuedAt: Instant,
  timeZone: string,
): Omit<RevenueLine, 'amountMinor'> {
  if (kind === 'one_time' || (subscription === null && servicePeriod.start === servicePeriod.end))
    return { method: 'at_once', firstDay: bookDay(issuedAt), days: 1 };
  if (servicePeriod.end <= issuedAt) return { method: 'at_service_end', firstDay: lastDateOf(servicePeriod, timeZone), days: 1 };
  const firstDay = Number(localDay(servicePeriod.start, timeZone));
  return { method: 'daily', firstDay, days: Math.max(Number(localDay(servicePeriod.end, timeZone)) - firstDay, 1) };
}

const lastDateOf = ({ start, end }: Stretch, timeZone: string): number => Number(localDay(end > start ? end - 1n : end, timeZone));

/**
 * Exact amounts as whole minor units that add up to a total close to their sum: each is rounded, halves away from zero, and what is left goes
 * unit by unit to those that lost most by it; of equals to the earlier one.
 */
export function roundedTo(totalMinor: bigint, exact: readonly Exact[]): bigint[] {
  const rounded = exact.map(roundHalfAwayFromZero);
  const left = totalMinor - rounded.reduce((sum, amount) => sum + amount, 0n);
  if (left === 0n) return rounded;
  const [sign, count] = left > 0n ? ([1n, left] as const) : ([-1n, -left] as const);
  const lost = exact.map((amount, i) => amount.sub(ratio(rounded[i] ?? 0n, 1n)).mul(sign));
  const order = exact.map((_amount, i) => i).sort((a, b) => (lost[b] ?? ratio(0n, 1n)).compare(lost[a] ?? ratio(0n, 1n)) || a - b);
  for (let given = 0n; given < count; given += 1n) {
    const index = order[Number(given % BigInt(order.length))] ?? 0;
    rounded[index] = (rounded[index] ?? 0n) + sign;
  }
  return rounded;
}

/**
 * What is recognized once a day is over: the share of the days that have passed, rounded from the beginning, halves away from zero, so that the
 * days add up to the amount.
 */
export function recognizedMinor({ amountMinor, issueDay, firstDay, days }: Deferral, throughDay: number): bigint {
  const passed = Math.min(throughDay - firstDay + 1, days);
  if (throughDay < issueDay || passed <= 0) return 0n;
  return roundHalfAwayFromZero(ratio(amountMinor * BigInt(passed), BigInt(days)));
}

/** What of the lines billed by then is not recognized yet. */
export function deferredMinor(lines: readonly (Deferral & { readonly issuedAt: Instant })[], asOf: Instant): bigint {
  const throughDay = lastDayOver(asOf);
  return lines
    .filter((line) => line.issuedAt <= asOf)
    .reduce((sum, line) => sum + line.amountMinor - recognizedMinor(line, throughDay), 0n);
}
