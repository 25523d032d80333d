import type { Interval } from '../../catalog.js';
import { sameInterval } from '../../period.js';
import { Refusal } from '../../refusal.js';
import type { Fact, SubscriptionHistory } from '../facts.js';
import { type Holding, holdings } from '../history.js';
import type { ChangeContext } from './context.js';
import { changesFrom, overlap } from './meter-clash.js';

/**
 * An add-on has the periods of its subscription, also one that is still to begin: from the first instant at which the new facts change what is
 * held, both have one interval.
 * @throws Refusal `add_ons_share_interval`, `add_on_refused`
 */
export function refuseOtherIntervals(facts: readonly Fact[], { history, versions, addOns }: ChangeContext): void {
  const from = changesFrom(facts, history);
  if (from === undefined) return;
  const after: SubscriptionHistory = { ...history, facts: [...history.facts, ...facts] };
  const heldSince = (one: SubscriptionHistory): Holding[] => holdings(one, versions).filter(({ to }) => to === null || to > from);
  const differ = (addOn: SubscriptionHistory, shared: readonly Holding[]): boolean =>
    heldSince(addOn).some((own) => shared.some((other) => overlap(own, other) && !sameInterval(intervalOf(own), intervalOf(other))));
  if (history.parent && differ(after, heldSince(history.parent)))
    throw new Refusal(
      'conflict',
      'add_on_refused',
      'An add-on has the periods of its subscription, and that one has another interval by then.',
    );
  const held = heldSince(after);
  const differing = addOns.filter((addOn) => differ({ ...addOn, parent: after }, held));
  if (differing.length > 0)
    throw new Refusal(
      'conflict',
      'add_ons_share_interval',
      `The add-ons ${differing.map(({ id }) => id).join(', ')} share the subscription's periods: cancel them before its interval changes.`,
    );
}

const intervalOf = ({ plan }: Holding): Interval => plan.interval;
