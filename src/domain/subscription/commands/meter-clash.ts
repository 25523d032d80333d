import type { MeteredPrice, PlanVersion } from '../../catalog.js';
import { earliest, type Instant, latest } from '../../instant.js';
import { disjoint } from '../../metering/filter.js';
import { Refusal } from '../../refusal.js';
import type { Fact, SubscriptionHistory } from '../facts.js';
import { type Holding, holdings } from '../history.js';
import type { ChangeContext } from './context.js';

interface Span {
  readonly from: Instant;
  readonly to: Instant | null;
}

/**
 * At any instant one live subscription of an account may price a meter, or disjoint filters of it: from the first instant at which the new
 * facts change what is held, by the subscription itself and by its add-ons. What lies before that instant is no matter of theirs.
 * @throws Refusal `meter_already_priced`
 */
export function refuseMeterClashes(facts: readonly Fact[], { history, versions, heldElsewhere, addOns }: ChangeContext): void {
  const from = changesFrom(facts, history);
  if (from === undefined) return;
  const after: SubscriptionHistory = { ...history, facts: [...history.facts, ...facts] };
  const own = new Set(addOns.map(({ id }) => id));
  const held = heldElsewhere.filter(({ subscription }) => !own.has(subscription));
  for (const moved of [after, ...addOns.map((addOn) => ({ ...addOn, parent: after }))]) {
    const stretches = holdings(moved, versions);
    refuseHeldTwice(stretches, from, held);
    held.push(...stretches);
  }
}

/** As above, for what a subscription that starts will hold. @throws Refusal `meter_already_priced` */
export function refuseHeldTwice(stretches: readonly Holding[], from: Instant, held: readonly Holding[]): void {
  for (const { plan, from: since, to } of stretches)
    if (to === null || to > from) refuseMeterClash(plan, { from: latest(since, from), to }, held);
}

/** The first instant at which new facts change what is held. What is withdrawn does so from the instant at which it would have taken effect. */
export function changesFrom(facts: readonly Fact[], { facts: known }: SubscriptionHistory): Instant | undefined {
  const told = facts.flatMap((fact) => (fact.kind === 'withdrawn' ? known.filter(({ seq }) => fact.seqs.includes(seq)) : [fact]));
  const [first, ...rest] = told.map(({ effectiveAt }) => effectiveAt);
  return first === undefined ? undefined : rest.reduce(earliest, first);
}

function refuseMeterClash(plan: PlanVersion, span: Span, held: readonly Holding[]): void {
  for (const holding of held.filter((other) => overlap(span, other))) {
    for (const price of meteredOf(plan)) {
      const clash = meteredOf(holding.plan).find((other) => other.meter === price.meter && !disjoint(other.filter, price.filter));
      if (clash)
        throw new Refusal(
          'conflict',
          'meter_already_priced',
          `Subscription ${holding.subscription} charges the meter "${price.meter}" already (price "${clash.key}"): end it first, or give the prices filters that exclude each other.`,
        );
    }
  }
}

export const overlap = (a: Span, b: Span): boolean => (a.to === null || b.from < a.to) && (b.to === null || a.from < b.to);
const meteredOf = ({ prices }: PlanVersion): MeteredPrice[] => prices.filter((price) => price.kind === 'metered');
