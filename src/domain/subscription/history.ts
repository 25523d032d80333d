import type { Interval, OneTimePrice, PlanVersion } from '../catalog.js';
import { earliest, type Instant, latest } from '../instant.js';
import { calendarAnchor, type Period, periodContaining, sameSchedule, type Schedule } from '../period.js';
import type { ProrationRule } from '../proration.js';
import type { Overrides, Quantities, StartedFact, SubscriptionHistory } from './facts.js';
import { type KeptRest, keptRest } from './kept-rest.js';
import { asStarted, endOf, type Pause, pausesOf, startOf, trialEndOf } from './lifecycle.js';
import { overridden, type Terms, termsOf, versionOf } from './terms.js';

export { versionKey } from './terms.js';

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
  /** Recurring prices are not charged while the subscription is paused. Over its whole life, in order. */
  readonly pauses: readonly Pause[];
  readonly schedule: Schedule;
  /** `ordinal = ordinalBase + period.index` counts the subscription's billing periods from 0, over changes of schedule. */
  readonly ordinalBase: number;
  /** What was charged in advance for the time after `to` and is not given back. */
  readonly keptRest: readonly KeptRest[];
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

/** Who held what, when: stretches that do not overlap, in order. Backdated facts simply sort in. */
export function holdings(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>): Holding[] {
  return [...everHeld(history, versions)].flatMap(({ holding }) => {
    const { from, to, keptRest: kept } = holding;
    return to !== null && (to < from || (to === from && kept.length === 0)) ? [] : [holding]; // held for no time, and nothing of it is kept
  });
}

/** A one-time price that a subscription came to hold, and with what: due when that began. */
export interface OneTimeHeld {
  readonly price: OneTimePrice;
  readonly holding: Holding;
}

/**
 * The one-time prices that a subscription came to hold, each key once: those of the start and those that are new with a change of plan,
 * however short it lasted. Terms that were replaced before they began never were; a migration neither adds any nor takes the place of others.
 */
export function oneTimePrices(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>): OneTimeHeld[] {
  const all = [...everHeld(history, versions)];
  const known = new Set<string>();
  return all.flatMap(({ terms, holding }, i) => {
    const replaces = ({ from, by, samePlan, migration }: Terms): boolean =>
      from === terms.from && by.recordedAt < from && !samePlan && !migration;
    if (terms.migration || all.slice(i + 1).some((later) => replaces(later.terms))) return [];
    const fresh = holding.plan.prices.filter((price) => price.kind === 'one_time').filter(({ key }) => !known.has(key));
    for (const { key } of fresh) known.add(key);
    return i === 0 && startOf(history).paidThroughAt !== null ? [] : fresh.map((price) => ({ price, holding })); // paid for elsewhere
  });
}

/** Everything that was ever held, also for no time: at one instant one fact takes effect after the other. */
function* everHeld(
  history: SubscriptionHistory,
  versions: ReadonlyMap<string, PlanVersion>,
): Generator<{ readonly terms: Terms; readonly holding: Holding }> {
  const started = startOf(history);
  const end = endOf(history);
  const pauses = pausesOf(history);
  const chargesFrom = trialEndOf(history) ?? started.effectiveAt;
  // what was to begin at an end that was known by then never began
  const begun = ({ from }: Terms): boolean =>
    end === undefined || from < end.effectiveAt || (from === end.effectiveAt && from <= end.recordedAt);
  const all = termsOf(history, versions).filter(begun);
  let { schedule, ordinalBase } = firstSchedule(history, versions, chargesFrom);
  let begunAt = chargesFrom; // of what is charged on this schedule; at its very beginning nothing was paid that could be kept
  let skipsPeriodOf: Instant | null = null;
  for (const [i, terms] of all.entries()) {
    const { from, base, quantities, overrides, proration, resets, samePlan } = terms;
    if (i > 0 && resets && from >= chargesFrom) {
      const ordinal = ordinalBase + (from === begunAt ? periodContaining(schedule, from).index : nextIndex(schedule, from));
      schedule = restarted(started, from, base.interval);
      ordinalBase = ordinal - periodContaining(schedule, from).index;
      begunAt = from;
    } else if (i > 0 && resets) {
      ({ schedule, ordinalBase } = scheduledFrom(started, base.interval, chargesFrom)); // still in the trial: no period has begun
    }
    if (i > 0 && (!samePlan || resets)) skipsPeriodOf = proration === 'none' && !resets && from > begunAt ? from : null;
    const left = all[i + 1]?.by ?? end;
    const to = all[i + 1]?.from ?? end?.effectiveAt ?? null;
    const holding: Holding = {
      subscription: history.id,
      createdAt: history.createdAt,
      plan: overridden(base, overrides),
      quantities,
      overrides,
      from,
      to,
      chargesFrom: latest(from, chargesFrom),
      metersFrom: started.paidThroughAt === null ? latest(from, chargesFrom) : latest(latest(from, chargesFrom), started.recordedAt),
      pauses,
      schedule,
      ordinalBase,
      keptRest: left === undefined || to === null || to <= begunAt ? [] : keptRest(history, left),
      skipsPeriodOf,
      waivesLastUsage: end?.invoiceUsage === false && to === end.effectiveAt,
      coupon: started.coupon,
    };
    yield { terms, holding };
  }
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

/** As `holdingAt`, to be shown: what ended when it began, or before, never held anything, and is shown with what it would have held. */
export const shownAt = (history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>, at: Instant): Holding | undefined =>
  holdingAt(holdings(history, versions), at) ?? holdingAt(holdings(asStarted(history), versions), at);

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
