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
 * @throws Refusal `add_ons_share_interval`
 */
export function refuseOtherIntervals(facts: readonly Fact[], { history, versions, addOns }: ChangeContext): void {
  const from = changesFrom(facts, history);
  if (from === undefined) return;
  const after: SubscriptionHistory = { ...history, facts: [...history.facts, ...facts] };
  const held = holdings(after, versions).filter(({ to }) => to === null || to > from);
  const differing = addOns.filter((addOn) =>
    holdings({ ...addOn, parent: after }, versions).some((own) =>
      held.some((shared) => overlap(own, shared) && !sameInterval(intervalOf(own), intervalOf(shared))),
    ),
  );
  if (differing.length > 0)
    throw new Refusal(
      'conflict',
      'add_ons_share_interval',
      `The add-ons ${differing.map(({ id }) => id).join(', ')} share the subscription's periods: cancel them before its interval changes.`,
    );
}

const intervalOf = ({ plan }: Holding): Interval => plan.interval;
