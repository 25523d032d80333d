import type { Instant } from '../../../src/domain/instant.js';
import { latest } from '../../../src/domain/instant.js';
import { type Exact, exact, ratio, sum } from '../../../src/domain/decimal.js';
import type { PlanVersion } from '../../../src/domain/catalog.js';
import { sameInterval } from '../../../src/domain/period.js';
import type { Action } from '../../../src/domain/subscription/commands/decide.js';
import type { Quantities } from '../../../src/domain/subscription/facts.js';
import { rateRecurring } from '../../../src/domain/rating/rate.js';
import type { Account } from './account.js';
import { type Accepted, type Life, termsAt } from './life.js';
import type { Attempt, IntendedWhen } from './scenario.js';
import { periodEndAt } from './timeline.js';

/** An attempt as the domain hears it, and as the book writes it down where it is accepted. */
export interface Translated {
  readonly action: Action;
  readonly accepted: Accepted;
  readonly at: Instant;
}

/** Says an attempt on one subscription, other than to start an add-on, to the domain and to the book. */
export function translated(attempt: Exclude<Attempt, { do: 'add-on' }>, account: Account, life: Life): Translated {
  const { now } = account;
  const whenOf = (when: IntendedWhen): 'now' | 'period_end' | Instant =>
    typeof when === 'string' ? when : account.after(latest(now, life.start), when);
  const instantOf = (when: IntendedWhen): Instant => {
    if (when === 'now') return latest(now, life.start);
    return when === 'period_end' ? periodEndAt(life, now) : account.after(latest(now, life.start), when);
  };
  switch (attempt.do) {
    case 'change-plan': {
      const plan = account.planOf(attempt.plan);
      const quantities = quantitiesOf(plan, attempt.seats);
      const { when } = attempt;
      const reset = attempt.reset && life.alignment === 'anniversary';
      const at =
        when === 'auto' ? instantOf(waits(life, plan, quantities, latest(now, life.start)) ? 'period_end' : 'now') : instantOf(when);
      const asked = {
        plan,
        when: when === 'auto' ? when : whenOf(when),
        ...(reset && { anchor: 'reset' as const }),
        ...(quantities && { quantities }),
      };
      return { action: { action: 'change-plan', ...asked }, accepted: { do: 'change-plan', plan, quantities, reset }, at };
    }
    case 'change-quantity': {
      const { price, quantity, when } = attempt;
      return {
        action: { action: 'change-quantity', price, quantity, when: whenOf(when) },
        accepted: { do: 'change-quantity', price, quantity },
        at: instantOf(when),
      };
    }
    case 'cancel':
      return {
        action: { action: 'cancel', when: whenOf(attempt.when), proration: 'prorate' },
        accepted: { do: 'cancel' },
        at: attempt.when === 'now' ? now : instantOf(attempt.when), // what has not started ends at once
      };
    case 'pause': {
      const at = instantOf(attempt.when);
      const resumesAt = attempt.resumesAfter && account.after(at, attempt.resumesAfter);
      return {
        action: { action: 'pause', when: whenOf(attempt.when), ...(resumesAt !== null && { resumesAt }) },
        accepted: { do: 'pause', resumesAt },
        at,
      };
    }
    case 'resume':
      return { action: { action: 'resume', when: whenOf(attempt.when) }, accepted: { do: 'resume' }, at: instantOf(attempt.when) };
    case 'extend-trial': {
      const to = account.after(life.trialEnd ?? now, attempt.by);
      return { action: { action: 'extend-trial', trialEndsAt: to }, accepted: { do: 'extend-trial', to }, at: now };
    }
    default:
      return { action: { action: attempt.do }, accepted: { do: attempt.do }, at: now };
  }
}

/** The quantities that are named for a plan, where it has seats. */
export const quantitiesOf = (plan: PlanVersion, seats: string | null): Quantities | null =>
  seats !== null && plan.prices.some((price) => price.key === 'seats') ? { seats } : null;

/** Whether an automatic change of plan waits for the period's end: to a cheaper plan, and to another interval. */
function waits(life: Life, plan: PlanVersion, quantities: Quantities | null, at: Instant): boolean {
  const held = termsAt(life, at);
  return (
    !sameInterval(held.plan.interval, plan.interval) ||
    perPeriod(plan, quantities ?? held.quantities).lt(perPeriod(held.plan, held.quantities))
  );
}

const perPeriod = (plan: PlanVersion, quantities: Quantities): Exact =>
  sum(
    plan.prices.map((price) =>
      price.kind === 'recurring' ? rateRecurring(price, exact(quantities[price.key] ?? '1')).amount : ratio(0n, 1n),
    ),
  );
