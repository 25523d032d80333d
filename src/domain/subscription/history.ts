import type { Interval, PlanVersion } from '../catalog.js';
import { earliest, type Instant, latest } from '../instant.js';
import { calendarAnchor, type Period, periodContaining, sameInterval, sameSchedule, type Schedule } from '../period.js';
import type { ProrationRule } from '../proration.js';
import type { Overrides, PlanChangedFact, Proration, Quantities, QuantityChangedFact, StartedFact, SubscriptionHistory } from './facts.js';
import { endOf, isPausedAt, type Pause, pausesOf, standing, startOf, trialEndOf } from './lifecycle.js';

/** A stretch of time in which a subscription held one plan version on one schedule of billing periods. Half-open; `to` is null while open. */
export interface Holding {
  readonly subscription: string;
  readonly createdAt: Instant;
  /** With the prices of the subscription's own, where it has some. */
  readonly plan: PlanVersion;
  readonly quantities: Quantities;
  readonly overrides: Overrides;
  readonly from: Instant;
  readonly to: Instant | null;
  /** Nothing recurring or metered is charged before this instant: the trial's end, else `from`. */
  readonly chargesFrom: Instant;
  /** Nor is usage before this one: it was billed by another system. */
  readonly metersFrom: Instant;
  readonly chargesOneTime: boolean;
  /** Recurring prices are not charged while the subscription is paused. Over its whole life, in order. */
  readonly pauses: readonly Pause[];
  readonly schedule: Schedule;
  /** `ordinal = ordinalBase + period.index` counts the subscription's billing periods from 0, over changes of schedule. */
  readonly ordinalBase: number;
  /** Whether what was charged in advance for the time after `to` is given back. */
  readonly creditsRest: boolean;
  /** Recurring prices charge nothing in the period that this instant lies inside, because the plan before it keeps that money. */
  readonly skipsPeriodOf: Instant | null;
  readonly waivesLastUsage: boolean;
  readonly coupon: string | null;
}

/** How a holding's time is shared out: in the subscription's frozen time zone, by the plan's basis. */
export const prorationRule = (holding: Holding): ProrationRule => ({
  basis: holding.plan.prorationBasis,
  timeZone: holding.schedule.timeZone,
});

export const ordinalOf = (holding: Holding, at: Instant): number => holding.ordinalBase + periodContaining(holding.schedule, at).index;

/** Names a plan version for look-ups. */
export const versionKey = (plan: string, version: number): string => `${plan}@${String(version)}`;

/** What is held from some instant on, until the next change. */
interface Terms {
  readonly from: Instant;
  readonly base: PlanVersion;
  readonly quantities: Quantities;
  readonly overrides: Overrides;
  /** How the terms before these were left. */
  readonly proration: Proration;
  readonly resets: boolean;
  readonly migration: boolean;
  /** A change of quantity goes on under the plan before it. */
  readonly samePlan: boolean;
}

/** Who held what, when: stretches that do not overlap, in order. Backdated facts simply sort in. */
export function holdings(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>): Holding[] {
  const started = startOf(history);
  const end = endOf(history);
  const pauses = pausesOf(history);
  const chargesFrom = trialEndOf(history) ?? started.effectiveAt;
  const terms = termsOf(history, versions).filter(({ from }, i) => i === 0 || end === undefined || from < end.effectiveAt);
  const found: Holding[] = [];
  let { schedule, ordinalBase } = firstSchedule(history, versions, chargesFrom);
  let begunAt = chargesFrom; // of what is charged on this schedule; at its very beginning nothing was paid that could be kept
  let skipsPeriodOf: Instant | null = null;
  for (const [i, { from, base, quantities, overrides, proration, resets, migration, samePlan }] of terms.entries()) {
    if (i > 0 && resets && from >= chargesFrom) {
      const ordinal = ordinalBase + (from === begunAt ? periodContaining(schedule, from).index : nextIndex(schedule, from));
      schedule = restarted(started, from, base.interval);
      ordinalBase = ordinal - periodContaining(schedule, from).index;
      begunAt = from;
    } else if (i > 0 && resets) {
      ({ schedule, ordinalBase } = scheduledFrom(started, base.interval, chargesFrom)); // still in the trial: no period has begun
    }
    if (i > 0 && (!samePlan || resets)) skipsPeriodOf = proration === 'none' && !resets && from > begunAt ? from : null;
    const next = terms[i + 1];
    const to = next?.from ?? end?.effectiveAt ?? null;
    const creditsRest = (next ?? end)?.proration !== 'none' || (to !== null && (to <= begunAt || isPausedAt(pauses, to)));
    if (to !== null && (to < from || (to === from && creditsRest))) continue; // held for no time, and nothing of it is kept
    found.push({
      subscription: history.id,
      createdAt: history.createdAt,
      plan: overridden(base, overrides),
      quantities,
      overrides,
      from,
      to,
      chargesFrom: latest(from, chargesFrom),
      metersFrom: started.paidThroughAt === null ? latest(from, chargesFrom) : latest(latest(from, chargesFrom), started.recordedAt),
      chargesOneTime: i === 0 ? started.paidThroughAt === null : !migration,
      pauses,
      schedule,
      ordinalBase,
      creditsRest,
      skipsPeriodOf,
      waivesLastUsage: next === undefined && end?.invoiceUsage === false,
      coupon: started.coupon,
    });
  }
  return found;
}

/** The terms one after the other, each as its fact changes the one before. An add-on's anchor is reset with its parent's. */
function termsOf(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>): Terms[] {
  const started = startOf(history);
  const base = versionOf(started, versions);
  const changes = [
    ...standing(history).filter((fact) => fact.kind === 'plan_changed' || fact.kind === 'quantity_changed'),
    ...(history.parent ? anchorResets(history.parent, started.effectiveAt, versions) : []),
  ].sort((a, b) => (a.effectiveAt < b.effectiveAt ? -1 : a.effectiveAt > b.effectiveAt ? 1 : 0));
  const found: Terms[] = [
    {
      from: started.effectiveAt,
      base,
      quantities: started.quantities,
      overrides: started.overrides ?? {},
      proration: 'prorate',
      resets: false,
      migration: false,
      samePlan: false,
    },
  ];
  for (const change of changes) found.push(changed(found.at(-1) ?? fail(), change, versions));
  return found;
}

interface AnchorReset {
  readonly kind: 'anchor_reset';
  readonly effectiveAt: Instant;
  readonly proration: Proration;
}

function changed(
  before: Terms,
  change: PlanChangedFact | QuantityChangedFact | AnchorReset,
  versions: ReadonlyMap<string, PlanVersion>,
): Terms {
  const same: Terms = { ...before, from: change.effectiveAt, proration: 'prorate', resets: false, migration: false, samePlan: true };
  if (change.kind === 'quantity_changed') return { ...same, quantities: { ...before.quantities, [change.price]: change.quantity } };
  if (change.kind === 'anchor_reset') return { ...same, proration: change.proration, resets: true };
  const base = versionOf(change, versions);
  const priced = new Set(base.prices.map((price) => price.key));
  return {
    from: change.effectiveAt,
    base,
    quantities: change.quantities ?? Object.fromEntries(Object.entries(before.quantities).filter(([key]) => priced.has(key))),
    overrides: change.overrides ?? (base.plan === before.base.plan ? before.overrides : {}),
    proration: change.proration,
    resets: change.anchor === 'reset' || !sameInterval(before.base.interval, base.interval), // another interval always resets the anchor
    migration: change.migration,
    samePlan: false,
  };
}

function anchorResets(parent: SubscriptionHistory, after: Instant, versions: ReadonlyMap<string, PlanVersion>): AnchorReset[] {
  return termsOf(parent, versions)
    .slice(1)
    .filter(({ from, resets }) => resets && from > after)
    .map(({ from, proration }) => ({ kind: 'anchor_reset', effectiveAt: from, proration }));
}

/** The plan version with the subscription's own prices in the place of those of the same keys. */
function overridden(plan: PlanVersion, { prices = [], minimumCommitment }: Overrides): PlanVersion {
  if (prices.length === 0 && minimumCommitment === undefined) return plan;
  const own = new Map(prices.map((price) => [price.key, price]));
  return {
    ...plan,
    prices: plan.prices.map((price) => own.get(price.key) ?? price),
    ...(minimumCommitment === undefined ? {} : { minimumCommitment }),
  };
}

function versionOf(fact: { readonly plan: string; readonly planVersion: number }, versions: ReadonlyMap<string, PlanVersion>): PlanVersion {
  const plan = versions.get(versionKey(fact.plan, fact.planVersion));
  if (!plan) throw new RangeError(`plan version ${versionKey(fact.plan, fact.planVersion)} was not loaded`);
  return plan;
}

function fail(): never {
  throw new RangeError('a subscription has terms from its start on');
}

interface Counted {
  readonly schedule: Schedule;
  readonly ordinalBase: number;
}

/** The schedule at the start: an add-on's is its parent's. */
function firstSchedule(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>, chargesFrom: Instant): Counted {
  const started = startOf(history);
  const { interval } = versionOf(started, versions);
  const shared = history.parent && holdingAt(holdings(history.parent, versions), started.effectiveAt);
  if (!shared) return scheduledFrom(started, interval, chargesFrom);
  return counted({ ...shared.schedule, interval }, chargesFrom);
}

function scheduledFrom(started: StartedFact, interval: Interval, chargesFrom: Instant): Counted {
  const { timeZone } = started;
  if (started.alignment === 'calendar')
    return counted({ anchorAt: calendarAnchor({ at: started.effectiveAt, timeZone, interval }), timeZone, interval }, chargesFrom);
  return counted({ anchorAt: started.anchorAt ?? chargesFrom, timeZone, interval }, chargesFrom);
}

/** Counts the periods from the first that is charged. */
const counted = (schedule: Schedule, chargesFrom: Instant): Counted => ({
  schedule,
  ordinalBase: -periodContaining(schedule, chargesFrom).index,
});

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

/** The billing period that `at` lies in, over changes within it, cut to the end: what "the current period" means to a caller. In a trial, the trial. */
export function currentPeriod(stretches: readonly Holding[], at: Instant): Pick<Period, 'start' | 'end'> | undefined {
  const holding = holdingAt(stretches, at);
  if (!holding) return undefined;
  if (at < holding.chargesFrom) return { start: stretches[0]?.from ?? holding.from, end: holding.chargesFrom };
  const { start, end } = periodContaining(holding.schedule, at);
  const first = stretches.find((other) => sameSchedule(other.schedule, holding.schedule)) ?? holding;
  const later = stretches.find((other) => other.from > at && !sameSchedule(other.schedule, holding.schedule));
  const last = later?.from ?? stretches.at(-1)?.to ?? null;
  return { start: latest(start, first.chargesFrom), end: last === null ? end : earliest(end, last) };
}
