import type { MeteredPrice } from '../catalog.js';
import { earliest, type Instant, latest, type Stretch } from '../instant.js';
import type { UsageQuestion } from '../metering/question.js';
import { type Period, periodContaining, periodsFrom, sameSchedule, type Schedule } from '../period.js';
import { share } from '../proration.js';
import { sameContent } from '../same-content.js';
import { type Holding, ordinalOf, prorationRule } from '../subscription/history.js';
import { asBilled, billingPeriods, bounds, type FrozenPeriods } from './billing-periods.js';
import { dueBy, type ExpectedMetered, slotOf } from './due.js';

/** Holdings in a row under one and the same metered price, whose usage is not split where they meet. */
export interface MeteredRun {
  readonly price: MeteredPrice;
  readonly schedule: Schedule;
  readonly holdings: readonly [Holding, ...Holding[]];
}

export function meteredRuns(held: readonly Holding[]): MeteredRun[] {
  const runs: MeteredRun[] = [];
  for (const holding of held) {
    for (const price of holding.plan.prices) {
      if (price.kind !== 'metered') continue;
      const schedule = price.interval === undefined ? holding.schedule : { ...holding.schedule, interval: price.interval };
      const i = runs.findIndex((run) => continues(run, holding, price, schedule));
      const run = runs[i];
      if (run) runs[i] = { ...run, holdings: [...run.holdings, holding] };
      else runs.push({ price, schedule, holdings: [holding] });
    }
  }
  return runs;
}

function continues(run: MeteredRun, holding: Holding, price: MeteredPrice, schedule: Schedule): boolean {
  const last = run.holdings.at(-1) ?? run.holdings[0];
  const sameBasis = last.plan.prorationBasis === holding.plan.prorationBasis;
  return last.to === holding.from && sameBasis && sameContent(run.price, price) && sameSchedule(run.schedule, schedule);
}

/** Stretches of usage to be charged under one run, in the order in which they fall due. */
export function* metered(run: MeteredRun, frozen: FrozenPeriods, from?: Instant): Generator<ExpectedMetered> {
  const [first] = run.holdings;
  const last = run.holdings.at(-1) ?? first;
  const whole: Holding = { ...first, to: last.to };
  for (const period of run.schedule === first.schedule
    ? billingPeriods(whole, frozen, { from })
    : pricePeriods(whole, run.schedule, from)) {
    const stretch = { start: latest(period.start, first.metersFrom), end: last.to === null ? period.end : earliest(period.end, last.to) };
    if (stretch.start >= stretch.end || (last.waivesLastUsage && stretch.end === last.to)) continue;
    const holding = run.holdings.findLast((candidate) => candidate.from < stretch.end) ?? first;
    const ordinal = ordinalOf(holding, stretch.start);
    yield {
      ...dueBy(holding, stretch.end),
      price: run.price,
      question: questionOf(run.price, stretch),
      stretch,
      period: bounds(asBilled(periodContaining(holding.schedule, stretch.start), holding.schedule, frozen)),
      periodOrdinal: ordinal,
      meteredPeriod: { start: period.start, end: period.end },
      share: share(stretch, period, prorationRule(holding)),
    };
  }
}

/** The periods of a metered price whose interval is shorter than its plan's. */
function* pricePeriods(holding: Holding, schedule: Schedule, from?: Instant): Generator<Period> {
  for (const period of periodsFrom(schedule, latest(from ?? holding.chargesFrom, holding.chargesFrom))) {
    if (holding.to !== null && period.start >= holding.to) return;
    yield period;
  }
}

function questionOf({ meter, filter, groupBy, freeConcurrent }: MeteredPrice, stretch: Stretch): UsageQuestion {
  return {
    meter,
    from: stretch.start,
    to: stretch.end,
    ...(filter === undefined ? {} : { filter }),
    ...(groupBy === undefined ? {} : { groupBy }),
    ...(freeConcurrent === undefined ? {} : { freeConcurrent }),
  };
}

/** The slot of one group's usage in one service piece. */
export function meteredSlot(item: ExpectedMetered, group: Readonly<Record<string, string>>): string {
  const { subscription, plan, planVersion, price, stretch } = item;
  const values = Object.entries(group)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flat();
  return slotOf('metered', subscription, price.key, plan, planVersion, stretch.start.toString(), stretch.end.toString(), ...values);
}
