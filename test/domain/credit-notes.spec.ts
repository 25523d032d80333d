import type { BilledLine } from '../../src/domain/billing/line.js';
import { DAY, parseInstant } from '../../src/domain/instant.js';
import { decideStart } from '../../src/domain/subscription/commands/start.js';
import { bill, type BillingStory, plan, run } from '../support/billing-story.js';

const START = parseInstant('2025-01-01T00:00:00Z');
const flat = (key: string, amount: string) => plan({ plan: key, prices: [{ key: 'fee', kind: 'recurring', model: 'flat', amount }] });
const CALLS = plan({ plan: 'calls', prices: [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' }] });
const PLANS = [flat('small', '31.00'), flat('large', '62.00'), CALLS];

/** A month on a plan, changed to the large one after some days, with some calls. */
function story(
  key: string,
  { changedAfter, calls = [] }: { readonly changedAfter?: bigint; readonly calls?: readonly string[] },
): BillingStory {
  const held = PLANS.find((one) => one.plan === key) ?? CALLS;
  const account = { currency: 'USD', timeZone: 'UTC' };
  const [started] = decideStart({ startsAt: START }, { plan: held, account, held: [], now: START });
  const changed = {
    kind: 'plan_changed' as const,
    seq: 2,
    effectiveAt: START + (changedAfter ?? 0n) * DAY,
    recordedAt: START,
    plan: 'large',
    planVersion: 1,
    quantities: {},
    overrides: null,
    proration: 'prorate' as const,
    anchor: 'keep' as const,
    migration: false,
  };
  return {
    plans: PLANS,
    histories: [{ id: 's1', createdAt: START, facts: changedAfter === undefined ? [started] : [started, changed] }],
    events: calls.map((n, i) => ({ id: `e${String(i)}`, source: 's', type: 'call', time: START + DAY, data: { n, region: 'eu' } })),
    zone: 'UTC',
    until: START + 31n * DAY,
  };
}

const noted = (lines: readonly BilledLine[], creditNotedMinor: bigint): BilledLine[] =>
  lines.map((line, i) => (i === 0 ? { ...line, creditNotedMinor } : line));
const amounts = (lines: readonly { readonly plan: string | null; readonly amountMinor: bigint }[] = []) =>
  lines.map(({ plan: of, amountMinor }) => [of, amountMinor]);

test('a line of which credit notes took all, after a credit had made another charge cheaper, is credited no further, and never charged', () => {
  const at = START + 10n * DAY;
  const first = bill(story('small', {}), [START]);
  const change = run(story('small', { changedAfter: 10n }), first, at)?.lines ?? [];
  expect(amounts(change)).toEqual([
    ['small', -2_100n],
    ['large', 4_200n],
  ]);
  const billed = [...noted(first, 3_100n), ...change.map((line, i) => ({ ...line, id: `c${String(i)}`, creditNotedMinor: 0n }))];
  const earlier = run(story('small', { changedAfter: 5n }), billed, at)?.lines;
  expect(amounts(earlier)).toEqual([
    ['large', 1_000n],
    ['small', 0n],
  ]);
});

test.each([
  { case: 'less than credit notes left', calls: ['8'], note: 400n, adjusted: [['calls', -200n]] },
  { case: 'no more than credit notes left', calls: ['2'], note: 400n, adjusted: [['calls', -600n]] },
  { case: 'no more than that, where nothing was used at all', calls: [], note: 400n, adjusted: [['calls', -600n]] },
  { case: 'nothing, where credit notes took all', calls: ['2'], note: 1_000n, adjusted: [] },
  { case: 'nothing of a credit note, where more was used', calls: ['10', '3'], note: 1_000n, adjusted: [['calls', 300n]] },
])('usage that is corrected takes back $case', ({ calls, note, adjusted }) => {
  const end = START + 31n * DAY;
  const billed = noted(bill(story('calls', { calls: ['10'] }), [end]), note);
  const after = run(story('calls', { calls }), billed, end);
  expect(amounts(after?.lines)).toEqual(adjusted);
  const more = (after?.lines ?? []).map((line, i) => ({ ...line, id: `a${String(i)}`, creditNotedMinor: 0n }));
  expect(run(story('calls', { calls }), [...billed, ...more], end)).toBeUndefined();
});
