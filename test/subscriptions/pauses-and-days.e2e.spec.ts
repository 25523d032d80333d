import { type SubscriptionStory, tell } from '../support/subscription-story.js';

const JAN = '2026-01-01T00:00:00Z';
const FEB = '2026-02-01T00:00:00Z';
const MAR = '2026-03-01T00:00:00Z';
const at = (day: string): string => `2026-${day}T00:00:00Z`;
const noon = (day: string): string => `2026-${day}T12:00:00Z`;

type Told = readonly [name: string, story: SubscriptionStory];

const FIVE_PAUSES = ['02', '04', '06', '08', '10'];

const PAUSES: readonly Told[] = [
  [
    'is paused and resumed within a period',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'pause' },
        { at: at('01-21'), do: 'resume' },
      ],
      until: noon('02-02'),
      invoices: ['2026-01-01 31.00', '2026-01-11 -21.00', '2026-01-21 11.00', '2026-02-01 31.00'],
      paid: {
        first: [
          [JAN, at('01-11')],
          [at('01-21'), MAR],
        ],
      },
    },
  ],
  [
    'is paused over the end of a period',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-21'), do: 'pause' },
        { at: at('02-15'), do: 'resume' },
      ],
      until: noon('03-02'),
      invoices: ['2026-01-01 31.00', '2026-01-21 -11.00', '2026-02-15 15.50', '2026-03-01 31.00'],
      paid: {
        first: [
          [JAN, at('01-21')],
          [at('02-15'), '2026-04-01T00:00:00Z'],
        ],
      },
    },
  ],
  [
    'is paused until a day that is known: what comes back and what is charged then are known too',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [{ at: at('01-02'), do: 'pause', when: at('01-11'), resumesAt: at('01-21') }],
      until: noon('02-02'),
      invoices: ['2026-01-01 31.00', '2026-01-11 -21.00', '2026-01-21 11.00', '2026-02-01 31.00'],
      paid: {
        first: [
          [JAN, at('01-11')],
          [at('01-21'), MAR],
        ],
      },
    },
  ],
  [
    'is not paused after all',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-02'), do: 'pause', when: at('01-11'), resumesAt: at('01-21') },
        { at: at('01-05'), do: 'discard-scheduled' },
      ],
      until: noon('02-02'),
      invoices: ['2026-01-01 31.00', '2026-02-01 31.00'],
      paid: { first: [[JAN, MAR]] },
    },
  ],
  [
    'is paused and resumed five times within a year that was paid for',
    {
      now: JAN,
      start: { plan: 'yearly' },
      steps: FIVE_PAUSES.flatMap((month) => [
        { at: at(`${month}-01`), do: 'pause' },
        { at: at(`${month}-11`), do: 'resume' },
      ]),
      until: noon('12-30'),
      invoices: [
        '2026-01-01 365.00',
        '2026-02-01 -334.00',
        '2026-02-11 324.00',
        '2026-04-01 -275.00',
        '2026-04-11 265.00',
        '2026-06-01 -214.00',
        '2026-06-11 204.00',
        '2026-08-01 -153.00',
        '2026-08-11 143.00',
        '2026-10-01 -92.00',
        '2026-10-11 82.00',
      ],
      paid: {
        first: [
          [JAN, at('02-01')],
          [at('02-11'), at('04-01')],
          [at('04-11'), at('06-01')],
          [at('06-11'), at('08-01')],
          [at('08-11'), at('10-01')],
          [at('10-11'), '2027-01-01T00:00:00Z'],
        ],
      },
    },
  ],
  [
    'is billed in arrears for the time in which it was not paused',
    {
      now: JAN,
      start: { plan: 'arrears' },
      steps: [
        { at: at('01-11'), do: 'pause' },
        { at: at('01-21'), do: 'resume' },
      ],
      until: noon('02-02'),
      invoices: ['2026-02-01 21.00'],
      paid: {
        first: [
          [JAN, at('01-11')],
          [at('01-21'), FEB],
        ],
      },
    },
  ],
  [
    'changes its plan while it is paused, and is charged the new one when it is resumed',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'pause' },
        { at: at('01-16'), do: 'change-plan', plan: 'large' },
        { at: at('01-21'), do: 'resume' },
      ],
      until: noon('01-22'),
      invoices: ['2026-01-01 31.00', '2026-01-11 -21.00', '2026-01-21 22.00'],
      paid: {
        first: [
          [JAN, at('01-11')],
          [at('01-21'), FEB],
        ],
      },
    },
  ],
  [
    'is canceled while it is paused: nothing is kept and nothing comes back twice',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'pause' },
        { at: at('01-16'), do: 'cancel', when: 'now' },
      ],
      until: noon('02-02'),
      invoices: ['2026-01-01 31.00', '2026-01-11 -21.00'],
      paid: { first: [[JAN, at('01-11')]] },
    },
  ],
];

const ADD_ONS: readonly Told[] = [
  [
    'has an add-on from the middle of a period, which ends with it',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: at('01-11'), do: 'start', on: 'second', plan: 'extra', addOnTo: 'first' },
        { at: at('02-15'), do: 'cancel', when: 'now', proration: 'prorate' },
      ],
      until: noon('03-02'),
      invoices: ['2026-01-01 31.00', '2026-01-11 10.50', '2026-02-01 46.50', '2026-02-15 -23.25'],
      paid: { first: [[JAN, at('02-15')]], second: [[at('01-11'), at('02-15')]] },
    },
  ],
  [
    'pauses its add-on with itself',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: JAN, do: 'start', on: 'second', plan: 'extra', addOnTo: 'first' },
        { at: at('01-11'), do: 'pause' },
        { at: at('01-21'), do: 'resume' },
      ],
      until: noon('01-22'),
      invoices: ['2026-01-01 31.00', '2026-01-01 15.50', '2026-01-11 -31.50', '2026-01-21 16.50'],
      paid: {
        first: [
          [JAN, at('01-11')],
          [at('01-21'), FEB],
        ],
        second: [
          [JAN, at('01-11')],
          [at('01-21'), FEB],
        ],
      },
    },
  ],
  [
    'takes its add-on along when its anchor is reset, and loses it by itself',
    {
      now: JAN,
      start: { plan: 'small' },
      steps: [
        { at: JAN, do: 'start', on: 'second', plan: 'extra', addOnTo: 'first' },
        { at: at('01-11'), do: 'change-plan', plan: 'large', anchor: 'reset' },
        { at: at('01-26'), do: 'cancel', on: 'second' },
      ],
      until: noon('02-12'),
      invoices: ['2026-01-01 31.00', '2026-01-01 15.50', '2026-01-11 46.00', '2026-02-11 62.00'],
      paid: { first: [[JAN, at('03-11')]], second: [[JAN, at('02-11')]] },
    },
  ],
  [
    'shares its trial with its add-on',
    {
      now: JAN,
      start: { plan: 'trial' },
      steps: [
        { at: at('01-05'), do: 'start', on: 'second', plan: 'extra', addOnTo: 'first' },
        { at: at('01-06'), do: 'extend-trial', trialEndsAt: at('01-21') },
      ],
      until: noon('01-22'),
      invoices: ['2026-01-21 46.50'],
      paid: { first: [[at('01-21'), at('02-21')]], second: [[at('01-21'), at('02-21')]] },
    },
  ],
];

const DAYS: readonly Told[] = [
  [
    'starts on 29 February of a leap year',
    {
      now: '2028-02-29T00:00:00Z',
      start: { plan: 'yearly' },
      until: '2029-03-02T00:00:00Z',
      invoices: ['2028-02-29 365.00', '2029-02-28 365.00'],
      paid: { first: [['2028-02-29T00:00:00Z', '2030-02-28T00:00:00Z']] },
    },
  ],
  [
    'changes on 29 February',
    {
      now: '2028-02-01T00:00:00Z',
      start: { plan: 'small' },
      steps: [{ at: '2028-02-29T00:00:00Z', do: 'change-plan', plan: 'large' }],
      until: '2028-03-02T00:00:00Z',
      invoices: ['2028-02-01 31.00', '2028-02-29 1.07', '2028-03-01 62.00'],
      paid: { first: [['2028-02-01T00:00:00Z', '2028-04-01T00:00:00Z']] },
    },
  ],
  [
    'starts on the 31st and changes on one',
    {
      now: at('01-31'),
      start: { plan: 'small' },
      steps: [{ at: at('03-31'), do: 'change-plan', plan: 'large' }],
      until: noon('04-30'),
      invoices: ['2026-01-31 31.00', '2026-02-28 31.00', '2026-03-31 31.00', '2026-03-31 31.00', '2026-04-30 62.00'],
      paid: { first: [[at('01-31'), at('05-31')]] },
    },
  ],
  [
    'changes on the day on which clocks go forward',
    {
      zone: 'America/New_York',
      now: '2026-03-01T05:00:00Z',
      start: { plan: 'days' },
      steps: [{ at: '2026-03-08T12:00:00Z', do: 'change-plan', plan: 'large' }],
      until: '2026-04-01T05:00:00Z',
      // 24 of 31 days come back; 568 of the month's 743 hours are charged under the other plan, which counts seconds
      invoices: ['2026-03-01 31.00', '2026-03-08 23.40', '2026-04-01 62.00'],
    },
  ],
  [
    'changes on the day on which clocks go back, by days: the day belongs to what comes after',
    {
      zone: 'America/New_York',
      now: '2026-11-01T04:00:00Z',
      start: { plan: 'days' },
      steps: [
        { at: '2026-11-01T12:00:00Z', do: 'pause' },
        { at: '2026-11-16T12:00:00Z', do: 'resume' },
      ],
      until: '2026-12-01T06:00:00Z',
      invoices: ['2026-11-01 31.00', '2026-11-01 -31.00', '2026-11-16 15.50', '2026-12-01 31.00'],
    },
  ],
];

describe.each([
  ['a subscription that', PAUSES],
  ['a subscription that ', ADD_ONS],
  ['a subscription that  ', DAYS],
])('%s', (_title, stories) => {
  test.each(stories)('%s', (_name, story) => tell(story), 30_000);
});
