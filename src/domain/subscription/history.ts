import { calendarAnchor, type Period, periodContaining, sameInterval, type Schedule } from '../period.js';
import type { Interval, PlanVersion } from '../catalog.js';
import type { ProrationRule } from '../proration.js';
import type { EndedFact, Fact, PlanChangedFact, Quantities, StartedFact, SubscriptionHistory } from './facts.js';
import { earliest, type Instant, latest } from '../instant.js';

/** A stretch of time in which a subscription held one plan version on one schedule of billing periods. Half-open; `to` is null while open. */
export interface Holding {
  readonly subscription: string;
  readonly createdAt: Instant;
  readonly plan: PlanVersion;
  readonly quantities: Quantities;
  readonly from: Instant;
  readonly to: Instant | null;
  /** Nothing recurring or metered is charged before this instant: the trial's end, else `from`. */
  readonly chargesFrom: Instant;
  readonly schedule: Schedule;
  /** `ordinal = ordinalBase + period.index` counts the subscription's billing periods from 0, over changes of schedule. */
  readonly ordinalBase: number;
  /** Whether what was charged in advance for the time after `to` is given back. */
  readonly creditsRest: boolean;
  /** Recurring prices charge nothing in the period in which the holding began, because the plan before it keeps that money. */
  readonly skipsFirstPeriod: boolean;
  readonly waivesLastUsage: boolean;
  readonly coupon: string | null;
}

export type SubscriptionStatus = 'scheduled' | 'trialing' | 'active' | 'canceled';

/** How a holding's time is shared out: in the subscription's frozen time zone, by the plan's basis. */
export const prorationRule = (holding: Holding): ProrationRule => ({
  basis: holding.plan.prorationBasis,
  timeZone: holding.schedule.timeZone,
});

export const ordinalOf = (holding: Holding, at: Instant): number => holding.ordinalBase + periodContaining(holding.schedule, at).index;

/** Names a plan version for look-ups. */
export const versionKey = (plan: string, version: number): string => `${plan}@${String(version)}`;

/** Facts in the order in which they take effect. */
function inOrder(facts: readonly Fact[]): Fact[] {
  return [...facts].sort((a, b) => (a.effectiveAt < b.effectiveAt ? -1 : a.effectiveAt > b.effectiveAt ? 1 : a.seq - b.seq));
}

export function startOf(history: SubscriptionHistory): StartedFact {
  const started = history.facts.find((fact) => fact.kind === 'started');
  if (!started) throw new RangeError(`subscription ${history.id} has no start`);
  return started;
}

/** When and how the subscription ends, as far as is known: the earliest of its ends. */
export function endOf(history: SubscriptionHistory): Pick<EndedFact, 'effectiveAt' | 'proration' | 'invoiceUsage'> | undefined {
  const started = startOf(history);
  const ends: Pick<EndedFact, 'effectiveAt' | 'proration' | 'invoiceUsage'>[] = inOrder(history.facts).filter(
    (fact) => fact.kind === 'ended',
  );
  if (started.endsAt !== null) ends.push({ effectiveAt: started.endsAt, proration: 'prorate', invoiceUsage: true });
  return ends.reduce<(typeof ends)[number] | undefined>(
    (first, end) => (first === undefined || end.effectiveAt < first.effectiveAt ? end : first),
    undefined,
  );
}

export function statusAt(history: SubscriptionHistory, at: Instant): SubscriptionStatus {
  const started = startOf(history);
  const end = endOf(history);
  if (end !== undefined && at >= end.effectiveAt) return 'canceled';
  if (at < started.effectiveAt) return 'scheduled';
  return started.trialEndsAt !== null && at < started.trialEndsAt ? 'trialing' : 'active';
}

/** Who held what, when: stretches that do not overlap, in order. Backdated facts simply sort in. */
export function holdings(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>): Holding[] {
  const started = startOf(history);
  const end = endOf(history);
  const begins = started.effectiveAt;
  const chargesFrom = started.trialEndsAt ?? begins;
  const changes = inOrder(history.facts).filter(
    (fact): fact is PlanChangedFact => fact.kind === 'plan_changed' && (end === undefined || fact.effectiveAt < end.effectiveAt),
  );
  const found: Holding[] = [];
  let schedule = firstSchedule(started, planOf(started, versions).interval);
  let ordinalBase = -periodContaining(schedule, chargesFrom).index;
  for (const [i, held] of [started, ...changes].entries()) {
    const plan = planOf(held, versions);
    const from = held.effectiveAt;
    const reset = held.kind === 'plan_changed' && resets(held, schedule.interval, plan.interval);
    if (reset && from >= chargesFrom) {
      const ordinal = from === chargesFrom ? 0 : ordinalBase + nextIndex(schedule, from);
      schedule = restarted(started, from, plan.interval);
      ordinalBase = ordinal - periodContaining(schedule, from).index;
    } else if (reset) {
      schedule = firstSchedule(started, plan.interval); // still in the trial: no period has begun
      ordinalBase = -periodContaining(schedule, chargesFrom).index;
    }
    const change = changes[i];
    const to = change?.effectiveAt ?? end?.effectiveAt ?? null;
    if (to !== null && to <= from) continue;
    found.push({
      subscription: history.id,
      createdAt: history.createdAt,
      plan,
      quantities: held.quantities,
      from,
      to,
      chargesFrom: latest(from, chargesFrom),
      schedule,
      ordinalBase,
      creditsRest: (change ?? end)?.proration !== 'none',
      skipsFirstPeriod: held.kind === 'plan_changed' && held.proration === 'none' && !reset && from >= chargesFrom,
      waivesLastUsage: change === undefined && end?.invoiceUsage === false,
      coupon: started.coupon,
    });
  }
  return found;
}

function planOf(fact: { readonly plan: string; readonly planVersion: number }, versions: ReadonlyMap<string, PlanVersion>): PlanVersion {
  const plan = versions.get(versionKey(fact.plan, fact.planVersion));
  if (!plan) throw new RangeError(`plan version ${versionKey(fact.plan, fact.planVersion)} was not loaded`);
  return plan;
}

/** Another interval always resets the anchor. */
const resets = (change: PlanChangedFact, before: Interval, after: Interval): boolean =>
  change.anchor === 'reset' || !sameInterval(before, after);

function firstSchedule(started: StartedFact, interval: Interval): Schedule {
  const { timeZone } = started;
  if (started.alignment === 'calendar')
    return { anchorAt: calendarAnchor({ at: started.effectiveAt, timeZone, interval }), timeZone, interval };
  return { anchorAt: started.anchorAt ?? started.trialEndsAt ?? started.effectiveAt, timeZone, interval };
}

/** The index of the first period that begins at or after `at`. */
function nextIndex(schedule: Schedule, at: Instant): number {
  const period = periodContaining(schedule, at);
  return period.start === at ? period.index : period.index + 1;
}

/** The schedule after the anchor was reset: a calendar subscription stays aligned, with a piece up to the next boundary. */
function restarted(started: StartedFact, at: Instant, interval: Interval): Schedule {
  const { timeZone } = started;
  return { anchorAt: started.alignment === 'calendar' ? calendarAnchor({ at, timeZone, interval }) : at, timeZone, interval };
}

/** The holding in force at `at`; before the start the first one, after the end the last one. */
export function holdingAt(stretches: readonly Holding[], at: Instant): Holding | undefined {
  return stretches.find((holding) => holding.to === null || at < holding.to) ?? stretches.at(-1);
}

/** The billing period that `at` lies in, cut to the holding: what "the current period" means to a caller. In a trial, the trial. */
export function currentPeriod(holding: Holding, at: Instant): Pick<Period, 'start' | 'end'> {
  if (at < holding.chargesFrom) return { start: holding.from, end: holding.chargesFrom };
  const period = periodContaining(holding.schedule, at);
  return { start: latest(period.start, holding.chargesFrom), end: holding.to === null ? period.end : earliest(period.end, holding.to) };
}
