import type { PlanVersion } from '../../catalog.js';
import { formatInstant, type Instant, latest } from '../../instant.js';
import { Refusal } from '../../refusal.js';
import type { Fact, SubscriptionHistory } from '../facts.js';
import { currentPeriod, type Holding, holdingAt, holdings } from '../history.js';
import { endOf, startOf } from '../lifecycle.js';

/** When a change takes effect. */
export type When = 'now' | 'period_end' | Instant;

/** What a decision about a subscription depends on. */
export interface ChangeContext {
  readonly history: SubscriptionHistory;
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly now: Instant;
  /** Whether a change may take effect before the current period's start (scope `subscriptions:backdate`). */
  readonly mayBackdate: boolean;
  /** What the account holds by its other subscriptions. */
  readonly heldElsewhere: readonly Holding[];
  /** The subscription's own add-ons that have not ended. */
  readonly addOns: readonly SubscriptionHistory[];
}

/** The position, and the time of recording, of the next facts. */
export function stamp(
  { history, now }: Pick<ChangeContext, 'history' | 'now'>,
  offset = 0,
): { readonly seq: number; readonly recordedAt: Instant } {
  return { seq: Math.max(...history.facts.map((fact: Fact) => fact.seq)) + 1 + offset, recordedAt: now };
}

/**
 * Resolves "now", "period_end" and a given instant; a subscription that has not begun changes at its start at the earliest.
 * @throws Refusal `backdated_too_far`
 */
export function effectiveInstant(
  when: When,
  { history, versions, now, mayBackdate }: Pick<ChangeContext, 'history' | 'versions' | 'now' | 'mayBackdate'>,
): Instant {
  const started = startOf(history);
  const at = latest(now, started.effectiveAt);
  if (when === 'now') return at;
  const held = holdings(history, versions);
  const period = currentPeriod(held, at);
  if (!period) return at;
  if (when === 'period_end') return now < started.effectiveAt ? started.effectiveAt : period.end;
  const floor = mayBackdate ? started.effectiveAt : period.start;
  if (when < floor)
    throw new Refusal(
      'unprocessable',
      'backdated_too_far',
      `A change can take effect from ${formatInstant(floor)} on${mayBackdate ? '' : '; the scope subscriptions:backdate allows earlier ones'}.`,
    );
  return when;
}

/** @throws Refusal `change_after_end` */
export function refuseAfterEnd(history: SubscriptionHistory, effectiveAt: Instant): void {
  const end = endOf(history);
  if (end !== undefined && end.effectiveAt <= effectiveAt)
    throw new Refusal(
      'conflict',
      'change_after_end',
      `The subscription ends at ${formatInstant(end.effectiveAt)}: choose an earlier instant, or uncancel it first.`,
    );
}

/** What the subscription holds at the instant. */
export function heldAt({ history, versions }: Pick<ChangeContext, 'history' | 'versions'>, at: Instant): Holding {
  const holding = holdingAt(holdings(history, versions), at);
  if (!holding) throw new RangeError(`subscription ${history.id} holds nothing`);
  return holding;
}
