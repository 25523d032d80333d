import fc from 'fast-check';
import type { PriceModel, Tier } from '../catalog.js';
import { type Exact, exact, ratio, scaled, sum, ZERO } from '../decimal.js';
import { Refusal } from '../refusal.js';
import type { Rated } from './model.js';
import { rate } from './models.js';
import { tierParts } from './tiers.js';

const priced = (model: PriceModel, quantity: string, events = 0n): Rated => rate(model, { quantity: exact(quantity), events });
const amounts = (
  model: PriceModel,
  cases: readonly (readonly [quantity: string, amount: string])[],
): { model: PriceModel; quantity: string; amount: string }[] => cases.map(([quantity, amount]) => ({ model, quantity, amount }));

const stepTiers: readonly Tier[] = [
  { upTo: '10', unitPrice: '50' },
  { upTo: '20', unitPrice: '40' },
  { upTo: null, unitPrice: '30' },
];
const decimalTiers: readonly Tier[] = [
  { upTo: '0.1', unitPrice: '10' },
  { upTo: '1', unitPrice: '5' },
  { upTo: null, unitPrice: '2' },
];
const flatTiers: readonly Tier[] = [
  { upTo: '5', unitPrice: '0', flatPrice: '100.00' },
  { upTo: '10', flatPrice: '50.00' },
  { upTo: '15', unitPrice: '5' },
  { upTo: null, unitPrice: '1' },
];
const centTiers: readonly Tier[] = [
  { upTo: '5', unitPrice: '0.02', flatPrice: '0.01' },
  { upTo: null, unitPrice: '0.01', flatPrice: '0.01' },
];
const stairs: readonly Tier[] = [
  { upTo: '3', flatPrice: '9.00' },
  { upTo: '10', flatPrice: '19.00' },
  { upTo: null, flatPrice: '49.00' },
];
const percentTiers: readonly Tier[] = [
  { upTo: '10', rate: '0.01', flatPrice: '200.00' },
  { upTo: '20', rate: '0.02', flatPrice: '300.00' },
  { upTo: null, rate: '0.03', flatPrice: '400.00' },
];

describe('flat: one amount, however much', () => {
  it.each(
    amounts({ model: 'flat', amount: '12.00' }, [
      ['0', '0'],
      ['0.001', '12'],
      ['1', '12'],
      ['1000', '12'],
    ]),
  )('$quantity costs $amount', check);
});

describe('per_unit: every unit, and every part of one', () => {
  it.each(
    amounts({ model: 'per_unit', unitPrice: '5.00' }, [
      ['0', '0'],
      ['1', '5'],
      ['6', '30'],
      ['25', '125'],
    ]),
  )('$quantity costs $amount', check);
  it.each(amounts({ model: 'per_unit', unitPrice: '10.00' }, [['10.57874', '105.7874']]))('$quantity costs $amount, not rounded', check);
  it.each(
    amounts({ model: 'per_unit', unitPrice: '0.000000000001' }, [
      ['1', '0.000000000001'],
      ['0.001', '0.000000000000001'],
    ]),
  )('$quantity costs $amount, however little', check);
});

describe('graduated: each unit in the tier that it falls in', () => {
  it.each(
    amounts({ model: 'graduated', tiers: stepTiers }, [
      ['5', '250'],
      ['10', '500'],
      ['10.5', '520'],
      ['15', '700'],
      ['20', '900'],
      ['25', '1050'],
    ]),
  )('$quantity costs $amount', check);
  it.each(
    amounts({ model: 'graduated', tiers: decimalTiers }, [
      ['0.05', '0.5'],
      ['0.1', '1'],
      ['0.5', '3'],
      ['1', '5.5'],
      ['2', '7.5'],
    ]),
  )('in tiers with decimal bounds $quantity costs $amount', check);
  it.each(
    amounts({ model: 'graduated', tiers: flatTiers }, [
      ['0', '0'],
      ['0.1', '100'],
      ['5', '100'],
      ['5.1', '150'],
      ['12', '160'],
      ['22', '182'],
    ]),
  )('with the flat price of each tier that something falls in, $quantity costs $amount', check);
  it.each(
    amounts({ model: 'graduated', tiers: centTiers }, [
      ['0', '0'],
      ['3', '0.07'],
      ['4', '0.09'],
      ['5', '0.11'],
      ['6', '0.13'],
    ]),
  )('with unit and flat prices, $quantity costs $amount', check);
  it.each(
    amounts(
      {
        model: 'graduated',
        tiers: [
          { upTo: '2', unitPrice: '0' },
          { upTo: null, unitPrice: '2' },
        ],
      },
      [
        ['1', '0'],
        ['2', '0'],
        ['3', '2'],
      ],
    ),
  )('after a free tier $quantity costs $amount', check);
});

describe('volume: all units at the tier that their total falls in', () => {
  it.each(
    amounts({ model: 'volume', tiers: stepTiers }, [
      ['0', '0'],
      ['5', '250'],
      ['10', '500'],
      ['10.01', '400.4'],
      ['15', '600'],
      ['20', '800'],
      ['25', '750'],
    ]),
  )('$quantity costs $amount', check);
  it.each(
    amounts({ model: 'volume', tiers: flatTiers }, [
      ['5', '100'],
      ['6', '50'],
      ['12', '60'],
      ['22', '22'],
    ]),
  )('with the flat price of that tier alone, $quantity costs $amount', check);
});

describe('stairstep: the flat price of the tier reached', () => {
  it.each(
    amounts({ model: 'stairstep', tiers: stairs }, [
      ['0', '0'],
      ['0.5', '9'],
      ['3', '9'],
      ['3.000001', '19'],
      ['10', '19'],
      ['11', '49'],
      ['5000', '49'],
    ]),
  )('$quantity costs $amount', check);
});

describe('package: every package that was started', () => {
  it.each(
    amounts({ model: 'package', packageSize: '20', packagePrice: '5.00' }, [
      ['0', '0'],
      ['0.1', '5'],
      ['20', '5'],
      ['20.1', '10'],
      ['45', '15'],
    ]),
  )('$quantity costs $amount', check);
  it.each(
    amounts({ model: 'package', packageSize: '0.25', packagePrice: '1.50' }, [
      ['0.25', '1.5'],
      ['0.26', '3'],
      ['1', '6'],
    ]),
  )('of a size below one, $quantity costs $amount', check);
});

describe('percentage: a share of the amount, and a fixed price for each event', () => {
  it.each(
    amounts({ model: 'percentage', rate: '0.0299' }, [
      ['0', '0'],
      ['10090', '301.691'],
    ]),
  )('$quantity costs $amount', check);
  it.each(
    amounts({ model: 'percentage', rate: '1' }, [
      ['0.101', '0.101'],
      ['9.019', '9.019'],
    ]),
  )('of 100 %, $quantity costs $amount', check);

  test('with 0.30 for each of 3 events', () => {
    const { amount, breakdown } = priced({ model: 'percentage', rate: '0.029', fixedPerEvent: '0.30' }, '100', 3n);
    expect(amount.equals(exact('3.80'))).toBe(true);
    expect(breakdown).toEqual([
      { step: 'percentage', quantity: '100', rate: '0.029', amount: '2.9' },
      { step: 'events', quantity: '3', unitPrice: '0.30', amount: '0.9' },
    ]);
  });
});

describe('graduated_percentage: each part of the amount at the rate of its tier', () => {
  it.each(
    amounts({ model: 'graduated_percentage', tiers: percentTiers }, [
      ['0', '0'],
      ['1', '200.01'],
      ['10', '200.1'],
      ['11', '500.12'],
      ['12', '500.14'],
      ['20', '500.3'],
      ['21', '900.33'],
    ]),
  )('$quantity costs $amount', check);
});

function check({ model, quantity, amount }: { model: PriceModel; quantity: string; amount: string }): void {
  expect(priced(model, quantity).amount.toFraction()).toBe(exact(amount).toFraction());
}

describe('the breakdown is readable arithmetic', () => {
  it.each([
    { case: 'flat', model: { model: 'flat', amount: '12.00' }, steps: [{ step: 'flat', amount: '12.00' }] },
    {
      case: 'per_unit',
      model: { model: 'per_unit', unitPrice: '0.05' },
      steps: [{ step: 'units', quantity: '12', unitPrice: '0.05', amount: '0.6' }],
    },
    {
      case: 'graduated, tier by tier',
      model: { model: 'graduated', tiers: stepTiers },
      steps: [
        { step: 'tier', upTo: '10', quantity: '10', unitPrice: '50', flatPrice: '0', amount: '500' },
        { step: 'tier', upTo: '20', quantity: '2', unitPrice: '40', flatPrice: '0', amount: '80' },
      ],
    },
    {
      case: 'volume, the one tier',
      model: { model: 'volume', tiers: stepTiers },
      steps: [{ step: 'tier', upTo: '20', quantity: '12', unitPrice: '40', flatPrice: '0', amount: '480' }],
    },
    {
      case: 'stairstep, the open tier',
      model: { model: 'stairstep', tiers: stairs },
      steps: [{ step: 'tier', upTo: null, quantity: '12', flatPrice: '49.00', amount: '49.00' }],
    },
    {
      case: 'package',
      model: { model: 'package', packageSize: '5', packagePrice: '2.00' },
      steps: [{ step: 'packages', quantity: '3', unitPrice: '2.00', amount: '6' }],
    },
    {
      case: 'graduated_percentage',
      model: { model: 'graduated_percentage', tiers: percentTiers },
      steps: [
        { step: 'tier', upTo: '10', quantity: '10', rate: '0.01', flatPrice: '200.00', amount: '200.1' },
        { step: 'tier', upTo: '20', quantity: '2', rate: '0.02', flatPrice: '300.00', amount: '300.04' },
      ],
    },
  ] satisfies { case: string; model: PriceModel; steps: Rated['breakdown'] }[])('of 12 units: $case', ({ model, steps }) => {
    expect(priced(model, '12').breakdown).toEqual(steps);
  });
});

test('tiers that are not open at the end are refused rather than cut off', () => {
  expect(() => priced({ model: 'graduated', tiers: [{ upTo: '10', unitPrice: '1' }] }, '10.1')).toThrow(Refusal);
});

const decimal = (max: bigint, decimals: number): fc.Arbitrary<string> =>
  fc.bigInt({ min: 0n, max }).map((units) => scaled(units, decimals));
const anyQuantity = decimal(10n ** 7n, 3);
const anyPrice = decimal(10n ** 8n, 6);
const anyMoney = decimal(10n ** 5n, 2);
const anyTiers: fc.Arbitrary<readonly Tier[]> = fc
  .array(fc.record({ width: fc.bigInt({ min: 1n, max: 10n ** 6n }), unitPrice: anyPrice, flatPrice: anyMoney }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => {
    let bound = 0n;
    return parts.map(({ width, unitPrice, flatPrice }, i) => {
      bound += width;
      return { upTo: i === parts.length - 1 ? null : scaled(bound, 3), unitPrice, flatPrice };
    });
  });
const anyModel: fc.Arbitrary<PriceModel> = fc.oneof(
  fc.record({ model: fc.constant('flat' as const), amount: anyMoney }),
  fc.record({ model: fc.constant('per_unit' as const), unitPrice: anyPrice }),
  fc.record({ model: fc.constant('graduated' as const), tiers: anyTiers }),
  fc.record({ model: fc.constant('volume' as const), tiers: anyTiers }),
  fc.record({ model: fc.constant('stairstep' as const), tiers: anyTiers }),
  fc.record({
    model: fc.constant('package' as const),
    packageSize: decimal(10n ** 6n, 3).filter((size) => exact(size).gt(0n)),
    packagePrice: anyMoney,
  }),
  fc.record({ model: fc.constant('percentage' as const), rate: anyPrice, fixedPerEvent: anyPrice }),
  fc.record({
    model: fc.constant('graduated_percentage' as const),
    tiers: anyTiers.map((tiers) => tiers.map(({ upTo, unitPrice = '0', flatPrice = '0' }) => ({ upTo, rate: unitPrice, flatPrice }))),
  }),
);
const inOrder = (a: string, b: string): [Exact, Exact] => (exact(a).lte(exact(b)) ? [exact(a), exact(b)] : [exact(b), exact(a)]);

describe('whatever the prices', () => {
  test.each(['graduated', 'graduated_percentage'] as const)('%s is monotone: more never costs less', (name) => {
    fc.assert(
      fc.property(anyTiers, anyQuantity, anyQuantity, (tiers, a, b) => {
        const model = { model: name, tiers: tiers.map((tier) => ({ ...tier, rate: tier.unitPrice ?? '0' })) };
        const [less, more] = inOrder(a, b);
        expect(rate(model, { quantity: less, events: 0n }).amount.lte(rate(model, { quantity: more, events: 0n }).amount)).toBe(true);
      }),
    );
  });

  test('the parts that fall into tiers sum to the quantity', () => {
    fc.assert(
      fc.property(anyTiers, anyQuantity, (tiers, quantity) => {
        const parts = tierParts(tiers, exact(quantity));
        expect(sum(parts.map((part) => part.quantity)).equals(exact(quantity))).toBe(true);
        expect(parts.every((part) => part.quantity.gt(0n))).toBe(true);
      }),
    );
  });

  test('in one open tier graduated, volume and per_unit agree', () => {
    fc.assert(
      fc.property(anyPrice, anyQuantity, (unitPrice, quantity) => {
        const tiers = [{ upTo: null, unitPrice }];
        const one = priced({ model: 'per_unit', unitPrice }, quantity).amount;
        expect(priced({ model: 'graduated', tiers }, quantity).amount.equals(one)).toBe(true);
        expect(priced({ model: 'volume', tiers }, quantity).amount.equals(one)).toBe(true);
      }),
    );
  });

  test('what is paid for packages covers the quantity, and for one package less would not', () => {
    fc.assert(
      fc.property(decimal(10n ** 6n, 3), anyQuantity, (packageSize, quantity) => {
        fc.pre(exact(packageSize).gt(0n) && exact(quantity).gt(0n));
        const packages = priced({ model: 'package', packageSize, packagePrice: '1' }, quantity).amount;
        expect(packages.d).toBe(1n);
        expect(packages.mul(exact(packageSize)).gte(exact(quantity))).toBe(true);
        expect(packages.sub(1).mul(exact(packageSize)).lt(exact(quantity))).toBe(true);
      }),
    );
  });

  test('nothing costs nothing', () => {
    fc.assert(
      fc.property(anyModel, (model) => {
        expect(rate(model, { quantity: ZERO, events: 0n }).amount.equals(ZERO)).toBe(true);
      }),
    );
  });

  test('nothing costs less than nothing', () => {
    fc.assert(
      fc.property(anyModel, anyQuantity, fc.bigInt({ min: 0n, max: 1000n }), (model, quantity, events) => {
        expect(rate(model, { quantity: exact(quantity), events }).amount.gte(ZERO)).toBe(true);
      }),
    );
  });

  test('the steps of the breakdown add up to the amount', () => {
    fc.assert(
      fc.property(anyModel, anyQuantity, fc.bigInt({ min: 0n, max: 1000n }), (model, quantity, events) => {
        const { amount, breakdown } = rate(model, { quantity: exact(quantity), events });
        expect(sum(breakdown.map((step) => exact(step.amount ?? '0'))).equals(amount)).toBe(true);
      }),
    );
  });

  test('a fraction that no decimal can write is priced exactly', () => {
    const third = rate({ model: 'per_unit', unitPrice: '0.03' }, { quantity: ratio(1n, 3n), events: 0n });
    expect(third.amount.equals(ratio(1n, 100n))).toBe(true);
    expect(third.breakdown).toEqual([{ step: 'units', quantity: '0.333333', unitPrice: '0.03', amount: '0.01' }]);
  });
});
