import type { PlanVersion } from '../../catalog.js';
import type { Instant } from '../../instant.js';
import { sameInterval } from '../../period.js';
import { Refusal, refuseAll } from '../../refusal.js';
import { sameContent } from '../../same-content.js';
import type { Fact, Overrides, PlanChangedFact, Proration, Quantities } from '../facts.js';
import { standing } from '../lifecycle.js';
import { type ChangeContext, effectiveInstant, heldAt, refuseAfterEnd, stamp, type When } from './context.js';
import { isCheaper } from './monthly-price.js';
import { overrideProblems, quantityProblems, refuseOtherCurrency } from './plan-fit.js';
import { refuseByState, refuseEnded } from './transitions.js';

export interface ChangePlanCommand {
  readonly plan: PlanVersion;
  /** `auto`: a cheaper plan, and one with another interval, at the period's end; any other now. */
  readonly when?: When | 'auto';
  readonly proration?: Proration;
  readonly anchor?: 'keep' | 'reset';
  /** Carried over by price key where absent. */
  readonly quantities?: Quantities;
  /** Kept over versions of one plan where absent. */
  readonly overrides?: Overrides;
  /** Whether the seller moves the holder: no one-time prices then. */
  readonly migration?: boolean;
}

/** When a change of plan takes effect. */
export function planChangeInstant({ plan, when = 'now', quantities }: ChangePlanCommand, context: ChangeContext): Instant {
  if (when !== 'auto') return effectiveInstant(when, context);
  const now = effectiveInstant('now', context);
  refuseAfterEnd(context.history, now);
  const held = heldAt(context, now);
  const waits = !sameInterval(held.plan.interval, plan.interval) || isCheaper({ plan, quantities: quantities ?? held.quantities }, held);
  return waits ? effectiveInstant('period_end', context) : now;
}

/**
 * The facts that move a subscription to another plan version: it takes the place of pending changes of plan that would take effect then or
 * later. By default now, prorated, with the anchor kept; another interval resets the anchor.
 * @throws Refusal `subscription_canceled`, `currency_mismatch`, `anchor_must_reset`, `backdated_too_far`, `change_after_end`,
 *   `plan_already_held`, `plan_not_held`, `add_on_refused`, `invalid_request`
 */
export function decideChangePlan(command: ChangePlanCommand, context: ChangeContext): Fact[] {
  const { history, now } = context;
  refuseEnded(history, now);
  const effectiveAt = planChangeInstant(command, context);
  refuseAfterEnd(history, effectiveAt);
  refuseByState('change-plan', history, effectiveAt);
  const { plan, quantities, migration = false } = command;
  const withdrawn = migration ? [] : replacing(context, effectiveAt);
  const before = heldAt({ ...context, history: { ...history, facts: [...history.facts, ...withdrawn] } }, effectiveAt);
  if (migration && before.plan.plan !== plan.plan)
    throw new Refusal('conflict', 'plan_not_held', `The subscription does not hold "${plan.plan}" then: its holder chose another plan.`);
  refuseOtherCurrency(plan, before.plan.currency, 'subscription');
  const otherInterval = !sameInterval(before.plan.interval, plan.interval);
  if (otherInterval && command.anchor === 'keep')
    throw new Refusal(
      'unprocessable',
      'anchor_must_reset',
      'A plan with another interval resets the billing anchor: send "anchor": "reset", or leave it out.',
    );
  if (history.parent && (otherInterval || command.anchor === 'reset'))
    throw new Refusal('conflict', 'add_on_refused', 'An add-on has the periods of its subscription: choose a plan with the same interval.');
  refuseAll([...quantityProblems(plan, quantities ?? {}), ...overrideProblems(plan, command.overrides ?? {})]);
  const changed: PlanChangedFact = {
    kind: 'plan_changed',
    ...stamp(context, withdrawn.length),
    effectiveAt,
    plan: plan.plan,
    planVersion: plan.version,
    quantities: quantities ?? null,
    overrides: command.overrides ?? null,
    proration: command.proration ?? 'prorate',
    anchor: command.anchor ?? (otherInterval ? 'reset' : 'keep'),
    migration,
  };
  if (withdrawn.length === 0 && changesNothing(changed, before))
    throw new Refusal(
      'conflict',
      'plan_already_held',
      `The subscription holds version ${String(plan.version)} of "${plan.plan}" on these terms then already.`,
    );
  return [...withdrawn, changed];
}

/** The fact that pending changes of plan will not be which would take effect then or later. */
function replacing(context: ChangeContext, effectiveAt: Instant): Fact[] {
  const { history, now } = context;
  const pending = standing(history).filter(
    (fact) => fact.kind === 'plan_changed' && fact.effectiveAt > now && fact.effectiveAt >= effectiveAt,
  );
  return pending.length === 0 ? [] : [{ kind: 'withdrawn', ...stamp(context), effectiveAt: now, seqs: pending.map(({ seq }) => seq) }];
}

const changesNothing = (changed: PlanChangedFact, before: ReturnType<typeof heldAt>): boolean =>
  changed.plan === before.plan.plan &&
  changed.planVersion === before.plan.version &&
  changed.anchor === 'keep' &&
  (changed.quantities === null || sameContent(changed.quantities, before.quantities)) &&
  (changed.overrides === null || sameContent(changed.overrides, before.overrides));
