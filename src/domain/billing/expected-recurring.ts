import type { RecurringPrice } from '../catalog.js';
import { type Exact, exact } from '../decimal.js';
import { earliest, type Instant, latest, type Stretch } from '../instant.js';
import { periodContaining } from '../period.js';
import type { BreakdownStep } from '../rating/model.js';
import { rateRecurring } from '../rating/rate.js';
import { type Holding, prorationRule } from '../subscription/history.js';
import { keptTo } from '../subscription/kept-rest.js';
import { pausesBefore } from '../subscription/lifecycle.js';
import { billingPeriods, bounds, type FrozenPeriods, scheduleKey } from './billing-periods.js';
import { merged, without } from './coverage.js';
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
  /** All of them, in order: a reset onto the same schedule goes on with the run, and counts its periods anew. */
  readonly holdings: readonly Holding[];
}

export function recurringRuns(held: readonly Holding[]): RecurringRun[] {
  const runs: RecurringRun[] = [];
  for (const holding of held) {
    for (const price of holding.plan.prices) {
      if (price.kind !== 'recurring') continue;
      const run = runOf(holding, price);
      const i = runs.findIndex((before) => continues(before, run));
      const before = runs[i];
      if (before)
        runs[i] = {
          ...before,
          held: { ...before.held, to: holding.to, keptRest: holding.keptRest },
          holdings: [...before.holdings, holding],
        };
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
  return { slot, price, quantity, fullAmount, breakdown, held, holdings: [held] };
}

function continues(before: RecurringRun, after: RecurringRun): boolean {
  if (before.slot !== after.slot || before.held.to !== after.held.from || !skipsAlike(before.held, after.held)) return false;
  return before.held.keptRest.length === 0 || before.price.billing === 'in_arrears';
}

/** Whether the second may go on under the first one's skipped period: it has the same, or none where that one is over. */
function skipsAlike({ skipsPeriodOf: skipped }: Holding, { skipsPeriodOf, schedule, from }: Holding): boolean {
  return skipsPeriodOf === skipped || (skipsPeriodOf === null && skipped !== null && periodContaining(schedule, from).start >= skipped);
}

/** Stretches of one recurring price, in the order in which they fall due; from the period that `from` lies in. */
export function* recurring(run: RecurringRun, frozen: FrozenPeriods, from?: Instant): Generator<ExpectedRecurring> {
  const { held, holdings, ...rated } = run;
  const inAdvance = run.price.billing !== 'in_arrears';
  const keepsRest = inAdvance && held.keptRest.length > 0;
  const endless = held.to === null ? held.pauses.at(-1) : undefined;
  for (const period of billingPeriods(held, frozen, { includesRest: keepsRest, from })) {
    if (endless?.end === null && endless.start <= period.start) return;
    if (held.skipsPeriodOf !== null && period.start < held.skipsPeriodOf) continue;
    const heldEnd = held.to === null ? period.end : earliest(period.end, held.to);
    for (const stretch of charged(held, { ...period, start: latest(period.start, held.chargesFrom) }, keepsRest)) {
      const dueAt = inAdvance ? stretch.start : heldEnd;
      const counting = holdings.findLast(({ from: since }) => since <= stretch.start) ?? held;
      const periodOrdinal = counting.ordinalBase + period.index;
      yield { ...dueBy(held, dueAt), ...rated, stretch, period: bounds(period), periodOrdinal, rule: prorationRule(held) };
    }
  }
}

/** What of a period is charged: what was held without a pause, and what is kept though it was not used. */
function charged({ to, pauses, keptRest }: Holding, { start, end }: Stretch, keepsRest: boolean): Stretch[] {
  const heldEnd = to === null ? end : earliest(end, to);
  const active = start < heldEnd ? without([{ start, end: heldEnd }], pausesBefore(pauses, heldEnd)) : [];
  const keptEnd = keepsRest && heldEnd < end ? keptTo(keptRest, { dueAt: active.at(-1)?.start ?? start, periodEnd: end }) : null;
  const kept = keptEnd === null ? [] : [{ start: latest(start, heldEnd), end: latest(keptEnd, heldEnd) }];
  return merged([...active, ...kept]);
}
