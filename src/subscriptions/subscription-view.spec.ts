import type { PlanVersion } from '../domain/catalog.js';
import { parseInstant } from '../domain/instant.js';
import type { EndedFact, Fact, PlanChangedFact, StartedFact } from '../domain/subscription/facts.js';
import { subscriptionView } from './subscription-view.js';
import type { SubscriptionView } from './subscriptions.dto.js';

const at = (day: string) => parseInstant(`2026-${day}T00:00:00Z`);

const plan = (key: string): PlanVersion => ({
  plan: key,
  version: 1,
  name: key,
  product: 'cloud',
  currency: 'USD',
  interval: { unit: 'month', count: 1 },
  trialDays: 0,
  prorationBasis: 'second',
  minimumCommitment: null,
  entitlements: {},
  prices: [],
});

const started: StartedFact = {
  kind: 'started',
  seq: 1,
  effectiveAt: at('03-01'),
  recordedAt: at('02-01'),
  plan: 'small',
  planVersion: 1,
  quantities: { seat: '3' },
  timeZone: 'UTC',
  alignment: 'anniversary',
  anchorAt: null,
  trialEndsAt: at('03-11'),
  overrides: null,
  coupon: null,
  addOnTo: null,
  paidThroughAt: null,
};
const changed = (day: string): PlanChangedFact => ({
  kind: 'plan_changed',
  seq: 2,
  effectiveAt: at(day),
  recordedAt: at('02-01'),
  plan: 'large',
  planVersion: 1,
  quantities: {},
  overrides: null,
  proration: 'prorate',
  anchor: 'keep',
  migration: false,
});
const ended = (day: string, seq = 2): EndedFact => ({
  kind: 'ended',
  seq,
  effectiveAt: at(day),
  recordedAt: at('02-01'),
  proration: 'none',
  invoiceUsage: true,
});

const viewAt = (day: string, ...later: Fact[]): SubscriptionView =>
  subscriptionView(
    { id: 'sub_1', createdAt: at('02-01'), facts: [started, ...later] },
    {
      account: 'acme',
      versions: new Map([plan('small'), plan('large')].map((version) => [`${version.plan}@1`, version])),
      at: at(day),
      pastDue: false,
    },
  );

describe('a subscription is shown', () => {
  it.each([
    { when: 'before its start', day: '02-20', facts: [], shows: { status: 'scheduled', plan: 'small', currentPeriod: null } },
    {
      when: 'in its trial',
      day: '03-05',
      facts: [],
      shows: { status: 'trialing', currentPeriod: { start: '2026-03-01T00:00:00Z', end: '2026-03-11T00:00:00Z' } },
    },
    {
      when: 'after its trial',
      day: '03-11',
      facts: [],
      shows: { status: 'active', currentPeriod: { start: '2026-03-11T00:00:00Z', end: '2026-04-11T00:00:00Z' }, quantities: { seat: 3 } },
    },
    {
      when: 'with a change ahead',
      day: '03-12',
      facts: [changed('04-11')],
      shows: {
        plan: 'small',
        scheduledChanges: [{ kind: 'plan_changed', effectiveAt: '2026-04-11T00:00:00Z', plan: 'large', planVersion: 1 }],
      },
    },
    { when: 'after that change', day: '04-11', facts: [changed('04-11')], shows: { plan: 'large', scheduledChanges: [] } },
    {
      when: 'with an end before a change',
      day: '03-12',
      facts: [changed('04-11'), ended('04-11', 3)],
      shows: {
        endsAt: '2026-04-11T00:00:00Z',
        scheduledChanges: [{ kind: 'ended', effectiveAt: '2026-04-11T00:00:00Z', plan: null, planVersion: null }],
      },
    },
    { when: 'after its end', day: '04-11', facts: [ended('04-11')], shows: { status: 'canceled', plan: 'small', currentPeriod: null } },
    { when: 'canceled before its start', day: '04-11', facts: [ended('03-01')], shows: { status: 'canceled', plan: 'small' } },
  ])('$when', ({ day, facts, shows }) => {
    expect(viewAt(day, ...facts)).toMatchObject(shows);
  });
});
