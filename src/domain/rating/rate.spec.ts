import fc from 'fast-check';
import type { MeteredPrice, PriceModel } from '../catalog.js';
import { type Exact, exact, greatest, least, ratio, scaled } from '../decimal.js';
import type { GroupUsage } from '../metering/question.js';
import type { Rated } from './model.js';
import { rateMetered, rateOneTime, rateRecurring } from './rate.js';

const WHOLE = ratio(1n, 1n);
const HALF = ratio(1n, 2n);

type Bounds = Pick<MeteredPrice, 'freeUnits' | 'freeConcurrent' | 'minimum' | 'maximum'>;

const metered = (bounds: Bounds = {}, model: PriceModel = { model: 'per_unit', unitPrice: '1' }): MeteredPrice => ({
  key: 'usage',
  kind: 'metered',
  meter: 'units',
  ...model,
  ...bounds,
});
const usage = (quantity: string | null, billable = quantity, events = 0n): GroupUsage => ({
  group: {},
  quantity: quantity === null ? null : exact(quantity),
  billable: billable === null ? null : exact(billable),
  events,
});
const costs = ({ amount }: Rated): string => amount.toFraction();
const is = (text: string): string => exact(text).toFraction();

describe('free units are taken off first', () => {
  it.each([
    { case: 'less than they are', quantity: '5', amount: '0' },
    { case: 'as much as they are', quantity: '10', amount: '0' },
    { case: 'more than they are', quantity: '20', amount: '10' },
    { case: 'a part of a unit more', quantity: '10.25', amount: '0.25' },
  ])('$case', ({ quantity, amount }) => {
    expect(costs(rateMetered(metered({ freeUnits: '10' }), usage(quantity), WHOLE))).toBe(is(amount));
  });

  test('before the tiers are filled', () => {
    const tiers = [
      { upTo: '10', unitPrice: '2' },
      { upTo: null, unitPrice: '1' },
    ];
    expect(costs(rateMetered(metered({ freeUnits: '5' }, { model: 'graduated', tiers }), usage('20'), WHOLE))).toBe(is('25'));
  });

  test('in a part of a period, as large a part of them', () => {
    expect(costs(rateMetered(metered({ freeUnits: '10' }), usage('20'), HALF))).toBe(is('15'));
  });

  test('but not off the price of each event', () => {
    const price = metered({ freeUnits: '100' }, { model: 'percentage', rate: '0.10', fixedPerEvent: '0.30' });
    expect(costs(rateMetered(price, usage('100', '100', 4n), WHOLE))).toBe(is('1.20'));
    expect(costs(rateMetered(price, usage('110', '110', 4n), WHOLE))).toBe(is('2.20'));
  });
});

test.each([
  { case: 'without free units', bounds: {} },
  { case: 'with free units', bounds: { freeUnits: '10' } },
])('a quantity below zero rates as zero, and the breakdown says so: $case', ({ bounds }) => {
  const { amount, breakdown } = rateMetered(metered(bounds), usage('-2.5'), WHOLE);
  expect(amount.toFraction()).toBe('0');
  expect(breakdown).toContainEqual({ step: 'below_zero', quantity: '-2.5' });
  expect(rateMetered(metered(bounds), usage('0'), WHOLE).breakdown).not.toContainEqual(expect.objectContaining({ step: 'below_zero' }));
});

describe('minimum and maximum', () => {
  it.each([
    { case: 'top up to the minimum', bounds: { minimum: '5.00' }, quantity: '3', share: WHOLE, amount: '5' },
    { case: 'leave what is above the minimum', bounds: { minimum: '5.00' }, quantity: '7', share: WHOLE, amount: '7' },
    { case: 'charge the minimum without any usage', bounds: { minimum: '5.00' }, quantity: null, share: WHOLE, amount: '5' },
    { case: 'charge half the minimum for half a period', bounds: { minimum: '5.00' }, quantity: '1', share: HALF, amount: '2.5' },
    { case: 'cut to the maximum', bounds: { maximum: '100.00' }, quantity: '120', share: WHOLE, amount: '100' },
    { case: 'leave what is below the maximum', bounds: { maximum: '100.00' }, quantity: '70', share: WHOLE, amount: '70' },
    { case: 'cut to half the maximum in half a period', bounds: { maximum: '100.00' }, quantity: '70', share: HALF, amount: '50' },
    { case: 'cut to a third of it exactly', bounds: { maximum: '1.00' }, quantity: '70', share: ratio(1n, 3n), amount: '1/3' },
    { case: 'act after the free units', bounds: { freeUnits: '10', minimum: '5.00' }, quantity: '12', share: WHOLE, amount: '5' },
    { case: 'are one when they are equal', bounds: { minimum: '5.00', maximum: '5.00' }, quantity: '80', share: WHOLE, amount: '5' },
    { case: 'let a maximum of nothing charge nothing', bounds: { maximum: '0.00' }, quantity: '80', share: WHOLE, amount: '0' },
  ])('$case', ({ bounds, quantity, share, amount }) => {
    expect(costs(rateMetered(metered(bounds), usage(quantity), share))).toBe(amount.includes('/') ? amount : is(amount));
  });

  test('leave tiers and packages as they are in a part of a period', () => {
    const price = metered({}, { model: 'package', packageSize: '20', packagePrice: '5.00' });
    expect(costs(rateMetered(price, usage('45'), HALF))).toBe(is('15'));
  });
});

describe('what is not usage costs nothing', () => {
  const prices: PriceModel[] = [
    { model: 'flat', amount: '3' },
    { model: 'per_unit', unitPrice: '3' },
    { model: 'volume', tiers: [{ upTo: null, unitPrice: '5', flatPrice: '10' }] },
    { model: 'stairstep', tiers: [{ upTo: null, flatPrice: '10' }] },
    { model: 'package', packageSize: '10', packagePrice: '3' },
    { model: 'percentage', rate: '0.1', fixedPerEvent: '0.30' },
  ];

  it.each(prices)('$model: a quantity of zero, below zero, and none', (model) => {
    for (const quantity of ['0', '-5', null])
      expect(costs(rateMetered(metered({}, model), usage(quantity, quantity, 2n), WHOLE))).toBe('0');
  });
});

describe('the breakdown of a metered price', () => {
  it.each([
    { case: 'begins with the metered quantity', price: metered(), of: usage('3'), steps: [{ step: 'metered', quantity: '3' }] },
    {
      case: 'shows what of it was free units',
      price: metered({ freeUnits: '10' }),
      of: usage('12'),
      steps: [
        { step: 'metered', quantity: '12' },
        { step: 'free_units', quantity: '10' },
        { step: 'billable', quantity: '2' },
      ],
    },
    {
      case: 'shows no more free units than there was usage',
      price: metered({ freeUnits: '10' }),
      of: usage('4'),
      steps: [
        { step: 'metered', quantity: '4' },
        { step: 'free_units', quantity: '4' },
        { step: 'billable', quantity: '0' },
      ],
    },
    {
      case: 'shows what of the level was free',
      price: metered({ freeConcurrent: '1' }),
      of: usage('744', '372'),
      steps: [
        { step: 'metered', quantity: '744' },
        { step: 'free_concurrent', quantity: '372' },
        { step: 'billable', quantity: '372' },
      ],
    },
    {
      case: 'shows a free node as metered, and as not billable',
      price: metered({ freeConcurrent: '1' }),
      of: usage('744', '0'),
      steps: [
        { step: 'metered', quantity: '744' },
        { step: 'free_concurrent', quantity: '744' },
        { step: 'billable', quantity: '0' },
      ],
    },
    {
      case: 'shows the billable quantity also where nothing was free',
      price: metered({ freeConcurrent: '1' }),
      of: usage('0', '0'),
      steps: [
        { step: 'metered', quantity: '0' },
        { step: 'free_concurrent', quantity: '0' },
        { step: 'billable', quantity: '0' },
      ],
    },
    {
      case: 'shows a quantity below zero as it is, warns of it, and shows it as not billable',
      price: metered(),
      of: usage('-5'),
      steps: [
        { step: 'metered', quantity: '-5' },
        { step: 'below_zero', quantity: '-5' },
        { step: 'billable', quantity: '0' },
      ],
    },
  ])('$case', ({ price, of, steps }) => {
    const arithmetic = ['units'];
    expect(rateMetered(price, of, WHOLE).breakdown.filter(({ step }) => !arithmetic.includes(step))).toEqual(steps);
  });

  test('ends with the minimum or the maximum, where one of them decides', () => {
    const last = (bounds: Bounds, quantity: string): unknown => rateMetered(metered(bounds), usage(quantity), HALF).breakdown.at(-1);
    expect(last({ minimum: '5.00' }, '1')).toEqual({ step: 'minimum', amount: '2.5' });
    expect(last({ maximum: '5.00' }, '9')).toEqual({ step: 'maximum', amount: '2.5' });
    expect(last({ minimum: '1.00', maximum: '9.00' }, '3')).toEqual({ step: 'units', quantity: '3', unitPrice: '1', amount: '3' });
  });

  test('shows quantities with at most 6 decimals, and charges them exactly', () => {
    const third: GroupUsage = { group: {}, quantity: ratio(1n, 3n), billable: ratio(1n, 3n), events: 1n };
    const { amount, breakdown } = rateMetered(metered({}, { model: 'per_unit', unitPrice: '3' }), third, WHOLE);
    expect(amount.equals(1n)).toBe(true);
    expect(breakdown[0]).toEqual({ step: 'metered', quantity: '0.333333' });
  });
});

describe('whatever the usage', () => {
  const decimal = (max: bigint): fc.Arbitrary<string> => fc.bigInt({ min: 0n, max }).map((units) => scaled(units, 2));
  const anyShare = fc
    .tuple(fc.bigInt({ min: 1n, max: 31n }), fc.bigInt({ min: 0n, max: 30n }))
    .map(([part, rest]) => ratio(part, part + rest));

  test('the amount lies between the shares of minimum and maximum', () => {
    fc.assert(
      fc.property(decimal(10n ** 5n), decimal(10n ** 4n), decimal(10n ** 4n), anyShare, (quantity, a, b, share) => {
        const [minimum, maximum] = exact(a).lte(exact(b)) ? [a, b] : [b, a];
        const { amount } = rateMetered(metered({ minimum, maximum }), usage(quantity), share);
        const bound = (text: string): Exact => exact(text).mul(share);
        expect(amount.equals(least(greatest(exact(quantity), bound(minimum)), bound(maximum)))).toBe(true);
      }),
    );
  });

  test('free units never make it dearer', () => {
    fc.assert(
      fc.property(decimal(10n ** 5n), decimal(10n ** 5n), anyShare, (quantity, freeUnits, share) => {
        const free = rateMetered(metered({ freeUnits }), usage(quantity), share).amount;
        expect(free.gte(0n)).toBe(true);
        expect(free.lte(rateMetered(metered(), usage(quantity), share).amount)).toBe(true);
      }),
    );
  });
});

describe('prices without usage', () => {
  it.each([
    { case: 'a flat price, for a whole period', model: { model: 'flat', amount: '12.00' }, quantity: '1', amount: '12' },
    { case: 'seats', model: { model: 'per_unit', unitPrice: '5.00' }, quantity: '6', amount: '30' },
    { case: 'no seat', model: { model: 'per_unit', unitPrice: '5.00' }, quantity: '0', amount: '0' },
    {
      case: 'seats in tiers',
      model: {
        model: 'graduated',
        tiers: [
          { upTo: '100', unitPrice: '1.00' },
          { upTo: null, unitPrice: '0.50' },
        ],
      },
      quantity: '150',
      amount: '125',
    },
  ] satisfies { case: string; model: PriceModel; quantity: string; amount: string }[])('$case', ({ model, quantity, amount }) => {
    expect(costs(rateRecurring({ key: 'seat', kind: 'recurring', ...model }, exact(quantity)))).toBe(is(amount));
  });

  test('a one-time price', () => {
    const { amount, breakdown } = rateOneTime({ key: 'setup', kind: 'one_time', amount: '25.00' });
    expect(amount.equals(exact('25'))).toBe(true);
    expect(breakdown).toEqual([{ step: 'flat', amount: '25.00' }]);
  });
});
