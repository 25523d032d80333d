import type { MeteredPrice, PlanVersion } from '../../catalog.js';
import { type Instant, parseInstant } from '../../instant.js';
import { Refusal } from '../../refusal.js';
import type { SubscriptionHistory } from '../facts.js';
import { holdings, versionKey } from '../history.js';
import { type Action, decide } from './decide.js';
import { decideStart, type StartCommand } from './start.js';

const calls = (more: Partial<MeteredPrice> = {}): MeteredPrice =>
  ({ key: 'use', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1', ...more }) as MeteredPrice;
const planned = (plan: string, prices: PlanVersion['prices']): PlanVersion => ({
  plan,
  version: 1,
  name: plan,
  product: 'test',
  currency: 'USD',
  interval: { unit: 'month', count: 1 },
  trialDays: 0,
  prorationBasis: 'second',
  minimumCommitment: null,
  entitlements: {},
  prices,
});
const PLANS = {
  a: planned('a', [calls()]),
  b: planned('b', [calls()]),
  eu: planned('eu', [calls({ filter: { region: ['eu'] } })]),
  us: planned('us', [calls({ filter: { region: ['us'] } })]),
  flat: planned('flat', []),
};
const versions = new Map(Object.values(PLANS).map((plan) => [versionKey(plan.plan, plan.version), plan]));
const at = (day: string): Instant => parseInstant(`2026-${day}T00:00:00Z`);

/** An account whose subscriptions are told one after the other. */
class Account {
  readonly histories: SubscriptionHistory[] = [];

  start(id: string, plan: PlanVersion, startsAt: Instant, more: Partial<StartCommand> & { readonly addOnTo?: string } = {}): this {
    const { addOnTo, ...command } = more;
    const parent = this.histories.find((history) => history.id === addOnTo);
    const account = { currency: 'USD', timeZone: 'UTC' };
    const facts = decideStart(
      { startsAt, ...command },
      { plan, account, held: this.held(), now: at('01-01'), ...(parent && { parent: { history: parent, versions } }) },
    );
    this.histories.push({ id, createdAt: startsAt, facts, ...(parent && { parent }) });
    return this;
  }

  act(id: string, action: Action, now: Instant): this {
    const i = this.histories.findIndex((history) => history.id === id);
    const history = this.histories[i];
    if (!history) throw new RangeError(id);
    const addOns = this.histories.filter((other) => other.parent?.id === id);
    const facts = decide(action, { history, versions, now, mayBackdate: true, heldElsewhere: this.held(id), addOns });
    const after = { ...history, facts: [...history.facts, ...facts] };
    this.histories[i] = after;
    for (const [n, other] of this.histories.entries()) if (other.parent?.id === id) this.histories[n] = { ...other, parent: after };
    return this;
  }

  private held(besides?: string): ReturnType<typeof holdings> {
    return this.histories.filter(({ id }) => id !== besides).flatMap((history) => holdings(history, versions));
  }
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'done';
};

const [JAN, MID, FEB] = [at('01-01'), at('01-16'), at('02-01')];
const toFlat = { action: 'change-plan', plan: PLANS.flat, when: 'period_end' } as const;
const cancel = { action: 'cancel' } as const;
const uncancel = { action: 'uncancel' } as const;
const discard = { action: 'discard-scheduled' } as const;

describe('one subscription at a time prices a meter', () => {
  test.each<[string, () => unknown, string]>([
    [
      'a change that was to give the meter up is not discarded once another took it',
      () => new Account().start('s', PLANS.a, JAN).act('s', toFlat, MID).start('t', PLANS.b, FEB).act('s', discard, MID),
      'meter_already_priced',
    ],
    [
      'an end is not taken back once another took the meter',
      () => new Account().start('s', PLANS.a, JAN).act('s', cancel, MID).start('t', PLANS.b, FEB).act('s', uncancel, MID),
      'meter_already_priced',
    ],
    [
      'nor is it where an add-on would go on with its meter',
      () =>
        new Account()
          .start('s', PLANS.flat, JAN)
          .start('add', PLANS.a, JAN, { addOnTo: 's' })
          .act('s', cancel, MID)
          .start('t', PLANS.b, FEB)
          .act('s', uncancel, MID),
      'meter_already_priced',
    ],
    [
      'a plan is not changed to one with the meter of an add-on',
      () =>
        new Account()
          .start('s', PLANS.flat, JAN)
          .start('add', PLANS.a, JAN, { addOnTo: 's' })
          .act('s', { action: 'change-plan', plan: PLANS.b }, MID),
      'meter_already_priced',
    ],
    [
      'an override is not given a filter that clashes',
      () =>
        new Account()
          .start('s', PLANS.eu, JAN)
          .start('t', PLANS.us, JAN, { overrides: { prices: [calls({ filter: { region: ['us', 'eu'] } })] } }),
      'meter_already_priced',
    ],
    [
      'an end is taken back where the filters exclude each other',
      () => new Account().start('s', PLANS.eu, JAN).act('s', cancel, MID).start('t', PLANS.us, FEB).act('s', uncancel, MID),
      'done',
    ],
    [
      'an end is taken back where nobody else has the meter',
      () => new Account().start('s', PLANS.a, JAN).act('s', cancel, MID).start('t', PLANS.flat, FEB).act('s', uncancel, MID),
      'done',
    ],
    [
      'a subscription that gives the meter up may do so, whatever else is held',
      () => new Account().start('s', PLANS.a, JAN).act('s', toFlat, MID).start('t', PLANS.b, FEB).act('t', cancel, FEB),
      'done',
    ],
  ])('%s', (_name, story, outcome) => {
    expect(codeOf(story)).toBe(outcome);
  });
});
