import fc from 'fast-check';
import type { Interval, PlanVersion, RecurringPrice } from '../../../src/domain/catalog.js';
import { DAY, HOUR, type Instant, parseInstant } from '../../../src/domain/instant.js';
import { calendarAnchor } from '../../../src/domain/period.js';
import type { Alignment } from '../../../src/domain/subscription/facts.js';
import { plan } from '../../support/billing-story.js';

/** How far ahead something lies, in terms of the periods held when it is resolved. */
export type Gap =
  | { readonly kind: 'none' }
  | { readonly kind: 'hours'; readonly hours: number; readonly micros: number }
  | { readonly kind: 'part'; readonly percent: number }
  | { readonly kind: 'boundary' };

export type IntendedWhen = 'now' | 'period_end' | Gap;

/** What somebody tries to do. Plans are positions in the scenario's catalog. */
export type Attempt =
  | {
      readonly do: 'change-plan';
      readonly plan: number;
      readonly when: IntendedWhen | 'auto';
      readonly reset: boolean;
      readonly seats: string | null;
    }
  | { readonly do: 'change-quantity'; readonly price: string; readonly quantity: string; readonly when: IntendedWhen }
  | { readonly do: 'cancel'; readonly when: IntendedWhen }
  | { readonly do: 'uncancel' }
  | { readonly do: 'pause'; readonly when: IntendedWhen; readonly resumesAfter: Gap | null }
  | { readonly do: 'resume'; readonly when: IntendedWhen }
  | { readonly do: 'extend-trial'; readonly by: Gap }
  | { readonly do: 'discard-scheduled' }
  | { readonly do: 'add-on'; readonly plan: number; readonly startsIn: Gap; readonly seats: string | null };

export interface Step {
  /** Since the step before. */
  readonly gap: Gap;
  /** Position of the subscription among those of the account, counted around. */
  readonly subject: number;
  readonly attempt: Attempt;
  /** Whether it is billed at once; else with the next run. */
  readonly isBilled: boolean;
}

export interface Scenario {
  readonly zone: string;
  readonly plans: readonly PlanVersion[];
  readonly startsAt: Instant;
  /** How long before its start the subscription was created. */
  readonly createdHoursBefore: number;
  readonly alignment: Alignment;
  readonly trialDays: number;
  readonly steps: readonly Step[];
}

export const ZONES = ['UTC', 'America/New_York', 'Europe/Paris', 'Asia/Kolkata', 'Pacific/Apia', 'America/St_Johns'];
export const INTERVALS: readonly Interval[] = [
  { unit: 'month', count: 1 },
  { unit: 'month', count: 1 },
  { unit: 'week', count: 1 },
  { unit: 'day', count: 1 },
  { unit: 'month', count: 3 },
  { unit: 'year', count: 1 },
  { unit: 'week', count: 2 },
  { unit: 'day', count: 10 },
];
/** Leap days, ends of months and years, clock changes, and the days around the one that Apia left out. */
const DATES = [
  '2024-02-29',
  '2025-01-31',
  '2025-08-31',
  '2025-12-31',
  '2025-03-09',
  '2025-03-30',
  '2025-11-02',
  '2025-10-26',
  '2011-12-29',
];

const cents = fc.integer({ min: 0, max: 99_999 }).map((amount) => (amount / 100).toFixed(2));
const billing = fc.constantFrom('in_advance' as const, 'in_arrears' as const);
const flat = (key: string): fc.Arbitrary<RecurringPrice> =>
  fc.record({ billing, amount: cents }).map((rest) => ({ key, kind: 'recurring', model: 'flat', ...rest }));
const perSeat: fc.Arbitrary<RecurringPrice> = fc
  .record({ billing, unitPrice: fc.oneof(cents, fc.constant('0.333')) })
  .map((rest) => ({ key: 'seats', kind: 'recurring', model: 'per_unit', ...rest }));

const anyPlan = (key: string, usual: Interval): fc.Arbitrary<PlanVersion> =>
  fc
    .record({
      prices: fc.tuple(fc.option(flat('fee'), { freq: 5 }), fc.option(perSeat, { freq: 4 }), fc.option(flat('extra'), { freq: 2 })),
      interval: fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...INTERVALS) }),
      prorationBasis: fc.constantFrom('second' as const, 'second' as const, 'day' as const),
    })
    .map(({ prices, ...rest }) => plan({ plan: key, ...rest, prices: prices.filter((price) => price !== null) }));

const catalog = fc
  .record({ usual: fc.constantFrom(...INTERVALS), size: fc.integer({ min: 2, max: 4 }) })
  .chain(({ usual, size }) => fc.tuple(...Array.from({ length: size }, (_, i) => anyPlan(`p${String(i)}`, usual))));

const none: Gap = { kind: 'none' };
const hours = fc.record({ hours: fc.nat(60), micros: fc.constantFrom(0, 0, 1) }).map((rest): Gap => ({ kind: 'hours', ...rest }));
const part = fc.integer({ min: 1, max: 150 }).map((percent): Gap => ({ kind: 'part', percent }));
export const gap: fc.Arbitrary<Gap> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(none) },
  { weight: 2, arbitrary: hours },
  { weight: 4, arbitrary: part },
  { weight: 2, arbitrary: fc.constant<Gap>({ kind: 'boundary' }) },
);
const when: fc.Arbitrary<IntendedWhen> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('now' as const) },
  { weight: 2, arbitrary: fc.constant('period_end' as const) },
  { weight: 2, arbitrary: gap },
);
const seats = fc.option(fc.nat(5).map(String), { freq: 2 });

const attempt: fc.Arbitrary<Attempt> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('change-plan' as const),
      plan: fc.nat(3),
      when: fc.oneof({ weight: 5, arbitrary: when }, { weight: 1, arbitrary: fc.constant('auto' as const) }),
      reset: fc.boolean(),
      seats,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('change-quantity' as const),
      price: fc.constantFrom('seats', 'seats', 'fee'),
      quantity: fc.nat(5).map(String),
      when,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cancel' as const),
      when: fc.oneof(
        { weight: 1, arbitrary: fc.constant('now' as const) },
        { weight: 4, arbitrary: fc.constant('period_end' as const) },
        { weight: 2, arbitrary: gap },
      ),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'uncancel' as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pause' as const), when, resumesAfter: fc.option(gap, { freq: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resume' as const), when }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('extend-trial' as const), by: gap }) },
  { weight: 1, arbitrary: fc.constant({ do: 'discard-scheduled' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add-on' as const), plan: fc.nat(3), startsIn: gap, seats }) },
);

export const startsAt = (zone: string): fc.Arbitrary<Instant> =>
  fc
    .record({ date: fc.constantFrom(...DATES), days: fc.constantFrom(0, 0, 0, 1, 13), hour: fc.nat(23), atMidnight: fc.boolean() })
    .map(({ date, days, hour, atMidnight }) => {
      const at = parseInstant(`${date}T00:00:00Z`) + BigInt(days) * DAY + BigInt(hour) * HOUR;
      return atMidnight ? calendarAnchor({ at, timeZone: zone, interval: { unit: 'day', count: 1 } }) : at;
    });

/** Random accounts: a catalog, the start of one subscription, and what is tried with it and its add-ons. */
export const anyScenario: fc.Arbitrary<Scenario> = fc.constantFrom(...ZONES).chain((zone) =>
  fc.record({
    zone: fc.constant(zone),
    plans: catalog,
    startsAt: startsAt(zone),
    createdHoursBefore: fc.constantFrom(0, 0, 0, 30, 1000),
    alignment: fc.constantFrom('anniversary' as const, 'calendar' as const),
    trialDays: fc.constantFrom(0, 0, 0, 9, 45),
    steps: fc.array(fc.record({ gap, subject: fc.nat(2), attempt, isBilled: fc.nat(5).map((n) => n > 0) }), {
      minLength: 1,
      maxLength: 30,
      size: 'max',
    }),
  }),
);
