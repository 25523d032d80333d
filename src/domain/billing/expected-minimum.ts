import { type Exact, exact, ratio, sum, ZERO } from '../decimal.js';
import { earliest, type Instant, latest, type Stretch } from '../instant.js';
import { type Period, sameSchedule } from '../period.js';
import { share } from '../proration.js';
import { type Holding, prorationRule } from '../subscription/history.js';
import { billingPeriods, bounds, type FrozenPeriods } from './billing-periods.js';
import { dueBy, type ExpectedMinimum, slotOf } from './due.js';
import { type MeteredRun, meteredRuns } from './expected-metered.js';

/** Holdings in a row whose metered lines are compared with a minimum together. */
export type MinimumRun = readonly [Holding, ...Holding[]];

/**
 * Holdings of one plan version, and those that share usage which is not split where they meet: so each metered line lies in one run, whole,
 * and is compared with a minimum once. Runs without a commitment are left out.
 */
export function minimumRuns(held: readonly Holding[]): MinimumRun[] {
  const shared = meteredRuns(held);
  const runs: [Holding, ...Holding[]][] = [];
  for (const holding of held) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run && before && goesOn(before, holding, shared)) run.push(holding);
    else runs.push([holding]);
  }
  return runs.filter((run) => run.some(({ plan }) => plan.minimumCommitment !== null));
}

function goesOn(before: Holding, after: Holding, shared: readonly MeteredRun[]): boolean {
  const sameRules = before.plan.prorationBasis === after.plan.prorationBasis && sameSchedule(before.schedule, after.schedule);
  const sameVersion = before.plan.plan === after.plan.plan && before.plan.version === after.plan.version;
  const shares = (): boolean => shared.some(({ holdings }) => holdings.includes(before) && holdings.includes(after));
  return before.to === after.from && sameRules && (sameVersion || shares());
}

/**
 * What the metered lines of a run must come to, in the order in which it falls due: the commitment of each of its holdings by the share of
 * the period for which it was held.
 */
export function* minimums(run: MinimumRun, frozen: FrozenPeriods, from?: Instant): Generator<ExpectedMinimum> {
  const [first] = run;
  const last = run.at(-1) ?? first;
  for (const period of billingPeriods({ ...first, to: last.to }, frozen, { from })) {
    const stretch = { start: latest(period.start, first.metersFrom), end: last.to === null ? period.end : earliest(period.end, last.to) };
    if (stretch.start >= stretch.end || (last.waivesLastUsage && stretch.end === last.to)) continue;
    const holding = run.findLast((candidate) => candidate.from < stretch.end) ?? first;
    const { plan, subscription } = holding;
    yield {
      ...dueBy(holding, stretch.end),
      slot: slotOf('minimum', subscription, plan.plan, plan.version, stretch.start.toString(), stretch.end.toString()),
      commitment: sum(run.map((part) => committed(part, stretch, period))),
      stretch,
      period: bounds(period),
      periodOrdinal: holding.ordinalBase + period.index,
      proration: !share(stretch, period, prorationRule(holding)).equals(ratio(1n, 1n)),
    };
  }
}

function committed(holding: Holding, whole: Stretch, period: Period): Exact {
  const { plan, from, to } = holding;
  const stretch = { start: latest(whole.start, from), end: to === null ? whole.end : earliest(whole.end, to) };
  if (plan.minimumCommitment === null || stretch.start >= stretch.end) return ZERO;
  return exact(plan.minimumCommitment).mul(share(stretch, period, prorationRule(holding)));
}
