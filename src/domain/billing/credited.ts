import { larger, smaller } from '../bounds.js';
import { ratio, roundHalfAwayFromZero } from '../decimal.js';
import { type BilledLine, creditNotedOf } from './line.js';

export interface Uncovered {
  readonly line: BilledLine;
  /** How much of the line's time is taken back, earlier credits included, of how much: in one unit. */
  readonly uncovered: bigint;
  readonly whole: bigint;
  /** What earlier credits took back, in minor units. */
  readonly creditedBefore: bigint;
}

/**
 * All that is ever taken back of a line, in minor units: one share of it, rounded once, halves away from zero. Never more than its amount less
 * credit notes, and never less than was taken back before.
 */
export function creditedInAll({ line, uncovered, whole, creditedBefore }: Uncovered): bigint {
  const share = roundHalfAwayFromZero(ratio(line.amountMinor * uncovered, whole));
  return larger(smaller(share, line.amountMinor - creditNotedOf(line)), creditedBefore);
}
