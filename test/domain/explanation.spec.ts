import fc from 'fast-check';
import type { Coupon, MeteredPrice, PriceModel, Tier } from '../../src/domain/catalog.js';
import { chargedBy, isOfSubscription } from '../../src/domain/explanation/expected-then.js';
import { explainLine, explainManual, type LineExplanation, prepareExplanation } from '../../src/domain/explanation/explain-line.js';
import { ratingSteps } from '../../src/domain/explanation/rating-steps.js';
import type { BilledLine } from '../../src/domain/billing/line.js';
import { exact, exactText, ratio, scaled } from '../../src/domain/decimal.js';
import { answer } from '../../src/domain/metering/aggregate.js';
import { rateMetered } from '../../src/domain/rating/rate.js';
import { anyStory, type BillingStory, dueInstants, facts, METERS, plan, run } from '../support/billing-story.js';
import { decideStart } from '../../src/domain/subscription/commands/start.js';
import { DAY, type Instant, parseInstant } from '../../src/domain/instant.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 30);

interface Invoice {
  readonly at: Instant;
  readonly lines: readonly BilledLine[];
}

/** A bill at every instant at which something fell due or changed, each by what was known then. */
function invoicesOf(story: BillingStory): Invoice[] {
  const [history] = story.histories;
  const instants = new Set([...dueInstants(story), ...history!.facts.map(({ recordedAt }) => recordedAt)]);
  const invoices: Invoice[] = [];
  for (const at of [...instants].filter((one) => one >= history!.createdAt && one <= story.until).sort((a, b) => (a < b ? -1 : 1))) {
    const billed = invoices.flatMap(({ lines }) => lines);
    const known = { ...history!, facts: history!.facts.filter(({ recordedAt }) => recordedAt <= at) };
    const lines = run({ ...story, histories: [known] }, billed, at)?.lines ?? [];
    if (lines.length > 0)
      invoices.push({
        at,
        lines: lines.map((line, i) => ({ ...line, id: `${String(invoices.length)}.${String(i)}`, creditNotedMinor: 0n })),
      });
  }
  return invoices;
}

function explain(story: BillingStory, invoices: readonly Invoice[], n: number, line: BilledLine): LineExplanation {
  const { versions, coupons, currency, subscriptions } = facts(story);
  const { at, lines } = invoices[n]!;
  if (!isOfSubscription(line)) throw new Error('every line of a story is of its subscription');
  const prepared = prepareExplanation({
    line,
    lines: invoices.slice(0, n + 1).flatMap((invoice) => invoice.lines),
    invoiced: lines,
    history: subscriptions[0]!,
    versions,
    coupons,
    currency,
    asOf: at,
    issuedAt: at,
  });
  const { question } = prepared;
  return explainLine(
    prepared,
    question &&
      answer(
        METERS.find(({ key }) => key === question.meter)!,
        question,
        story.events,
      ),
  );
}

const decimal = (max: number, decimals: number) => fc.nat(max).map((units) => scaled(BigInt(units), decimals));
const anyTiers: fc.Arbitrary<Tier[]> = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 90 }), { maxLength: 3 }),
    fc.array(fc.tuple(decimal(9_999, 3), decimal(999, 2)), { minLength: 4, maxLength: 4 }),
  )
  .map(([bounds, prices]) =>
    [...bounds.sort((a, b) => a - b).map(String), null].map((upTo, i) => ({ upTo, unitPrice: prices[i]![0], flatPrice: prices[i]![1] })),
  );
const anyModel: fc.Arbitrary<PriceModel> = fc.oneof(
  decimal(9_999, 2).map((amount): PriceModel => ({ model: 'flat', amount })),
  decimal(9_999, 4).map((unitPrice): PriceModel => ({ model: 'per_unit', unitPrice })),
  fc
    .tuple(fc.constantFrom('graduated' as const, 'volume' as const, 'stairstep' as const), anyTiers)
    .map(([model, tiers]): PriceModel => ({ model, tiers })),
  fc
    .tuple(decimal(50, 0), decimal(999, 2))
    .map(([size, packagePrice]): PriceModel => ({ model: 'package', packageSize: `${size}.5`, packagePrice })),
  fc
    .tuple(decimal(999, 4), fc.boolean())
    .map(([rate, fixed]): PriceModel => ({ model: 'percentage', rate, ...(fixed ? { fixedPerEvent: '0.07' } : {}) })),
  anyTiers.map((tiers): PriceModel => ({
    model: 'graduated_percentage',
    tiers: tiers.map(({ upTo, flatPrice = '0' }) => ({ upTo, rate: '0.029', flatPrice })),
  })),
);
const anyBounds = fc.record(
  { freeUnits: decimal(99, 1), freeConcurrent: fc.constant('1'), minimum: decimal(9_999, 2), maximum: decimal(19_999, 2) },
  { requiredKeys: [] },
);

describe('the steps of a rating', () => {
  test('end in what was rated, exactly, whatever the price and the quantity', () => {
    fc.assert(
      fc.property(anyModel, anyBounds, fc.integer({ min: -50, max: 9_000 }), fc.integer({ min: 1, max: 7 }), (model, bounds, units, d) => {
        const price = { key: 'usage', kind: 'metered', meter: 'units', ...model, ...bounds } as MeteredPrice;
        const quantity = ratio(BigInt(units), BigInt(d * 10));
        const share = ratio(BigInt(d), 7n);
        const rated = rateMetered(price, { group: {}, quantity, billable: quantity.sub(ratio(1n, 3n)), events: BigInt(d) }, share);
        const steps = ratingSteps(rated, { price, currency: 'USD', share });
        expect(steps.at(-1)?.amount).toBe(exactText(rated.amount));
        expect(steps.every(({ text }) => /^\S.*[.]$/.test(text) && !text.includes('undefined'))).toBe(true);
        expect(steps[0]).toMatchObject({ step: 'metered', quantity: exactText(quantity) });
      }),
      { numRuns: RUNS * 4 },
    );
  });
});

describe('a line of an invoice', () => {
  test('is explained to the cent, whatever was billed before and after it', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyStory, (story) => {
        const invoices = invoicesOf(story);
        invoices.forEach(({ lines }, n) => {
          for (const line of lines) {
            const { steps, amountMinor, reproduces, origin } = explain(story, invoices, n, line);
            seen.add(`${line.kind} ${line.adjusts === null ? 'charge' : 'correction'}`);
            expect([amountMinor, reproduces, steps.at(-1)?.amount]).toEqual([
              line.amountMinor,
              true,
              exactText(ratio(line.amountMinor, 100n)),
            ]);
            expect(origin?.id ?? null).toBe(line.adjusts);
          }
        });
      }),
      { numRuns: RUNS },
    );
    expect([...seen].sort()).toEqual(
      expect.arrayContaining(['metered charge', 'minimum charge', 'one_time charge', 'recurring charge', 'recurring correction']),
    );
  });

  const CALLS = {
    key: 'calls',
    kind: 'metered',
    meter: 'calls',
    model: 'graduated',
    tiers: [
      { upTo: '10', unitPrice: '0.25' },
      { upTo: null, unitPrice: '0.1' },
    ],
    freeUnits: '3',
  } as const;
  const started = parseInstant('2025-03-01T00:00:00Z');
  const storyWith = (n: string, coupons: readonly Coupon[] = []): BillingStory => {
    const base = plan({ plan: 'p', prices: [{ key: 'fee', kind: 'recurring', model: 'flat', amount: '10.00' }, CALLS] });
    const begun = decideStart(
      { startsAt: started, ...(coupons[0] ? { coupon: coupons[0].key } : {}) },
      { plan: base, account: { currency: 'USD', timeZone: 'UTC' }, held: [], now: started },
    );
    const event = { id: 'e', source: 'test', type: 'call', time: started + DAY, data: { n, region: 'eu' } };
    return {
      plans: [base],
      histories: [{ id: 's', createdAt: started, facts: begun }],
      events: [event],
      coupons,
      zone: 'UTC',
      until: started + 40n * DAY,
    };
  };
  const usageLine = (story: BillingStory): [Invoice[], number, BilledLine] => {
    const invoices = invoicesOf(story);
    const n = invoices.findIndex(({ lines }) => lines.some(({ kind }) => kind === 'metered'));
    return [invoices, n, invoices[n]!.lines.find(({ kind }) => kind === 'metered')!];
  };

  test('reads as sentences', () => {
    const story = storyWith('15.5');
    expect(explain(story, ...usageLine(story)).steps.map(({ text }) => text)).toEqual([
      '15.5 was metered.',
      '3 of it is free: at most 3.',
      '12.5 is charged.',
      '10 falls into the tier up to 10: 10 x 0.25 = 2.5 USD.',
      '2.5 falls into the tier without an end: 2.5 x 0.1 = 0.25 USD.',
      '2.5 + 0.25 = 2.75 USD.',
      "Rounded to the currency's minor unit, halves away from zero: 2.75 USD.",
    ]);
  });

  test('whose usage came late is explained by what was billed, and says so', () => {
    const story = storyWith('15.5');
    const billed = usageLine(story);
    const later = { ...story, events: [...story.events, { ...story.events[0]!, id: 'late', data: { n: '2', region: 'us' } }] };
    const { reproduces, warnings, steps } = explain(later, ...billed);
    expect([reproduces, steps[0]?.quantity]).toEqual([true, '15.5']);
    expect(warnings).toMatchObject([{ code: 'usage_changed', detail: expect.stringContaining('17.5') as string }]);
  });

  test('of a quantity below zero warns of it', () => {
    const priced = { ...CALLS, minimum: '1.00' };
    const story = storyWith('-4');
    const plans = story.plans.map((version) => ({ ...version, prices: [priced] }));
    const { warnings, steps } = explain({ ...story, plans }, ...usageLine({ ...story, plans }));
    expect(warnings).toMatchObject([{ code: 'quantity_below_zero' }]);
    expect(steps.at(-2)?.text).toBe('It is at least 1.00: 1 USD.');
  });

  test('that does not come to what its steps come to says so', () => {
    const story = storyWith('15.5');
    const [invoices, n, line] = usageLine(story);
    const { reproduces, warnings } = explain(story, invoices, n, { ...line, amountMinor: line.amountMinor + 1n });
    expect([reproduces, warnings.map(({ code }) => code)]).toEqual([false, ['not_reproduced']]);
  });

  test('shows how a coupon was spread over the lines', () => {
    const story = storyWith('15.5', [{ key: 'third', percentOff: '33', duration: 'forever' }]);
    const [invoices, n] = usageLine(story);
    const [discount] = explain(story, invoices, 0, invoices[0]!.lines[0]!).discounts;
    expect(discount).toMatchObject({ coupon: 'third', amountMinor: 330n, reproduces: true });
    expect(discount?.steps.map(({ text }) => text)).toEqual([
      'The coupon applies to 1 line of this period, which come to 10.00 USD.',
      '33 % of that is 3.3, rounded once: 3.30 USD.',
      'This line is 10.00 USD of that: 3.3 x 1 = 3.3 USD, to whole minor units by largest remainder: 3.30 USD.',
    ]);
    for (const line of invoices[n]!.lines) expect(explain(story, invoices, n, line).reproduces).toBe(true);
  });

  test.each([
    { case: 'a quantity at a unit price', quantity: '3', unitPrice: '0.335', amountMinor: 101n, reproduces: true },
    { case: 'an amount', quantity: '1', unitPrice: null, amountMinor: -250n, reproduces: true },
    { case: 'what it does not come to', quantity: '3', unitPrice: '0.335', amountMinor: 100n, reproduces: false },
  ])('that was added by hand is $case', ({ reproduces, ...line }) => {
    expect(explainManual(line as unknown as BilledLine, 'USD').reproduces).toBe(reproduces);
  });

  test('that names no slot of the subscription was charged by nothing that is known', () => {
    const story = storyWith('15.5');
    const [, , line] = usageLine(story);
    const { versions } = facts(story);
    const known = { history: story.histories[0]!, versions, frozen: new Map(), asOf: story.until, issuedAt: story.until };
    expect(chargedBy({ ...line, slot: '[]' }, known)).toBeUndefined();
  });
});

test('numbers are written in full: as decimals where they can be', () => {
  expect(['12.50', '-0.125', '3'].map((text) => exactText(exact(text)))).toEqual(['12.5', '-0.125', '3']);
  expect([ratio(1n, 3n), ratio(-22n, 7n), ratio(1n, 80n)].map(exactText)).toEqual(['1/3', '-22/7', '0.0125']);
});
