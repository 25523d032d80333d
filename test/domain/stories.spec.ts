import { answersTo } from '../../src/cli/simulate/answers.js';
import { readFile, type SimulationFile } from '../../src/cli/simulate/file.js';

const month = { unit: 'month', count: 1 };
const flat = (key: string, amount: string, more: object = {}) => ({ key, kind: 'recurring', model: 'flat', amount, ...more });
const plan = (key: string, prices: readonly object[], more: object = {}) => ({
  key,
  name: key,
  product: 'test',
  currency: 'USD',
  interval: month,
  prices,
  ...more,
});
const perUnit = (key: string, unitPrice: string) => ({ key, kind: 'recurring', model: 'per_unit', unitPrice });
const metered = { key: 'calls', kind: 'metered', meter: 'calls' };
const calls = { key: 'calls', name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' };
const subscribe = (name: string, more: object = {}) => ({ at: '2026-01-01T00:00:00Z', do: 'subscribe', as: 's1', plan: name, ...more });
const used = (at: string, n: number, time = at) => ({
  at,
  do: 'usage',
  events: [{ id: `e ${time} ${at}`, type: 'call', time, data: { n } }],
});

/** Each invoice as its day and its lines, in short. */
function told(file: object): unknown[] {
  const read = readFile({ until: '2026-03-01T00:00:00Z', ...file });
  if (Array.isArray(read)) throw new Error(JSON.stringify(read));
  return answersTo(read as SimulationFile).invoices.map((invoice) => [
    invoice.at.slice(5, 10),
    ...invoice.lines.map((line) => `${line.kind} ${line.plan} ${line.amount}`),
    invoice.total,
  ]);
}

describe('stories', () => {
  test.each<[string, object, unknown[]]>([
    [
      'a cancellation without proration keeps what was paid',
      {
        plans: [plan('a', [flat('fee', '31.00')])],
        steps: [subscribe('a'), { at: '2026-01-11T00:00:00Z', do: 'cancel', subscription: 's1', when: 'now' }],
      },
      [['01-01', 'recurring a 31.00', '31.00']],
    ],
    [
      "a cancellation at the period's end ends there",
      {
        plans: [plan('a', [flat('fee', '31.00')])],
        steps: [subscribe('a'), { at: '2026-01-11T00:00:00Z', do: 'cancel', subscription: 's1' }],
      },
      [['01-01', 'recurring a 31.00', '31.00']],
    ],
    [
      'a change without proration, with the anchor kept, charges nothing before the next period',
      {
        plans: [plan('a', [flat('fee', '31.00')]), plan('b', [flat('fee', '62.00')])],
        steps: [subscribe('a'), { at: '2026-01-11T00:00:00Z', do: 'change-plan', subscription: 's1', plan: 'b', proration: 'none' }],
      },
      [
        ['01-01', 'recurring a 31.00', '31.00'],
        ['02-01', 'recurring b 62.00', '62.00'],
        ['03-01', 'recurring b 62.00', '62.00'],
      ],
    ],
    [
      'a change without proration, with the anchor reset, charges a whole new period without credit',
      {
        plans: [plan('a', [flat('fee', '31.00')]), plan('b', [flat('fee', '62.00')])],
        steps: [
          subscribe('a'),
          { at: '2026-01-11T00:00:00Z', do: 'change-plan', subscription: 's1', plan: 'b', proration: 'none', anchor: 'reset' },
        ],
      },
      [
        ['01-01', 'recurring a 31.00', '31.00'],
        ['01-11', 'recurring b 62.00', '62.00'],
        ['02-11', 'recurring b 62.00', '62.00'],
      ],
    ],
    [
      'a change that is known beforehand cuts what is charged in advance',
      {
        plans: [plan('a', [flat('fee', '31.00')]), plan('b', [flat('fee', '62.00')])],
        steps: [subscribe('a', { startsAt: '2026-02-01T00:00:00Z', endsAt: '2026-02-15T00:00:00Z' })],
      },
      [['02-01', 'recurring a 15.50', '15.50']],
    ],
    [
      'a change from months to years resets the anchor',
      {
        plans: [plan('a', [flat('fee', '31.00')]), plan('y', [flat('fee', '365.00')], { interval: { unit: 'year', count: 1 } })],
        steps: [subscribe('a'), { at: '2026-01-11T00:00:00Z', do: 'change-plan', subscription: 's1', plan: 'y' }],
      },
      [
        ['01-01', 'recurring a 31.00', '31.00'],
        ['01-11', 'recurring a -21.00', 'recurring y 365.00', '344.00'],
      ],
    ],
    [
      'what is missing to a minimum commitment is a line of its own, and late usage recomputes it',
      {
        meters: [calls],
        plans: [
          plan('m', [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' }], {
            minimumCommitment: '50.00',
          }),
        ],
        steps: [subscribe('m'), used('2026-01-10T00:00:00Z', 20), used('2026-02-10T00:00:00Z', 10, '2026-01-12T00:00:00Z')],
      },
      [
        ['02-01', 'minimum m 30.00', 'metered m 20.00', '50.00'],
        ['03-01', 'minimum m -10.00', 'minimum m 50.00', 'adjustment m 10.00', '50.00'],
      ],
    ],
    [
      'a change of quantity splits neither usage nor a minimum commitment',
      {
        until: '2026-02-01T00:00:00Z',
        meters: [calls],
        plans: [
          plan('m', [perUnit('seat', '3.10'), { ...metered, model: 'package', packageSize: '100', packagePrice: '10.00' }], {
            minimumCommitment: '31.00',
          }),
        ],
        steps: [
          subscribe('m'),
          used('2026-01-05T00:00:00Z', 10),
          { at: '2026-01-11T00:00:00Z', do: 'change-quantity', subscription: 's1', price: 'seat', quantity: 2 },
          used('2026-01-20T00:00:00Z', 10),
        ],
      },
      [
        ['01-01', 'recurring m 3.10', '3.10'],
        ['01-11', 'recurring m -2.10', 'recurring m 4.20', '2.10'],
        ['02-01', 'minimum m 21.00', 'metered m 10.00', 'recurring m 6.20', '37.20'],
      ],
    ],
    [
      'versions that share unsplit usage are compared with their minimum commitments together, each by its share',
      {
        until: '2026-02-01T00:00:00Z',
        meters: [calls],
        plans: [
          plan('a', [{ ...metered, model: 'package', packageSize: '100', packagePrice: '10.00' }], { minimumCommitment: '31.00' }),
          plan('b', [{ ...metered, model: 'package', packageSize: '100', packagePrice: '10.00' }], { minimumCommitment: '62.00' }),
        ],
        steps: [
          subscribe('a'),
          used('2026-01-05T00:00:00Z', 10),
          { at: '2026-01-11T00:00:00Z', do: 'change-plan', subscription: 's1', plan: 'b' },
          used('2026-01-20T00:00:00Z', 10),
        ],
      },
      [['02-01', 'minimum b 42.00', 'metered b 10.00', '52.00']],
    ],
    [
      'versions whose usage is split are compared each with its own minimum commitment',
      {
        until: '2026-02-01T00:00:00Z',
        meters: [calls],
        plans: [
          plan('a', [{ ...metered, model: 'per_unit', unitPrice: '1.00' }], { minimumCommitment: '31.00' }),
          plan('b', [{ ...metered, model: 'per_unit', unitPrice: '2.00' }], { minimumCommitment: '62.00' }),
        ],
        steps: [
          subscribe('a'),
          used('2026-01-05T00:00:00Z', 3),
          { at: '2026-01-11T00:00:00Z', do: 'change-plan', subscription: 's1', plan: 'b' },
          used('2026-01-20T00:00:00Z', 30),
        ],
      },
      [
        ['01-11', 'minimum a 7.00', 'metered a 3.00', '10.00'],
        ['02-01', 'metered b 60.00', '60.00'],
      ],
    ],
    [
      'a yearly plan whose usage is billed by the month',
      {
        meters: [calls],
        plans: [
          plan(
            'y',
            [
              flat('fee', '120.00'),
              { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00', interval: month },
            ],
            { interval: { unit: 'year', count: 1 } },
          ),
        ],
        steps: [subscribe('y'), used('2026-01-10T00:00:00Z', 3), used('2026-02-10T00:00:00Z', 4)],
      },
      [
        ['01-01', 'recurring y 120.00', '120.00'],
        ['02-01', 'metered y 3.00', '3.00'],
        ['03-01', 'metered y 4.00', '4.00'],
      ],
    ],
    [
      'usage that is not to be billed at the end is left out',
      {
        meters: [calls],
        plans: [plan('m', [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' }])],
        steps: [
          subscribe('m'),
          used('2026-01-10T00:00:00Z', 20),
          { at: '2026-01-20T00:00:00Z', do: 'cancel', subscription: 's1', when: 'now', invoiceUsage: false },
        ],
      },
      [],
    ],
    [
      'the same metered price in two plans splits no usage',
      {
        meters: [calls],
        plans: ['a', 'b'].map((key) =>
          plan(key, [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'package', packageSize: '10', packagePrice: '1.00' }]),
        ),
        steps: [
          subscribe('a'),
          used('2026-01-10T00:00:00Z', 5),
          { at: '2026-01-15T00:00:00Z', do: 'change-plan', subscription: 's1', plan: 'b' },
          used('2026-01-20T00:00:00Z', 5),
        ],
      },
      [['02-01', 'metered b 1.00', '1.00']],
    ],
    [
      'by days, a pause of some hours costs and saves nothing',
      {
        plans: [plan('a', [flat('fee', '31.00')], { prorationBasis: 'day' })],
        steps: [subscribe('a'), { at: '2026-01-11T08:00:00Z', do: 'pause', subscription: 's1', resumesAt: '2026-01-11T09:00:00Z' }],
      },
      [
        ['01-01', 'recurring a 31.00', '31.00'],
        ['01-11', 'recurring a -21.00', '-21.00'],
        ['01-11', 'recurring a 21.00', '21.00'],
        ['02-01', 'recurring a 31.00', '31.00'],
        ['03-01', 'recurring a 31.00', '31.00'],
      ],
    ],
  ])('%s', (_name, file, expected) => {
    expect(told(file)).toEqual(expected);
  });

  test('an amount off is given once a period, over all its invoices', () => {
    const read = readFile({
      meters: [calls],
      plans: [plan('p', [flat('fee', '6.00'), { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' }])],
      coupons: [{ key: 'ten', amountOff: '10.00', currency: 'USD', duration: 'once' }],
      steps: [subscribe('p', { coupon: 'ten' }), used('2026-01-10T00:00:00Z', 7)],
      until: '2026-02-01T00:00:00Z',
    }) as SimulationFile;
    expect(answersTo(read).invoices.map(({ subtotal, discount, total }) => [subtotal, discount, total])).toEqual([
      ['6.00', '6.00', '0.00'],
      ['13.00', '4.00', '9.00'],
    ]);
  });

  test('a tax that is included is taken out of the amount', () => {
    const read = readFile({
      account: { currency: 'USD', timeZone: 'UTC', taxes: [{ key: 'vat', rate: '0.19', inclusive: true }] },
      plans: [plan('p', [flat('fee', '11.90')])],
      steps: [subscribe('p')],
      until: '2026-01-01T00:00:00Z',
    }) as SimulationFile;
    expect(answersTo(read).invoices).toMatchObject([
      { subtotal: '11.90', tax: '1.90', total: '11.90', taxes: [{ taxable: '10.00', amount: '1.90' }] },
    ]);
  });
});

test('a bad file is refused with every error and where it is', () => {
  const problems = readFile({
    bogus: 1,
    account: { currency: 'XXX' },
    plans: [plan('p', [flat('fee', '1.005'), { key: 'm', kind: 'metered', meter: 'none', model: 'per_unit', unitPrice: '1' }])],
    steps: [
      { at: 'soon', do: 'subscribe', as: 's1', plan: 'p' },
      { at: '2026-01-01T00:00:00Z', do: 'dance' },
    ],
  }) as readonly { pointer: string; code: string }[];
  expect(problems.map(({ pointer, code }) => [pointer, code]).sort()).toEqual([
    ['/account/currency', 'unknown_currency'],
    ['/bogus', 'unknown_field'],
    ['/plans/0/prices/0/amount', 'invalid_money'],
    ['/plans/0/prices/1/meter', 'unknown_meter'],
    ['/steps/0/at', 'invalid_instant'],
    ['/steps/1/do', 'unknown_step'],
    ['/until', 'invalid_instant'],
  ]);
});
