import { type Exact, exactText, ratio } from '../decimal.js';
import { SECOND, type Stretch } from '../instant.js';
import { measure, type ProrationRule, share } from '../proration.js';

/** How a part of a period was shared out: `part` of `whole` seconds or local days. */
export interface SharedOut {
  readonly basis: 'second' | 'day';
  readonly timeZone: string;
  readonly period: Stretch;
  readonly part: string;
  readonly whole: string;
  /** The fraction "n/d". */
  readonly share: string;
}

export function sharedOut(piece: Stretch, period: Stretch, rule: ProrationRule): SharedOut {
  const basis = measure(period, rule) === 0n ? 'second' : rule.basis; // a period of no days is shared out by time
  const length = (stretch: Stretch): string => exactText(lengthOf(stretch, { ...rule, basis }));
  return {
    basis,
    timeZone: rule.timeZone,
    period,
    part: length(piece),
    whole: length(period),
    share: share(piece, period, rule).toFraction(),
  };
}

const lengthOf = (stretch: Stretch, rule: ProrationRule): Exact => ratio(measure(stretch, rule), rule.basis === 'second' ? SECOND : 1n);
