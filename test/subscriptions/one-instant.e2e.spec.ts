import { type SubscriptionStory, tell } from '../support/subscription-story.js';

const JAN = '2026-01-01T00:00:00Z';
const at = (day: string): string => `2026-${day}T00:00:00Z`;

type Told = readonly [name: string, story: SubscriptionStory];

const ONE_TIME: readonly Told[] = [
  [
    'a change back to the start gives no one-time price back',
    {
      now: JAN,
      start: { plan: 'setup' },
      steps: [{ at: at('01-11'), do: 'change-plan', plan: 'large', when: JAN }],
      until: at('01-12'),
      invoices: ['2026-01-01 36.00', '2026-01-11 31.00'],
    },
  ],
  [
    'a change at the very start gives no one-time price back, nor charges it again',
    {
      now: JAN,
      start: { plan: 'setup' },
      steps: [
        { at: JAN, do: 'change-plan', plan: 'large' },
        { at: at('01-11'), do: 'change-plan', plan: 'setup' },
      ],
      until: at('01-12'),
      invoices: ['2026-01-01 36.00', '2026-01-01 31.00', '2026-01-11 -21.00'],
    },
  ],
  [
    'what is new with a change at the very start is charged then',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: JAN, do: 'change-plan', plan: 'setup' }],
      until: at('01-12'),
      invoices: ['2026-01-01 31.00', '2026-01-01 5.00'],
    },
  ],
  [
    'a plan that was replaced before it began charges no one-time price',
    {
      now: JAN,
      start: { plan: 'setup', startsAt: at('01-11') },
      steps: [{ at: at('01-05'), do: 'change-plan', plan: 'large' }],
      until: at('01-12'),
      invoices: ['2026-01-11 62.00'],
    },
  ],
];

const WITHOUT_PRORATION: readonly Told[] = [
  [
    'what a change without proration left paid stays paid when the new plan is canceled with proration in the same instant',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'change-plan', plan: 'large', proration: 'none' },
        { at: at('01-11'), do: 'cancel', when: 'now', proration: 'prorate' },
      ],
      until: at('03-02'),
      invoices: ['2026-01-01 31.00'],
    },
  ],
  [
    'and when it is paused in the same instant',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'change-plan', plan: 'large', proration: 'none' },
        { at: at('01-11'), do: 'pause' },
      ],
      until: at('01-12'),
      invoices: ['2026-01-01 31.00'],
    },
  ],
  [
    'and when a new period is begun, left again and canceled in the same instant',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'change-plan', plan: 'large', proration: 'none', anchor: 'reset' },
        { at: at('01-11'), do: 'change-plan', plan: 'small' },
        { at: at('01-11'), do: 'cancel', when: 'now', proration: 'prorate' },
      ],
      until: at('03-02'),
      invoices: ['2026-01-01 31.00', '2026-01-11 62.00', '2026-01-11 -31.00', '2026-01-11 -31.00'],
    },
  ],
  [
    'a pause that began before the change has given it back',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'pause' },
        { at: at('01-11'), do: 'change-plan', plan: 'large', proration: 'none' },
      ],
      until: at('01-12'),
      invoices: ['2026-01-01 31.00', '2026-01-11 -21.00'],
    },
  ],
  [
    'an end that is known before a period begins cuts its charge, whatever its proration',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-11'), do: 'cancel', when: at('02-15') }],
      until: at('03-02'),
      invoices: ['2026-01-01 31.00', '2026-02-01 15.50'],
      paid: { first: [[JAN, at('02-15')]] },
    },
  ],
  [
    'an end that becomes known later gives nothing back without proration',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-11'), do: 'cancel', when: at('01-21') }],
      until: at('03-02'),
      invoices: ['2026-01-01 31.00'],
    },
  ],
  [
    'nor does one that is told in the instant of the charge',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: JAN, do: 'cancel', when: at('01-21') }],
      until: at('03-02'),
      invoices: ['2026-01-01 31.00'],
    },
  ],
  [
    'an end that comes before one that was known keeps what was charged, and charges no more',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'cancel', when: at('02-15') },
        { at: at('02-05'), do: 'cancel', when: at('02-08') },
      ],
      until: at('03-02'),
      invoices: ['2026-01-01 31.00', '2026-02-01 15.50'],
    },
  ],
  [
    'a cancellation that is taken back charges the rest of the period',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'cancel', when: at('02-15') },
        { at: at('02-05'), do: 'uncancel' },
      ],
      until: at('02-28'),
      invoices: ['2026-01-01 31.00', '2026-02-01 15.50', '2026-02-05 15.50'],
      paid: { first: [[JAN, at('03-01')]] },
    },
  ],
];

const BEFORE_THE_START: readonly Told[] = [
  [
    'what has not started is canceled at once',
    {
      now: JAN,
      start: { plan: 'setup', startsAt: at('02-01') },
      steps: [{ at: at('01-11'), do: 'cancel', when: 'now' }],
      until: at('03-02'),
      invoices: [],
    },
  ],
  [
    'and at its start where the end of the period is asked for: it never begins',
    {
      now: JAN,
      start: { plan: 'setup', startsAt: at('02-01') },
      steps: [{ at: at('01-11'), do: 'cancel' }],
      until: at('03-02'),
      invoices: [],
    },
  ],
];

describe('one-time prices', () => test.each(ONE_TIME)('%s', (_name, story) => tell(story), 30_000));
describe('without proration', () => test.each(WITHOUT_PRORATION)('%s', (_name, story) => tell(story), 30_000));
describe('before the start', () => test.each(BEFORE_THE_START)('%s', (_name, story) => tell(story), 30_000));
