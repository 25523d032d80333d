import type { RecurringPrice } from '../catalog.js';
import { type Exact, exact } from '../decimal.js';
import { earliest, type Instant, latest } from '../instant.js';
import type { BreakdownStep } from '../rating/model.js';
import { rateRecurring } from '../rating/rate.js';
import { type Holding, prorationRule } from '../subscription/history.js';
import { billingPeriods, bounds, type FrozenPeriods, scheduleKey } from './billing-periods.js';
import { dueBy, type ExpectedRecurring, slotOf } from './due.js';

/** A recurring price held at one rate without a break: a change elsewhere in the subscription does not end it. */
export interface RecurringRun {
  readonly slot: string;
  readonly price: RecurringPrice;
  readonly quantity: string;
  readonly fullAmount: Exact;
  readonly breakdown: readonly BreakdownStep[];
  /** The first holding, extended to the end of the last one. */
  readonly held: Holding;
}

export function recurringRuns(held: readonly Holding[]): RecurringRun[] {
  const runs: RecurringRun[] = [];
  for (const holding of held) {
    for (const price of holding.plan.prices) {
      if (price.kind !== 'recurring') continue;
      const run = runOf(holding, price);
      const i = runs.findIndex((before) => continues(before, run));
      const before = runs[i];
      if (before) runs[i] = { ...before, held: { ...before.held, to: holding.to, creditsRest: holding.creditsRest } };
      else runs.push(run);
    }
  }
  return runs;
}

function runOf(held: Holding, price: RecurringPrice): RecurringRun {
  const quantity = held.quantities[price.key] ?? '1';
  const { amount: fullAmount, breakdown } = rateRecurring(price, exact(quantity));
  const { plan, subscription } = held;
  const slot = slotOf('recurring', subscription, price.key, plan.plan, plan.version, fullAmount.toFraction(), scheduleKey(held.schedule));
  return { slot, price, quantity, fullAmount, breakdown, held };
}

function continues(before: RecurringRun, after: RecurringRun): boolean {
  if (before.slot !== after.slot || before.held.to !== after.held.from || after.held.skipsFirstPeriod) return false;
  return before.held.creditsRest || before.price.billing === 'in_arrears';
}

/** Stretches of one recurring price, in the order in which they fall due; from the period that `from` lies in. */
export function* recurring(run: RecurringRun, frozen: FrozenPeriods, from?: Instant): Generator<ExpectedRecurring> {
  const { held, ...rated } = run;
  const inAdvance = run.price.billing !== 'in_arrears';
  const keepsRest = inAdvance && !held.creditsRest;
  for (const period of billingPeriods(held, frozen, { includesRest: keepsRest, from })) {
    if (held.skipsFirstPeriod && period.start < held.from) continue;
    const end = held.to === null || keepsRest ? period.end : earliest(period.end, held.to);
    const stretch = { start: latest(period.start, held.chargesFrom), end };
    if (stretch.start >= stretch.end) continue;
    const dueAt = inAdvance ? stretch.start : stretch.end;
    const periodOrdinal = held.ordinalBase + period.index;
    yield { ...dueBy(held, dueAt), ...rated, stretch, period: bounds(period), periodOrdinal, rule: prorationRule(held) };
  }
}
