import { DAY, formatInstant, type Instant, latest } from '../../instant.js';
import { Refusal, refuseAll } from '../../refusal.js';
import type { Fact } from '../facts.js';
import { startOf, trialEndOf } from '../lifecycle.js';
import { type ChangeContext, stamp } from './context.js';
import { refuseByState } from './transitions.js';

export interface ExtendTrialCommand {
  readonly trialEndsAt: Instant;
}

const TRIAL_MAX = 3660n * DAY;

/**
 * The fact that a trial ends at another instant: later, or earlier, but not in the past.
 * @throws Refusal `subscription_canceled`, `not_in_trial`, `add_on_refused`, `invalid_request`
 */
export function decideExtendTrial({ trialEndsAt }: ExtendTrialCommand, context: ChangeContext): Fact[] {
  const { history, now } = context;
  refuseByState('extend-trial', history, now);
  if (history.parent) throw new Refusal('conflict', 'add_on_refused', "An add-on is in its subscription's trial: extend that one.");
  if (trialEndOf(history) === null)
    throw new Refusal('conflict', 'not_in_trial', 'The subscription has no trial: there is none to extend.');
  const { effectiveAt: startsAt } = startOf(history);
  const [floor, ceiling] = [latest(now, startsAt), startsAt + TRIAL_MAX];
  if (trialEndsAt < floor || trialEndsAt > ceiling)
    refuseAll([
      {
        pointer: '/trialEndsAt',
        code: 'out_of_bounds',
        detail: `A trial ends from ${formatInstant(floor)} to ${formatInstant(ceiling)}.`,
      },
    ]);
  return [{ kind: 'trial_moved', ...stamp(context), effectiveAt: now, trialEndsAt }];
}
