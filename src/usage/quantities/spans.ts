import { HOUR, type Instant, MINUTE } from '../../domain/instant.js';

/** A stretch within an hour whose parts are read one by one, and added to what the hours say, or taken off it. */
export interface Edge {
  readonly start: Instant;
  readonly end: Instant;
  readonly sign: 1 | -1;
}

/** A range as whole hours from `hourFrom` to `hourTo`, and edges. */
export interface Span {
  readonly hourFrom: Instant;
  readonly hourTo: Instant;
  readonly front: Edge | undefined;
  readonly back: Edge | undefined;
}

export const hourOf = (at: Instant): Instant => at - (((at % HOUR) + HOUR) % HOUR);

const nextHour = (at: Instant): Instant => (hourOf(at) === at ? at : hourOf(at) + HOUR);

/**
 * Takes [from, to) apart. What can be taken off again is counted from the nearest full hour, so that never more than half an hour at each
 * end is read one by one; what cannot (a maximum) from the hours that lie in the range.
 */
export function spanOf(from: Instant, to: Instant, subtracts: boolean): Span {
  if (!subtracts && nextHour(from) > hourOf(to))
    return { hourFrom: from, hourTo: from, front: { start: from, end: to, sign: 1 }, back: undefined };
  const [hourFrom, hourTo] = [subtracts ? nearestHour(from) : nextHour(from), subtracts ? nearestHour(to) : hourOf(to)];
  return { hourFrom, hourTo, front: edge(from, hourFrom), back: edge(hourTo, to) };
}

const nearestHour = (at: Instant): Instant => hourOf(at + 30n * MINUTE);

/** What lies between the two: to be added where it comes in this order, to be taken off in the other. */
function edge(start: Instant, end: Instant): Edge | undefined {
  if (start === end) return undefined;
  return start < end ? { start, end, sign: 1 } : { start: end, end: start, sign: -1 };
}
