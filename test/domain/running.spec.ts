import fc from 'fast-check';
import { measureAlert } from '../../src/domain/billing/alert-measure.js';
import { prepareRunning, concludeRunning, type RunningTotal, type RunningWanted } from '../../src/domain/billing/running.js';
import { DAY, HOUR, type Instant, parseInstant } from '../../src/domain/instant.js';
import { answer } from '../../src/domain/metering/aggregate.js';
import type { UsageAnswer, UsageQuestion } from '../../src/domain/metering/question.js';
import { decideStart } from '../../src/domain/subscription/commands/start.js';
import type { PlanVersion } from '../../src/domain/catalog.js';
import { anyStory, bill, type BillingStory, dueInstants, EPOCH, facts, METERS, plan, run } from '../support/billing-story.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 200);

const answers = (story: BillingStory, questions: readonly UsageQuestion[]): UsageAnswer[] =>
  questions.map((question) =>
    answer(
      METERS.find(({ key }) => key === question.meter)!,
      question,
      story.events,
    ),
  );

const billedBy = (story: BillingStory, at: Instant) =>
  bill(
    story,
    dueInstants(story).filter((due) => due <= at),
  );

function running(story: BillingStory, wanted: RunningWanted): RunningTotal {
  const prepared = prepareRunning(facts(story, billedBy(story, wanted.at)), wanted);
  return concludeRunning(prepared, answers(story, prepared.questions));
}

const anyDay = fc.nat(170).map((day) => EPOCH + BigInt(day) * DAY + 7n * HOUR);

describe('the running total', () => {
  test('at the end of its period is the line that is billed then, to the cent and step by step', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyStory, anyDay, (story, at) => {
        for (const { servicePeriod } of running(story, { at }).lines) {
          if (servicePeriod.end > story.until) continue;
          const lines = running(story, { at, through: servicePeriod.end }).lines.filter(
            (line) => line.servicePeriod.end === servicePeriod.end,
          );
          const billed = bill(story, [servicePeriod.end]);
          for (const line of lines) {
            const own = billed.find(({ slot }) => slot === line.slot);
            if (!own) expect([line.amountMinor, line.quantity]).toEqual([0n, '0']);
            else {
              compared += 1;
              for (const field of ['amountMinor', 'quantity', 'breakdown', 'servicePeriod', 'groups', 'description'] as const)
                expect([field, line[field]]).toEqual([field, own[field]]);
            }
          }
          const wanted = billed.filter((line) => line.kind === 'metered' && line.servicePeriod.end === servicePeriod.end);
          expect(wanted.every((line) => lines.some(({ slot }) => slot === line.slot))).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 10);
  });

  test('says of a commitment at its end what is billed for it then', () => {
    fc.assert(
      fc.property(anyStory, anyDay, (story, at) => {
        for (const { item } of running(story, { at }).commitments) {
          if (item.stretch.end > story.until) continue;
          const { commitments } = running(story, { at, through: item.stretch.end });
          const own = bill(story, [item.stretch.end]).find(({ slot }) => slot === item.slot);
          expect(commitments.find((one) => one.item.slot === item.slot)?.missingMinor).toBe(own?.amountMinor ?? 0n);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('never falls while time passes, where more usage never costs less', () => {
    fc.assert(
      fc.property(anyStory, anyDay, fc.bigInt({ min: 0n, max: 20n * DAY }), (story, at, later) => {
        expect(running(story, { at, through: at + later }).totalMinor >= running(story, { at }).totalMinor).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

const at = parseInstant;
const START = at('2026-01-01T00:00:00Z');
const calls = (more: object) => ({
  key: 'calls',
  kind: 'metered' as const,
  meter: 'calls',
  model: 'per_unit' as const,
  unitPrice: '1',
  ...more,
});

function story(version: PlanVersion, events: readonly [string, string][]): BillingStory {
  const started = decideStart({ startsAt: START }, { plan: version, account: { currency: 'USD', timeZone: 'UTC' }, held: [], now: START });
  return {
    plans: [version],
    histories: [{ id: 's1', createdAt: START, facts: started }],
    events: events.map(([time, n], i) => ({ id: String(i), source: 's', type: 'call', time: at(time), data: { n, region: 'eu' } })),
    zone: 'UTC',
    until: START,
  };
}

const BEFORE = at('2026-01-10T00:00:00Z');
const END = at('2026-02-01T00:00:00Z');

test('free units and the maximum are those of the whole period, and the minimum stands beside the amount until the end', () => {
  const told = story(plan({ plan: 'p', prices: [calls({ freeUnits: '31', minimum: '20', maximum: '1000' })] }), [
    ['2026-01-02T00:00:00Z', '40'],
    ['2026-01-20T00:00:00Z', '2000'],
  ]);
  expect(running(told, { at: BEFORE }).lines).toMatchObject([{ quantity: '40', amountMinor: 900n, minimumMinor: 2_000n }]);
  expect(running({ ...told, events: told.events.slice(0, 1) }, { at: BEFORE, through: END }).lines).toMatchObject([
    { quantity: '40', amountMinor: 2_000n, minimumMinor: null },
  ]);
  expect(running(told, { at: at('2026-01-25T00:00:00Z') }).lines).toMatchObject([{ quantity: '2040', amountMinor: 100_000n }]);
});

test('at the very end the next period runs, with nothing used', () => {
  const told = story(plan({ plan: 'p', prices: [calls({})] }), [['2026-01-02T00:00:00Z', '40']]);
  expect(running(told, { at: END }).lines).toMatchObject([{ quantity: '0', amountMinor: 0n, servicePeriod: { start: END } }]);
});

test('a commitment counts the pieces of its period that were billed already, and is no part of the total', () => {
  const version = plan({
    plan: 'p',
    interval: { unit: 'year', count: 1 },
    minimumCommitment: '100',
    prices: [calls({ interval: { unit: 'month', count: 1 } })],
  });
  const told = story(version, [
    ['2026-01-02T00:00:00Z', '40'],
    ['2026-03-02T00:00:00Z', '5'],
  ]);
  const found = running(told, { at: at('2026-03-10T00:00:00Z') });
  expect(found.lines.map((line) => [line.quantity, line.servicePeriod.start])).toEqual([['5', at('2026-03-01T00:00:00Z')]]);
  expect(found).toMatchObject({ totalMinor: 500n, commitments: [{ commitmentMinor: 10_000n, missingMinor: 5_500n }] });
});

describe('what an alert measures', () => {
  const told = story(plan({ plan: 'p', prices: [calls({ unitPrice: '2' })] }), [
    ['2026-01-02T00:00:00Z', '40'],
    ['2026-01-12T00:00:00Z', '2'],
  ]);
  const value = (rule: Partial<Parameters<typeof measureAlert>[0]>, from: BillingStory, when: string) => {
    const moment = { at: at(when), through: at(when) };
    const measure = measureAlert({ meter: 'calls', on: 'quantity', plan: null, ...rule }, facts(from, billedBy(from, moment.at)), moment);
    return measure && [measure.value(answers(from, measure.questions)).toString(), measure.period.start];
  };

  test.each<[string, Partial<Parameters<typeof measureAlert>[0]>, string, unknown]>([
    ['the quantity in the period of the subscription', {}, '2026-01-20T00:00:00Z', ['42', START]],
    ['its cost', { on: 'cost' }, '2026-01-20T00:00:00Z', ['84', START]],
    ['nothing of a period before', {}, '2026-02-20T00:00:00Z', ['0', END]],
    ['nothing where another plan is held', { plan: 'other' }, '2026-01-20T00:00:00Z', undefined],
    ['no cost of a meter that nothing prices', { meter: 'node-hours', on: 'cost' }, '2026-01-20T00:00:00Z', undefined],
    ['the calendar month where nothing prices the meter', { meter: 'node-hours' }, '2026-01-20T00:00:00Z', ['0', START]],
  ])('%s', (_case, rule, when, expected) => {
    expect(value(rule, told, when)).toEqual(expected);
  });

  test('the cost goes on over a change of price within the period: what was billed for its earlier pieces counts', () => {
    const dearer = { ...plan({ plan: 'p', prices: [calls({ unitPrice: '10' })] }), version: 2 };
    const [history] = told.histories;
    const changed: BillingStory = {
      ...told,
      plans: [...told.plans, dearer],
      histories: [
        {
          ...history!,
          facts: [
            ...history!.facts,
            {
              kind: 'plan_changed',
              seq: 2,
              effectiveAt: BEFORE,
              recordedAt: BEFORE,
              plan: 'p',
              planVersion: 2,
              quantities: null,
              overrides: null,
              proration: 'prorate',
              anchor: 'keep',
              migration: false,
            },
          ],
        },
      ],
      until: at('2026-03-01T00:00:00Z'),
    };
    expect(run(changed, [], BEFORE)?.lines.map((line) => line.amountMinor)).toEqual([8_000n]);
    expect(value({ on: 'cost' }, changed, '2026-01-20T00:00:00Z')).toEqual(['100', START]); // 40 x 2 + 2 x 10
    expect(value({}, changed, '2026-01-20T00:00:00Z')).toEqual(['42', START]);
  });
});
