import fc from 'fast-check';
import {
  type AccountFacts,
  conclude,
  isSettleable,
  longSlotsOf,
  prepare,
  type PreparedBill,
  usageNeededFrom,
} from '../../../src/domain/billing/bill.js';
import type { Draft } from '../../../src/domain/billing/draft.js';
import { factsKnown, givenKey, isOpen, type Settlement, settledAfter, stillSettled } from '../../../src/domain/billing/settled.js';
import { discountOf } from '../../../src/domain/billing/line.js';
import type { Coupon, MeteredPrice, PlanVersion } from '../../../src/domain/catalog.js';
import { DAY, HOUR, type Instant, latest, parseInstant, type Stretch } from '../../../src/domain/instant.js';
import { answer } from '../../../src/domain/metering/aggregate.js';
import type { MeterEvent } from '../../../src/domain/metering/meter-event.js';
import { periodContaining } from '../../../src/domain/period.js';
import type { Action } from '../../../src/domain/subscription/commands/decide.js';
import type { Proration } from '../../../src/domain/subscription/facts.js';
import { holdings } from '../../../src/domain/subscription/history.js';
import { decideStart } from '../../../src/domain/subscription/commands/start.js';
import { facts, METERS, plan } from '../../support/billing-story.js';
import { Account, unlessRefused } from './account.js';
import { translated } from './attempts.js';
import { tried } from './living.js';
import { anyScenario } from './scenario.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 100);

/** What a bill run keeps of an account between two runs. */
interface Kept {
  settlement: Settlement | undefined;
  /** The least time of what was reported after the usage around it was asked for. */
  lateFrom: Instant | undefined;
  /** Usage from before is known. */
  watermark: Instant;
  /** Before this no usage is asked for as long as nothing comes late or is backdated. */
  neededFrom: Instant | undefined;
}

const METERED: readonly MeteredPrice[] = [
  { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.07', minimum: '1.00' },
  { key: 'weekly', kind: 'metered', meter: 'node-hours', model: 'per_unit', unitPrice: '0.031', interval: { unit: 'week', count: 1 } },
];

const anyUsage = fc.array(
  fc.record({
    after: fc.nat(60),
    daysBack: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(120) }),
    hours: fc.nat(23),
    n: fc.nat(9),
    type: fc.constantFrom('call', 'node'),
    isVoided: fc.boolean(),
  }),
  { maxLength: 12 },
);

/** What is done to the first subscription as of long ago. */
const anyBackdated = fc.array(
  fc.record({
    after: fc.nat(60),
    daysBack: fc.oneof({ weight: 1, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(400) }),
    atBoundary: fc.boolean(),
    plan: fc.nat(3),
    proration: fc.constantFrom('prorate' as const, 'none' as const),
    act: fc.constantFrom('change-plan', 'change-plan', 'pause', 'resume', 'cancel', 'change-quantity'),
  }),
  { maxLength: 4 },
);

type Backdated = (typeof anyBackdated extends fc.Arbitrary<(infer One)[]> ? One : never) & object;

const ACTS: Readonly<
  Record<string, (at: { readonly when: Instant; readonly proration: Proration; readonly plan: PlanVersion }) => Action>
> = {
  'change-plan': (at) => ({ action: 'change-plan', ...at }),
  pause: ({ when }) => ({ action: 'pause', when }),
  resume: ({ when }) => ({ action: 'resume', when }),
  cancel: ({ when, proration }) => ({ action: 'cancel', when, proration, invoiceUsage: proration === 'prorate' }),
  'change-quantity': ({ when, plan }) => ({ action: 'change-quantity', when, price: 'seats', quantity: String(plan.prices.length + 1) }),
};

const COUPONS: readonly Coupon[] = [
  { key: 'share', percentOff: '15', duration: 'forever' },
  { key: 'amount', amountOff: '7.50', currency: 'USD', duration: 'forever' },
];

const amounts = (draft: Draft | undefined): string[] =>
  (draft?.lines ?? []).map((line) =>
    [line.slot, line.slotSeq, line.kind, line.amountMinor, discountOf(line), line.adjusts, line.period.key, line.servicePeriod.end].join(
      ' ',
    ),
  );

/** Without the lines that are settled, as a service would load them. */
function withoutSettled(all: AccountFacts, kept: Kept): AccountFacts {
  if (!kept.settlement) return all;
  const through = stillSettled(kept.settlement, all.subscriptions, kept.lateFrom);
  const ids = new Set(all.subscriptions.filter((history) => isSettleable(history, all.versions, through)).map(({ id }) => id));
  const [open, left] = [true, false].map((wanted) =>
    all.billed.filter(
      ({ kind, subscription, period, servicePeriod }) =>
        (kind === 'one_time' || !ids.has(subscription ?? '') || isOpen(through, period, servicePeriod)) === wanted,
    ),
  );
  const settled = new Map(
    [...ids].map((id) => {
      const last = left!.filter(({ subscription }) => subscription === id).sort((a, b) => (a.period.end < b.period.end ? -1 : 1));
      const frozen = new Map<string, Stretch>(last.slice(-1).map(({ period }) => [period.key, period]));
      const given = new Map<string, bigint>();
      for (const { periodOrdinal, discounts } of last)
        for (const { coupon, amountMinor } of discounts) {
          const key = givenKey(coupon, periodOrdinal);
          given.set(key, (given.get(key) ?? 0n) + amountMinor);
        }
      return [id, { through, frozen, given }] as const;
    }),
  );
  return { ...all, billed: open!, settled, slotSeqs: new Map() };
}

const numbered = (prepared: PreparedBill, all: AccountFacts): PreparedBill => {
  const slots = new Set([...longSlotsOf(prepared), ...prepared.facts.billed.map(({ slot }) => slot)]);
  return { ...prepared, facts: { ...prepared.facts, slotSeqs: new Map([...all.slotSeqs].filter(([slot]) => slots.has(slot))) } };
};

const count = { left: 0, whole: 0 };

/** An account of which every bill is made twice: with what is settled left out, and from everything. */
class SettlingAccount extends Account {
  declare events: MeterEvent[] | undefined;
  declare kept: Kept | undefined;
  /** An event that is stored now, or taken back. */
  changed(event: MeterEvent, change: 'stored' | 'voided'): void {
    const { events, kept } = this.begun();
    this.events = change === 'stored' ? [...events, event] : events.filter((other) => other !== event);
    if (event.time < kept.watermark && (kept.lateFrom === undefined || event.time < kept.lateFrom)) kept.lateFrom = event.time;
  }

  /** Does something to the first subscription as of long ago, or just after a period's end, where it is not refused. */
  backdate({ daysBack, atBoundary, plan, proration, act }: Backdated): void {
    const started = this.histories[0]!.facts[0]!.effectiveAt;
    const back = latest(this.now - BigInt(daysBack) * DAY, started);
    const schedule = holdings(this.histories[0]!, this.versions)[0]?.schedule;
    const when = atBoundary && schedule ? latest(periodContaining(schedule, back).start, started) : back;
    this.decide(ACTS[act]!({ when, proration, plan: this.planOf(plan) }));
  }

  /** What the book of it does not follow. */
  decide(action: Action): void {
    const added = unlessRefused(() => this.decided(0, action));
    if (added) this.histories = this.with(0, added);
  }

  /** Within the constructor, too. */
  private begun(): { readonly events: readonly MeterEvent[]; readonly kept: Kept } {
    this.events ??= [];
    this.kept ??= { settlement: undefined, lateFrom: undefined, watermark: -(1n << 60n), neededFrom: undefined };
    return { events: this.events, kept: this.kept };
  }

  override bill(): Draft | undefined {
    const { kept } = this.begun();
    const asOf = this.now;
    const coupon = COUPONS[this.scenario.steps.length % 4]?.key ?? null;
    const histories = this.histories.map((history) => ({
      ...history,
      facts: history.facts.map((fact) => (fact.kind === 'started' ? { ...fact, coupon } : fact)),
    }));
    const all = facts(
      { coupons: COUPONS, plans: this.scenario.plans, histories, events: [], zone: this.scenario.zone, until: asOf },
      this.lines,
    );
    const part = numbered(prepare(withoutSettled(all, kept), asOf), all);
    const [draft, expected] = [this.concluded(part), this.concluded(prepare(all, asOf))];
    expect(amounts(draft)).toEqual(amounts(expected));
    [count.left, count.whole] = [count.left + part.facts.billed.length, count.whole + all.billed.length];
    const before = kept.settlement ? stillSettled(kept.settlement, this.histories, kept.lateFrom) : asOf;
    if (kept.neededFrom !== undefined && before === kept.settlement?.through)
      for (const { from } of part.questions) expect(from).toBeGreaterThanOrEqual(kept.neededFrom);
    for (const line of draft?.lines ?? []) this.lines.push({ ...line, id: String(this.lines.length), creditNotedMinor: 0n });
    const through = settledAfter(draft?.lines ?? [], { asOf, before });
    this.kept = {
      settlement: { through, facts: factsKnown(this.histories) },
      lateFrom: undefined,
      watermark: part.questions.length > 0 && asOf > kept.watermark ? asOf : kept.watermark,
      neededFrom: usageNeededFrom({ ...all, billed: this.lines }, through),
    };
    return draft;
  }

  private concluded(prepared: PreparedBill): Draft | undefined {
    const { events } = this.begun();
    return conclude(
      prepared,
      prepared.questions.map((question) =>
        answer(
          METERS.find(({ key }) => key === question.meter)!,
          question,
          events,
        ),
      ),
    );
  }
}

test('what is left out as settled changes no bill, whatever is backdated, comes late or is taken back', () => {
  fc.assert(
    fc.property(anyScenario, anyUsage, anyBackdated, (given, usage, backdated) => {
      const plans = given.plans.map((one, i) => ({
        ...one,
        prices: [...one.prices.filter(({ kind }) => kind !== 'metered'), ...METERED.slice(0, 1 + (i % 2))],
        minimumCommitment: i % 2 === 0 ? '5.00' : null,
      }));
      const account = new SettlingAccount({ ...given, plans });
      for (const [i, step] of given.steps.entries()) {
        account.advanceTo(account.ahead(step.gap));
        for (const { after, daysBack, hours, n, type, isVoided } of usage.filter((one) => one.after % given.steps.length === i)) {
          const time = account.now - BigInt(daysBack) * DAY - BigInt(hours) * HOUR - 1n;
          account.changed(
            { id: `${String(i)} ${String(time)} ${String(n)}`, source: 's', type, time, data: { n: String(n), node: 'a', region: 'eu' } },
            'stored',
          );
          const old = account.events?.[after % account.events.length];
          if (isVoided && old) account.changed(old, 'voided');
        }
        for (const one of backdated.filter(({ after }) => after % given.steps.length === i)) account.backdate(one);
        if (backdated.length === 0 || step.attempt.do === 'add-on') tried(account, step)?.accept();
        else account.decide(translated(step.attempt, account, account.lives[0]!).action);
        if (step.isBilled) account.bill();
      }
      for (const days of [1n, 40n, 1n, 40n]) {
        account.advanceTo(account.now + days * DAY);
        account.bill();
      }
    }),
    { numRuns: RUNS },
  );
  expect(count.left).toBeLessThan(count.whole);
});

test('a period goes on where the one before it was billed to end, though that one is left out and time zones have other rules by now', () => {
  const startsAt = parseInstant('2026-01-01T00:00:00Z');
  const version = plan({ plan: 'p', prices: [METERED[0]!] });
  const started = decideStart({ startsAt }, { plan: version, account: { currency: 'USD', timeZone: 'UTC' }, held: [], now: startsAt });
  const all = facts({
    plans: [version],
    histories: [{ id: 's', createdAt: startsAt, facts: started }],
    events: [],
    zone: 'UTC',
    until: startsAt,
  });
  const [january] = prepare(all, startsAt + 40n * DAY).expected.metered;
  const billedEnd = january!.period.end + HOUR;
  const frozen = new Map([[january!.period.key, { start: startsAt, end: billedEnd }]]);
  const settled = new Map([['s', { through: billedEnd, frozen, given: new Map() }]]);
  const { questions } = prepare({ ...all, settled }, startsAt + 70n * DAY);
  expect(questions.map(({ from }) => from)).toEqual([billedEnd]);
});
