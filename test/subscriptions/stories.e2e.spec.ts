import { type SubscriptionStory, tell } from '../support/subscription-story.js';

const JAN = '2026-01-01T00:00:00Z';
const FEB = '2026-02-01T00:00:00Z';
const MAR = '2026-03-01T00:00:00Z';
const at = (day: string): string => `2026-${day}T00:00:00Z`;
const ends = (day: string): string => `2026-${day}T12:00:00Z`;

type Told = readonly [name: string, story: SubscriptionStory];

const STARTS: readonly Told[] = [
  [
    'starts now',
    {
      now: JAN,
      start: { plan: 'small' },
      until: ends('02-02'),
      invoices: ['2026-01-01 31.00', '2026-02-01 31.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'starts in the past: what was due then is billed now',
    {
      now: at('02-11'),
      start: { plan: 'small', startsAt: JAN },
      until: ends('02-12'),
      invoices: ['2026-02-11 62.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'starts in the future: nothing is billed before',
    { now: JAN, start: { plan: 'small', startsAt: at('01-11') }, until: ends('01-12'), invoices: ['2026-01-11 31.00'] },
  ],
  [
    'starts aligned with the calendar, with a piece up to the first of the month',
    {
      now: at('01-22'),
      start: { plan: 'small', alignment: 'calendar' },
      until: ends('02-02'),
      invoices: ['2026-01-22 10.00', '2026-02-01 31.00'],
      paid: { first: [[at('01-22'), MAR]] },
    },
  ],
  [
    'starts with an anchor of its own',
    {
      now: JAN,
      start: { plan: 'small', anchorAt: at('01-11') },
      until: ends('01-12'),
      invoices: ['2026-01-01 10.00', '2026-01-11 31.00'],
      paid: { first: [[JAN, at('02-11')]] },
    },
  ],
  [
    'is not charged in its trial, and anchored at its end',
    {
      now: JAN,
      start: { plan: 'trial' },
      until: ends('01-12'),
      invoices: ['2026-01-11 31.00'],
      paid: { first: [[at('01-11'), at('02-11')]] },
    },
  ],
  [
    'has its trial extended',
    {
      now: JAN,
      start: { plan: 'trial' },
      steps: [{ at: at('01-05'), do: 'extend-trial', trialEndsAt: at('01-21') }],
      until: ends('01-22'),
      invoices: ['2026-01-21 31.00'],
      paid: { first: [[at('01-21'), at('02-21')]] },
    },
  ],
  [
    'has its trial ended at once',
    {
      now: JAN,
      start: { plan: 'trial' },
      steps: [{ at: at('01-05'), do: 'extend-trial', trialEndsAt: at('01-05') }],
      until: ends('01-06'),
      invoices: ['2026-01-05 31.00'],
      paid: { first: [[at('01-05'), at('02-05')]] },
    },
  ],
  [
    'has an end from the start: what is charged in advance goes up to it',
    {
      now: JAN,
      start: { plan: 'small', endsAt: at('01-11') },
      until: ends('02-02'),
      invoices: ['2026-01-01 10.00'],
      paid: { first: [[JAN, at('01-11')]] },
    },
  ],
  [
    'has prices of its own',
    {
      now: JAN,
      start: { plan: 'small', overrides: { prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '15.50' }] } },
      steps: [{ at: at('01-11'), do: 'change-plan', plan: 'large' }],
      until: ends('01-12'),
      invoices: ['2026-01-01 15.50', '2026-01-11 31.50'], // 10.50 back, 42.00 charged: the override was for the small plan
    },
  ],
];

const CHANGES: readonly Told[] = [
  [
    'changes its plan now',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-11'), do: 'change-plan', plan: 'large' }],
      until: ends('02-02'),
      invoices: ['2026-01-01 31.00', '2026-01-11 21.00', '2026-02-01 62.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'changes its plan at the end of the period',
    {
      now: JAN,
      start: { plan: 'large' },
      steps: [{ at: at('01-11'), do: 'change-plan', plan: 'small', when: 'period_end' }],
      until: ends('02-02'),
      invoices: ['2026-01-01 62.00', '2026-02-01 31.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'changes its plan at an instant: what was charged beyond it comes back then',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-02'), do: 'change-plan', plan: 'large', when: at('01-11') }],
      until: ends('01-12'),
      invoices: ['2026-01-01 31.00', '2026-01-11 21.00'],
      paid: { first: [[JAN, FEB]] },
    },
  ],
  [
    'changes its plan and begins a new period',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-11'), do: 'change-plan', plan: 'large', anchor: 'reset' }],
      until: ends('02-12'),
      invoices: ['2026-01-01 31.00', '2026-01-11 41.00', '2026-02-11 62.00'],
      paid: { first: [[JAN, at('03-11')]] },
    },
  ],
  [
    'changes its plan without proration',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-11'), do: 'change-plan', plan: 'large', proration: 'none' }],
      until: ends('02-02'),
      invoices: ['2026-01-01 31.00', '2026-02-01 62.00'],
    },
  ],
  [
    'goes from months to years and back',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'change-plan', plan: 'yearly' },
        { at: at('01-21'), do: 'change-plan', plan: 'small' },
      ],
      until: ends('02-22'),
      invoices: ['2026-01-01 31.00', '2026-01-11 344.00', '2026-01-21 -324.00', '2026-02-21 31.00'],
      paid: { first: [[JAN, at('03-21')]] },
    },
  ],
  [
    'is upgraded twice in one period',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'change-plan', plan: 'large' },
        { at: at('01-21'), do: 'change-plan', plan: 'huge' },
      ],
      until: ends('02-02'),
      invoices: ['2026-01-01 31.00', '2026-01-11 21.00', '2026-01-21 88.00', '2026-02-01 310.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'is downgraded, then upgraded before that takes effect: the upgrade takes its place',
    {
      now: JAN,
      start: { plan: 'large' },
      steps: [
        { at: at('01-11'), do: 'change-plan', plan: 'small', when: 'period_end' },
        { at: at('01-21'), do: 'change-plan', plan: 'huge' },
      ],
      until: ends('02-02'),
      invoices: ['2026-01-01 62.00', '2026-01-21 88.00', '2026-02-01 310.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'is downgraded, and keeps its plan after all',
    {
      now: JAN,
      start: { plan: 'large' },
      steps: [
        { at: at('01-11'), do: 'change-plan', plan: 'small', when: 'auto' },
        { at: at('01-21'), do: 'discard-scheduled' },
      ],
      until: ends('02-02'),
      invoices: ['2026-01-01 62.00', '2026-02-01 62.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'has more seats and fewer on the same day',
    {
      now: JAN,
      start: { plan: 'seats', quantities: { seat: 2 } },
      steps: [
        { at: at('01-11'), do: 'change-quantity', price: 'seat', quantity: 5 },
        { at: ends('01-11'), do: 'change-quantity', price: 'seat', quantity: 3 },
      ],
      until: ends('02-02'),
      invoices: ['2026-01-01 62.00', '2026-01-11 63.00', '2026-01-11 -41.00', '2026-02-01 93.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'has no seat at all for a while',
    {
      now: JAN,
      start: { plan: 'seats', quantities: { seat: 1 } },
      steps: [
        { at: at('01-11'), do: 'change-quantity', price: 'seat', quantity: 0 },
        { at: at('01-21'), do: 'change-quantity', price: 'seat', quantity: 1 },
      ],
      until: ends('01-22'),
      invoices: ['2026-01-01 31.00', '2026-01-11 -21.00', '2026-01-21 11.00'],
      paid: { first: [[JAN, FEB]] },
    },
  ],
  [
    'is changed back in time, before an invoice that was issued since',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('02-11'), do: 'change-plan', plan: 'large', when: at('01-21') }],
      until: ends('02-12'),
      invoices: ['2026-01-01 31.00', '2026-02-01 31.00', '2026-02-11 42.00'], // 11 of January and all of February at twice the price
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'is charged its setup fee once, whatever plan it changes to',
    {
      now: JAN,
      start: { plan: 'setup' },
      steps: [
        { at: at('01-11'), do: 'change-plan', plan: 'small' },
        { at: at('01-21'), do: 'change-plan', plan: 'setup' },
      ],
      until: ends('01-22'),
      invoices: ['2026-01-01 36.00', '2026-01-11 0.00', '2026-01-21 0.00'],
    },
  ],
];

const ENDS: readonly Told[] = [
  [
    'is canceled now, and gets the rest back',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-11'), do: 'cancel', when: 'now', proration: 'prorate' }],
      until: ends('02-02'),
      invoices: ['2026-01-01 31.00', '2026-01-11 -21.00'],
      paid: { first: [[JAN, at('01-11')]] },
    },
  ],
  [
    'is canceled at the end of its period',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-11'), do: 'cancel' }],
      until: ends('02-02'),
      invoices: ['2026-01-01 31.00'],
      paid: { first: [[JAN, FEB]] },
    },
  ],
  [
    'is canceled at an instant in a later period, which is charged up to it',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-11'), do: 'cancel', when: at('02-15'), proration: 'prorate' }],
      until: ends('02-16'),
      invoices: ['2026-01-01 31.00', '2026-02-01 15.50'],
      paid: { first: [[JAN, at('02-15')]] },
    },
  ],
  [
    'goes on after all',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'cancel' },
        { at: at('01-21'), do: 'uncancel' },
      ],
      until: ends('02-02'),
      invoices: ['2026-01-01 31.00', '2026-02-01 31.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'is canceled at the end of its period, then changes its plan: it still ends',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'cancel' },
        { at: at('01-21'), do: 'change-plan', plan: 'large' },
      ],
      until: ends('02-02'),
      invoices: ['2026-01-01 31.00', '2026-01-21 11.00'],
      paid: { first: [[JAN, FEB]] },
    },
  ],
  [
    'is billed in arrears up to its end',
    {
      now: JAN,
      start: { plan: 'arrears' },
      steps: [{ at: at('02-08'), do: 'cancel', when: 'now' }],
      until: ends('03-02'),
      invoices: ['2026-02-01 31.00', '2026-02-08 7.75'],
      paid: { first: [[JAN, at('02-08')]] },
    },
  ],
];

describe.each([
  ['a subscription that', STARTS],
  ['a subscription that ', CHANGES],
  ['a subscription that  ', ENDS],
])('%s', (_title, stories) => {
  test.each(stories)('%s', (_name, story) => tell(story), 30_000);
});
