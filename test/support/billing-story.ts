import fc from 'fast-check';
import { type AccountFacts, conclude, nextDueOf, prepare } from '../../src/domain/billing/bill.js';
import type { Draft } from '../../src/domain/billing/draft.js';
import type { BilledLine } from '../../src/domain/billing/line.js';
import { positionsTaken } from '../../src/domain/billing/slot.js';
import type { Coupon, Meter, MeteredPrice, OneTimePrice, PlanVersion, RecurringPrice } from '../../src/domain/catalog.js';
import { DAY, HOUR, type Instant, parseInstant } from '../../src/domain/instant.js';
import { answer } from '../../src/domain/metering/aggregate.js';
import type { MeterEvent } from '../../src/domain/metering/meter-event.js';
import { Refusal } from '../../src/domain/refusal.js';
import type { ChangeContext } from '../../src/domain/subscription/commands/context.js';
import { decide } from '../../src/domain/subscription/commands/decide.js';
import { decideStart } from '../../src/domain/subscription/commands/start.js';
import type { SubscriptionHistory } from '../../src/domain/subscription/facts.js';
import { versionKey } from '../../src/domain/subscription/history.js';

export const METERS: readonly Meter[] = [
  { key: 'calls', name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n', groupBy: ['region'] },
  {
    key: 'node-hours',
    name: 'Node hours',
    eventType: 'node',
    aggregation: 'time_weighted',
    value: 'n',
    resource: 'node',
    mode: 'level',
    unit: 'hour',
  },
];

export function plan(changes: Partial<PlanVersion> & { readonly plan: string }): PlanVersion {
  return {
    version: 1,
    name: changes.plan,
    product: 'test',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    trialDays: 0,
    prorationBasis: 'second',
    minimumCommitment: null,
    entitlements: {},
    prices: [],
    ...changes,
  };
}

export interface BillingStory {
  readonly plans: readonly PlanVersion[];
  readonly histories: readonly SubscriptionHistory[];
  readonly events: readonly MeterEvent[];
  readonly coupons?: readonly Coupon[];
  readonly zone: string;
  readonly until: Instant;
}

export function facts(story: BillingStory, billed: readonly BilledLine[] = [], balanceMinor = 0n): AccountFacts {
  return {
    currency: 'USD',
    subscriptions: story.histories,
    versions: new Map(story.plans.map((version) => [versionKey(version.plan, version.version), version])),
    coupons: new Map((story.coupons ?? []).map((coupon) => [coupon.key, coupon])),
    taxes: [],
    billed,
    slotSeqs: positionsTaken(billed),
    balanceMinor,
    grants: [],
  };
}

/** One bill run: the invoice owed at `asOf` after what was billed. */
export function run(story: BillingStory, billed: readonly BilledLine[], asOf: Instant): Draft | undefined {
  const prepared = prepare(facts(story, billed), asOf);
  const answers = prepared.questions.map((question) => {
    const meter = METERS.find((candidate) => candidate.key === question.meter);
    if (!meter) throw new Error(`no meter ${question.meter}`);
    return answer(meter, question, story.events);
  });
  return conclude(prepared, answers);
}

/** Bill runs one after the other: every line that they billed. */
export function bill(story: BillingStory, asOfs: readonly Instant[]): BilledLine[] {
  return asOfs.reduce<BilledLine[]>((billed, asOf) => {
    const lines = run(story, billed, asOf)?.lines ?? [];
    return [...billed, ...lines.map((line, i) => ({ ...line, id: `${String(billed.length)}.${String(i)}`, creditNotedMinor: 0n }))];
  }, []);
}

/** Every instant up to the story's end at which something falls due. */
export function dueInstants(story: BillingStory): Instant[] {
  const found: Instant[] = [];
  for (let at = nextDueOf(facts(story), EPOCH - 1n); at !== undefined && at <= story.until; at = nextDueOf(facts(story), at))
    found.push(at);
  return found;
}

export const EPOCH = parseInstant('2025-01-29T00:00:00Z');

const ZONES = ['UTC', 'America/Los_Angeles', 'Europe/Paris', 'Asia/Kolkata', 'Pacific/Apia'];
const money = fc.integer({ min: 0, max: 99_999 }).map((cents) => (cents / 100).toFixed(2));

const recurringPrice = (key: string): fc.Arbitrary<RecurringPrice> =>
  fc
    .record({ billing: fc.constantFrom('in_advance' as const, 'in_arrears' as const), amount: money })
    .map(({ billing, amount }) => ({ key, kind: 'recurring', model: 'flat', amount, billing }));
const meteredPrice = (key: string): fc.Arbitrary<MeteredPrice> =>
  fc.oneof(
    fc.record({ unitPrice: money, grouped: fc.boolean() }).map(({ unitPrice, grouped }): MeteredPrice => ({
      key,
      kind: 'metered',
      meter: 'calls',
      model: 'per_unit',
      unitPrice,
      ...(grouped ? { groupBy: ['region'] } : { freeUnits: '3' }),
    })),
    fc.record({ unitPrice: money }).map(({ unitPrice }): MeteredPrice => ({
      key,
      kind: 'metered',
      meter: 'node-hours',
      model: 'per_unit',
      unitPrice,
      freeConcurrent: '1',
    })),
    fc.record({ unitPrice: money }).map(({ unitPrice }): MeteredPrice => ({
      key,
      kind: 'metered',
      meter: 'calls',
      model: 'graduated',
      tiers: [
        { upTo: '5', unitPrice, flatPrice: '1.00' },
        { upTo: null, unitPrice: '0.333' },
      ],
      minimum: '2.00',
    })),
  );
const oneTimePrice = (key: string): fc.Arbitrary<OneTimePrice> => fc.constant({ key, kind: 'one_time', amount: '25.00' });

const anyPlan = (key: string): fc.Arbitrary<PlanVersion> =>
  fc
    .record({
      prices: fc.tuple(
        fc.option(recurringPrice('fee')),
        fc.option(recurringPrice('extra')),
        fc.option(meteredPrice('usage')),
        fc.option(oneTimePrice('setup')),
      ),
      interval: fc.constantFrom(
        { unit: 'month' as const, count: 1 },
        { unit: 'month' as const, count: 1 },
        { unit: 'week' as const, count: 1 },
        { unit: 'month' as const, count: 3 },
        { unit: 'year' as const, count: 1 },
      ),
      prorationBasis: fc.constantFrom('second' as const, 'day' as const),
      trialDays: fc.constantFrom(0, 0, 0, 9),
      minimumCommitment: fc.option(money, { freq: 4 }),
    })
    .map(({ prices, ...rest }) =>
      plan({ plan: key, ...rest, prices: prices.filter((price): price is NonNullable<typeof price> => price !== null) }),
    );

const SPAN_DAYS = 150;
const moment = fc
  .record({ day: fc.nat(SPAN_DAYS), hour: fc.nat(23), odd: fc.boolean() })
  .map(({ day, hour, odd }) => EPOCH + BigInt(day) * DAY + BigInt(hour) * HOUR + (odd ? 1n : 0n));

const anyEvent = (i: number): fc.Arbitrary<MeterEvent> =>
  fc
    .record({
      time: moment,
      n: fc.nat(9),
      node: fc.constantFrom('a', 'b'),
      region: fc.constantFrom('eu', 'us'),
      type: fc.constantFrom('call', 'node'),
    })
    .map(({ time, n, node, region, type }) => ({
      id: `e${String(i)}`,
      source: 'test',
      type,
      time,
      data: { n: String(n), node, region },
    }));

type Action = { readonly at: Instant } & (
  | { readonly do: 'change'; readonly to: number; readonly proration: 'prorate' | 'none'; readonly reset: boolean }
  | { readonly do: 'cancel'; readonly proration: 'prorate' | 'none'; readonly invoiceUsage: boolean }
);

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      at: moment,
      do: fc.constant('change' as const),
      to: fc.nat(2),
      proration: fc.constantFrom('prorate' as const, 'none' as const),
      reset: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      at: moment,
      do: fc.constant('cancel' as const),
      proration: fc.constantFrom('prorate' as const, 'none' as const),
      invoiceUsage: fc.boolean(),
    }),
  },
);

/** Random accounts: one subscription over three random plans, its changes known from the start, and its usage. */
export const anyStory: fc.Arbitrary<BillingStory> = fc
  .record({
    plans: fc.tuple(anyPlan('p0'), anyPlan('p1'), anyPlan('p2')),
    zone: fc.constantFrom(...ZONES),
    startsAt: fc.nat(20).map((day) => EPOCH + BigInt(day) * DAY + 5n * HOUR),
    alignment: fc.constantFrom('anniversary' as const, 'calendar' as const),
    actions: fc.array(anyAction, { maxLength: 4 }),
    events: fc.nat(12).chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => anyEvent(i)))),
    endsAfterDays: fc.option(fc.integer({ min: 1, max: SPAN_DAYS }), { freq: 4 }),
  })
  .map(({ plans, zone, startsAt, alignment, actions, events, endsAfterDays }) => {
    const versions = new Map(plans.map((version) => [versionKey(version.plan, version.version), version]));
    const command = { startsAt, alignment, ...(endsAfterDays === null ? {} : { endsAt: startsAt + BigInt(endsAfterDays) * DAY }) };
    const started = decideStart(command, { plan: plans[0], account: { currency: 'USD', timeZone: zone }, held: [], now: startsAt });
    let history: SubscriptionHistory = { id: 's1', createdAt: startsAt, facts: started };
    for (const action of [...actions].sort((a, b) => (a.at < b.at ? -1 : 1))) {
      const context: ChangeContext = { history, versions, now: action.at, mayBackdate: true, heldElsewhere: [], addOns: [] };
      try {
        const { proration } = action;
        const facts =
          action.do === 'cancel'
            ? decide({ action: 'cancel', when: 'now', proration, invoiceUsage: action.invoiceUsage }, context)
            : decide(
                { action: 'change-plan', plan: plans[action.to] ?? plans[0], proration, ...(action.reset ? { anchor: 'reset' } : {}) },
                context,
              );
        history = { ...history, facts: [...history.facts, ...facts] };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error; // a change after the end is refused: the story goes on without it
      }
    }
    return { plans, histories: [history], events, zone, until: EPOCH + BigInt(SPAN_DAYS + 30) * DAY };
  });
