import type { PlanVersion } from '../../../src/domain/catalog.js';
import type { Instant } from '../../../src/domain/instant.js';
import { sameInterval } from '../../../src/domain/period.js';
import type { Alignment, Quantities } from '../../../src/domain/subscription/facts.js';

/** Another plan, or another quantity, from an instant on. */
export type Change =
  | { readonly at: Instant; readonly plan: PlanVersion; readonly quantities: Quantities | null; readonly reset: boolean }
  | { readonly at: Instant; readonly price: string; readonly quantity: string };

export interface Toggle {
  readonly at: Instant;
  readonly paused: boolean;
}

/** One subscription as a naive bookkeeper writes it down: what was accepted and not taken back, in the order of acceptance. */
export interface Life {
  readonly id: string;
  readonly parent: Life | null;
  readonly zone: string;
  readonly alignment: Alignment;
  readonly start: Instant;
  readonly plan: PlanVersion;
  readonly quantities: Quantities;
  trialEnd: Instant | null;
  changes: Change[];
  toggles: Toggle[];
  ends: Instant[];
}

/** Anything accepted, with the instant at which it takes effect. */
export type Accepted =
  | { readonly do: 'change-plan'; readonly plan: PlanVersion; readonly quantities: Quantities | null; readonly reset: boolean }
  | { readonly do: 'change-quantity'; readonly price: string; readonly quantity: string }
  | { readonly do: 'cancel' | 'uncancel' | 'resume' | 'discard-scheduled' }
  | { readonly do: 'pause'; readonly resumesAt: Instant | null }
  | { readonly do: 'extend-trial'; readonly to: Instant };

/** Writes an accepted action down. */
export function record(life: Life, accepted: Accepted, at: Instant, now: Instant): void {
  const isPending = (item: { readonly at: Instant }): boolean => item.at > now;
  switch (accepted.do) {
    case 'change-plan': {
      const { plan, quantities, reset } = accepted;
      life.changes = life.changes.filter((change) => !('plan' in change && isPending(change) && change.at >= at));
      life.changes.push({ at, plan, quantities, reset });
      return;
    }
    case 'change-quantity':
      life.changes.push({ at, price: accepted.price, quantity: accepted.quantity });
      return;
    case 'cancel':
      life.ends.push(at);
      return;
    case 'uncancel':
      life.ends = life.ends.filter((end) => end <= now);
      return;
    case 'pause':
      life.toggles.push({ at, paused: true });
      if (accepted.resumesAt !== null) life.toggles.push({ at: accepted.resumesAt, paused: false });
      return;
    case 'resume': {
      const later = inOrder(life.toggles).filter((toggle) => toggle.at > at);
      const planned = later.find((toggle) => !toggle.paused);
      const next = later.find((toggle) => toggle.paused);
      const endsThisPause = planned !== undefined && (next === undefined || planned.at <= next.at);
      if (endsThisPause) life.toggles = life.toggles.filter((toggle) => toggle !== planned);
      life.toggles.push({ at, paused: false });
      return;
    }
    case 'extend-trial':
      life.trialEnd = accepted.to;
      return;
    case 'discard-scheduled': {
      const endOfPause = isTurnedOff(life, now) ? inOrder(life.toggles).find((toggle) => isPending(toggle) && !toggle.paused) : undefined;
      life.changes = life.changes.filter((change) => !isPending(change));
      life.toggles = life.toggles.filter((toggle) => !isPending(toggle) || toggle === endOfPause);
    }
  }
}

export interface Terms {
  readonly plan: PlanVersion;
  readonly quantities: Quantities;
  /** The last change that began a new period. */
  readonly resetAt: Instant | null;
}

/** What is held at the instant, apart from whether it is charged. */
export function termsAt(life: Life, at: Instant): Terms {
  let { plan, quantities } = life;
  let resetAt: Instant | null = null;
  for (const change of inOrder(life.changes)) {
    if (change.at > at) break;
    if ('price' in change) {
      quantities = { ...quantities, [change.price]: change.quantity };
      continue;
    }
    if (change.reset || !sameInterval(plan.interval, change.plan.interval)) resetAt = change.at;
    const kept = Object.entries(quantities).filter(([key]) => change.plan.prices.some((price) => price.key === key));
    quantities = change.quantities ?? Object.fromEntries(kept);
    plan = change.plan;
  }
  return { plan, quantities, resetAt };
}

/** When the trial ends that the subscription, or the one that it was added to in its trial, is in. */
export function trialEndOf(life: Life): Instant | null {
  if (!life.parent) return life.trialEnd;
  const end = trialEndOf(life.parent);
  return end !== null && life.start < end ? end : null;
}

/** When it ends, as far as is known: with its parent at the latest. */
export function endOf({ ends, parent }: Life): Instant | null {
  const all = [...ends, ...(parent?.ends ?? [])];
  return all.length === 0 ? null : all.reduce((least, end) => (end < least ? end : least));
}

export type State = 'scheduled' | 'trialing' | 'active' | 'paused' | 'canceled';

/** The state at the instant, as far as is known. */
export function stateAt(life: Life, at: Instant): State {
  const [end, trialEnd] = [endOf(life), trialEndOf(life)];
  if (end !== null && at >= end) return 'canceled';
  if (at < life.start) return 'scheduled';
  if (trialEnd !== null && at < trialEnd) return 'trialing';
  return isTurnedOff(life, at) || (life.parent && isTurnedOff(life.parent, at)) ? 'paused' : 'active';
}

const isTurnedOff = ({ toggles }: Life, at: Instant): boolean => inOrder(toggles).findLast((toggle) => toggle.at <= at)?.paused ?? false;

/** By instant; at one instant in the order of acceptance. */
export const inOrder = <Item extends { readonly at: Instant }>(items: readonly Item[]): Item[] =>
  [...items].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
