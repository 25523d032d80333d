import type { RecurringPrice } from '../../../src/domain/catalog.js';
import { type Exact, exact } from '../../../src/domain/decimal.js';
import type { Instant, Stretch } from '../../../src/domain/instant.js';
import { calendarAnchor, periodContaining } from '../../../src/domain/period.js';
import type { ProrationRule } from '../../../src/domain/proration.js';
import { rateRecurring } from '../../../src/domain/rating/rate.js';
import { endOf, type Life, type State, stateAt, type Terms, termsAt, trialEndOf } from './life.js';

/** A stretch in which nothing changes and no period begins. */
export interface Piece extends Stretch {
  readonly state: State;
  readonly terms: Terms;
  /** In full, though it may be cut. */
  readonly period: Stretch;
  readonly rule: ProrationRule;
}

/** The whole billing period that the instant lies in: an add-on's is its parent's. */
export function periodAt(life: Life, at: Instant): Stretch {
  if (life.parent) return periodAt(life.parent, at);
  const { alignment, zone: timeZone, start } = life;
  const { plan, resetAt } = termsAt(life, at);
  const chargesFrom = life.trialEnd ?? start;
  const reset = resetAt !== null && resetAt >= chargesFrom ? resetAt : null;
  const anchorAt =
    alignment === 'calendar' ? calendarAnchor({ at: reset ?? start, timeZone, interval: plan.interval }) : (reset ?? chargesFrom);
  return periodContaining({ anchorAt, timeZone, interval: plan.interval }, at);
}

/** What "the period's end" means to somebody who asks now. */
export function periodEndAt(life: Life, now: Instant): Instant {
  if (now < life.start) return life.start;
  const trialEnd = trialEndOf(life);
  if (trialEnd !== null && now < trialEnd) return trialEnd;
  const { end } = periodAt(life, now);
  const { resetAt } = termsAt(life.parent ?? life, now);
  const resets = cutsOf(life).filter((cut) => cut > now && cut < end && termsAt(life.parent ?? life, cut).resetAt !== resetAt);
  const known = endOf(life);
  return [...resets, ...(known === null ? [] : [known])].reduce((least, cut) => (cut < least ? cut : least), end);
}

/** Everything from the start up to the instant, piece by piece. */
export function piecesOf(life: Life, until: Instant): Piece[] {
  const cuts = cutsOf(life);
  const found: Piece[] = [];
  for (let at = life.start; at < until;) {
    const piece = pieceAt(life, at);
    const end = [...cuts.filter((cut) => cut > at), until].reduce((least, cut) => (cut < least ? cut : least), piece.period.end);
    found.push({ ...piece, end });
    at = end;
  }
  return found;
}

/** The piece that begins at the instant, open at its end. */
export function pieceAt(life: Life, at: Instant): Piece {
  const terms = termsAt(life, at);
  const period = periodAt(life, at);
  const rule = { basis: terms.plan.prorationBasis, timeZone: life.zone };
  return { start: at, end: period.end, state: stateAt(life, at), terms, period, rule };
}

/** The recurring prices of a piece, each with what a whole period of it costs. */
export const pricesOf = ({ terms: { plan, quantities } }: Piece): { price: RecurringPrice; amount: Exact }[] =>
  plan.prices.flatMap((price) =>
    price.kind === 'recurring' ? [{ price, amount: rateRecurring(price, exact(quantities[price.key] ?? '1')).amount }] : [],
  );

/** Every instant at which something changes, apart from periods. */
function cutsOf(life: Life): Instant[] {
  const trialEnd = trialEndOf(life);
  const own = [
    ...life.changes.map(({ at }) => at),
    ...life.toggles.map(({ at }) => at),
    ...life.ends,
    ...(trialEnd === null ? [] : [trialEnd]),
  ];
  return [...own, ...(life.parent ? cutsOf(life.parent) : [])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
