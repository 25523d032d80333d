import type { Instant } from '../instant.js';
import type { Fact, SubscriptionHistory } from './facts.js';
import { endOf, isPausedAt, pausesOf } from './lifecycle.js';

/** What was charged in advance for the time after a holding's end and is not given back. */
export interface KeptRest {
  /** Of charges that fell due up to here, included; null: of all. */
  readonly dueBy: Instant | null;
  /** Kept up to this instant; null: to the period's end. */
  readonly to: Instant | null;
}

/**
 * What a fact that leaves a holding keeps of what was charged for the rest; the first entry that a charge fits holds for it. Nothing with
 * `prorate`, nor where the subscription was paused: then nothing was charged. What falls due after an end became known is charged up to
 * that end only, whatever its proration. And nobody keeps more than was charged under an end that was known before.
 */
export function keptRest(history: SubscriptionHistory, left: Fact): readonly KeptRest[] {
  if (!('proration' in left) || left.proration !== 'none' || wasPaused(history, left)) return [];
  const earlier = before(history, left);
  const known = endOf(earlier);
  const dueBy = left.kind === 'ended' ? left.recordedAt : null;
  return known ? [...keptRest(earlier, known), { dueBy, to: known.effectiveAt }] : [{ dueBy, to: null }];
}

/** Up to where a charge that fell due at `dueAt` for a period is kept; null where it ends with the holding. */
export function keptTo(kept: readonly KeptRest[], { dueAt, periodEnd }: { dueAt: Instant; periodEnd: Instant }): Instant | null {
  const fits = kept.find(({ dueBy }) => dueBy === null || dueAt <= dueBy);
  if (!fits) return null;
  return fits.to === null || fits.to > periodEnd ? periodEnd : fits.to;
}

/** Whether a pause was on when the fact took effect: at one instant facts take effect in their order. */
function wasPaused(history: SubscriptionHistory, left: Fact): boolean {
  const until = before(history, left, (fact) => fact.effectiveAt < left.effectiveAt);
  return isPausedAt(pausesOf(until), left.effectiveAt);
}

/** The history without what was recorded after the fact, unless it is wanted all the same. What is withdrawn by now never was. */
function before(history: SubscriptionHistory, left: Fact, isWanted: (fact: Fact) => boolean = () => false): SubscriptionHistory {
  const isOwn = history.facts.includes(left);
  const facts = history.facts.filter(
    (fact) =>
      fact.kind === 'started' ||
      fact.kind === 'withdrawn' ||
      (isOwn ? fact.seq < left.seq : fact.recordedAt <= left.recordedAt) ||
      isWanted(fact),
  );
  return { ...history, facts, ...(history.parent && { parent: before(history.parent, left, isWanted) }) };
}
