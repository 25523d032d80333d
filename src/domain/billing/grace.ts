import type { Duration } from '../catalog.js';
import { earliest, HOUR, type Instant } from '../instant.js';
import { UNIT_MICROS } from '../metering/meter-event.js';
import type { FieldProblem } from '../refusal.js';
import type { Line } from './line.js';

const GRACE_MAX = 72n * HOUR;

/** A grace in microseconds. */
export const graceMicros = ({ unit, count }: Duration): bigint => BigInt(count) * UNIT_MICROS[unit];

/** What is wrong with a grace: one of more than 72 hours would keep invoices from being sent. */
export function graceProblems(grace: Duration | null): FieldProblem[] {
  if (grace === null || graceMicros(grace) <= GRACE_MAX) return [];
  return [{ pointer: '/usageGrace', code: 'grace_too_long', detail: 'Must be at most 72 hours.' }];
}

/** What waits for usage that comes late. */
export interface Held {
  /** What fell due before it is billed all the same. */
  readonly from: Instant;
  /** When the first of it waits no longer. */
  readonly until: Instant;
}

/**
 * What of a bill is held at an instant of the clock: all that fell due at the end of the first metered piece whose grace, in microseconds,
 * is not over, and later. `undefined` where nothing is. Corrections of earlier lines never hold anything: their period was billed.
 */
export function heldAt(lines: readonly Line[], grace: bigint, now: Instant): Held | undefined {
  const waiting = lines.filter(
    ({ kind, adjusts, servicePeriod }) => kind === 'metered' && adjusts === null && servicePeriod.end + grace > now,
  );
  const [first, ...rest] = waiting.map(({ servicePeriod }) => servicePeriod.end);
  if (first === undefined) return undefined;
  const from = rest.reduce(earliest, first);
  return { from, until: from + grace };
}

/** Whether something is charged, by a subscription, that fell due before an instant; credits and corrections go with the next invoice. */
export const chargesBefore = (lines: readonly Line[], at: Instant): boolean =>
  lines.some(({ adjusts, subscription, dueAt }) => adjusts === null && subscription !== null && dueAt < at);
