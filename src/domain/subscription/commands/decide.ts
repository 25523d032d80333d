import type { Fact } from '../facts.js';
import { versionKey } from '../history.js';
import { type CancelCommand, decideCancel, decideDiscardScheduled, decideUncancel } from './cancel.js';
import { type ChangePlanCommand, decideChangePlan } from './change-plan.js';
import { type ChangeQuantityCommand, decideChangeQuantity } from './change-quantity.js';
import type { ChangeContext } from './context.js';
import { decideExtendTrial, type ExtendTrialCommand } from './extend-trial.js';
import { refuseMeterClashes } from './meter-clash.js';
import { refuseOtherIntervals } from './shared-interval.js';
import { decidePause, decideResume, type PauseCommand, type ResumeCommand } from './pause.js';
import type { ActionName } from './transitions.js';

/** What can be done to a subscription that exists. */
export type Action =
  | ({ readonly action: 'change-plan' } & ChangePlanCommand)
  | ({ readonly action: 'change-quantity' } & ChangeQuantityCommand)
  | ({ readonly action: 'cancel' } & CancelCommand)
  | { readonly action: 'uncancel' }
  | ({ readonly action: 'pause' } & PauseCommand)
  | ({ readonly action: 'resume' } & ResumeCommand)
  | ({ readonly action: 'extend-trial' } & ExtendTrialCommand)
  | { readonly action: 'discard-scheduled' };

/** An action as callers say it: with the plan's key, and its version where it is not the one in force. */
export type NamedAction =
  | Exclude<Action, { readonly action: 'change-plan' }>
  | ({ readonly action: 'change-plan'; readonly plan: string; readonly planVersion?: number } & Omit<ChangePlanCommand, 'plan'>);

const DECISIONS: { readonly [Name in ActionName]: (action: Extract<Action, { action: Name }>, context: ChangeContext) => Fact[] } = {
  'change-plan': decideChangePlan,
  'change-quantity': decideChangeQuantity,
  cancel: decideCancel,
  uncancel: (_action, context) => decideUncancel(context),
  pause: decidePause,
  resume: decideResume,
  'extend-trial': decideExtendTrial,
  'discard-scheduled': (_action, context) => decideDiscardScheduled(context),
};

/** What may lengthen the time for which something is held; all else only shortens it, and stays possible whatever else is held. */
const MAY_CLASH: ReadonlySet<ActionName> = new Set(['change-plan', 'uncancel', 'discard-scheduled']);

/**
 * The facts that an action adds to a subscription's history. An action, its preview and its simulation are all decided here.
 * @throws Refusal as the action's own function does; `meter_already_priced`, `add_ons_share_interval`, `add_on_refused`
 */
export function decide(action: Action, context: ChangeContext): Fact[] {
  const decision = DECISIONS[action.action] as (action: Action, context: ChangeContext) => Fact[];
  const facts = decision(action, context);
  if (MAY_CLASH.has(action.action)) {
    const known = withVersionOf(action, context);
    refuseOtherIntervals(facts, known);
    refuseMeterClashes(facts, known);
  }
  return facts;
}

/** With the plan version that is to be held. */
function withVersionOf(action: Action, context: ChangeContext): ChangeContext {
  if (action.action !== 'change-plan') return context;
  const { plan } = action;
  return { ...context, versions: new Map([...context.versions, [versionKey(plan.plan, plan.version), plan]]) };
}
