import type { Interval, MeteredPrice, Price, PriceModel, Tier } from './catalog.js';
import { priceProblems } from './price-rules.js';

const MONTHLY = { currency: 'USD', interval: { unit: 'month', count: 1 } } as const;

const problemsOf = (price: Price, plan: { currency: string; interval: Interval } = MONTHLY): string[] =>
  priceProblems(price, '/prices/1', plan).map(({ pointer, code }) => `${pointer.replace('/prices/1', '')} ${code}`);
const seat = (model: PriceModel): Price => ({ key: 'seat', kind: 'recurring', ...model });
const usage = (more: Partial<MeteredPrice> = {}, model: PriceModel = { model: 'per_unit', unitPrice: '0.02' }): Price =>
  ({ key: 'usage', kind: 'metered', meter: 'm', ...model, ...more }) as Price;
/** What TypeScript would not let pass, but a caller may send. */
const sent = (fields: object): Price => fields as Price;

const open = (tier: Partial<Tier> = { unitPrice: '1' }): Tier => ({ upTo: null, ...tier });
const upTo = (bound: string, tier: Partial<Tier> = { unitPrice: '1' }): Tier => ({ upTo: bound, ...tier });
const graduated = (...tiers: Tier[]): PriceModel => ({ model: 'graduated', tiers });
const manyTiers = (n: number): Tier[] => [...Array.from({ length: n - 1 }, (_, i) => upTo(String(i + 1))), open()];

describe('a price is good', () => {
  it.each([
    { case: 'once', price: { key: 'setup', kind: 'one_time', amount: '25.00' } },
    { case: 'for nothing', price: { key: 'setup', kind: 'one_time', amount: '0' } },
    { case: 'as a flat amount', price: seat({ model: 'flat', amount: '9.00' }) },
    { case: 'by the seat', price: seat({ model: 'per_unit', unitPrice: '4' }) },
    { case: 'with 12 decimals', price: usage({}, { model: 'per_unit', unitPrice: '0.000000000001' }) },
    { case: 'up to a thousand million a unit', price: usage({}, { model: 'per_unit', unitPrice: '1000000000' }) },
    { case: 'in tiers', price: usage({}, graduated(upTo('0.5'), upTo('10', { flatPrice: '5.00' }), open())) },
    { case: 'in one tier', price: usage({}, graduated(open())) },
    { case: 'in as many tiers as there may be', price: usage({}, graduated(...manyTiers(100))) },
    { case: 'in a tier that is free and says so', price: usage({}, graduated(upTo('100', { unitPrice: '0' }), open())) },
    { case: 'in steps', price: seat({ model: 'stairstep', tiers: [upTo('10', { flatPrice: '9.00' }), open({ flatPrice: '19.00' })] }) },
    { case: 'by volume', price: seat({ model: 'volume', tiers: [upTo('10'), open({ flatPrice: '19.00' })] }) },
    { case: 'by the package', price: usage({}, { model: 'package', packageSize: '0.5', packagePrice: '2.00' }) },
    { case: 'as a percentage', price: usage({}, { model: 'percentage', rate: '0.029', fixedPerEvent: '0.30' }) },
    {
      case: 'as a percentage in tiers',
      price: usage({}, { model: 'graduated_percentage', tiers: [upTo('10', { rate: '0.02' }), open({ rate: '0.01', flatPrice: '1.00' })] }),
    },
    { case: 'with free units between minimum and maximum', price: usage({ freeUnits: '10.5', minimum: '5.00', maximum: '500.00' }) },
    { case: 'with a minimum that is the maximum', price: usage({ minimum: '5.00', maximum: '5.0' }) },
    { case: 'with a free node', price: usage({ freeConcurrent: '1' }) },
    { case: 'by group', price: usage({ groupBy: ['region'] }) },
    { case: 'for some usage alone', price: usage({ filter: { region: ['eu'] } }) },
  ] satisfies { case: string; price: Price }[])('$case', ({ price }) => {
    expect(problemsOf(price)).toEqual([]);
  });
});

describe('an amount or a rate is bounded', () => {
  it.each([
    { case: 'money with too many decimals', price: seat({ model: 'flat', amount: '9.001' }), is: ['/amount invalid_money'] },
    { case: 'money below zero', price: seat({ model: 'flat', amount: '-9.00' }), is: ['/amount invalid_money'] },
    { case: 'money beyond measure', price: seat({ model: 'flat', amount: '10000000000000.01' }), is: ['/amount invalid_money'] },
    { case: 'money below zero, once', price: sent({ key: 'setup', kind: 'one_time', amount: '-1.00' }), is: ['/amount invalid_money'] },
    { case: 'a unit price below zero', price: usage({}, { model: 'per_unit', unitPrice: '-0.02' }), is: ['/unitPrice out_of_bounds'] },
    {
      case: 'a unit price with 13 decimals',
      price: usage({}, { model: 'per_unit', unitPrice: '0.0000000000001' }),
      is: ['/unitPrice out_of_bounds'],
    },
    {
      case: 'a unit price above a thousand million',
      price: usage({}, { model: 'per_unit', unitPrice: '1000000000.01' }),
      is: ['/unitPrice out_of_bounds'],
    },
    {
      case: 'a unit price that is no number',
      price: usage({}, { model: 'per_unit', unitPrice: 'free' }),
      is: ['/unitPrice out_of_bounds'],
    },
    {
      case: 'a package of nothing',
      price: usage({}, { model: 'package', packageSize: '0', packagePrice: '2.00' }),
      is: ['/packageSize out_of_bounds'],
    },
    {
      case: 'a package with a price of too many decimals',
      price: usage({}, { model: 'package', packageSize: '10', packagePrice: '0.001' }),
      is: ['/packagePrice invalid_money'],
    },
    { case: 'a rate below zero', price: usage({}, { model: 'percentage', rate: '-0.01' }), is: ['/rate out_of_bounds'] },
    {
      case: 'a price of an event below zero',
      price: usage({}, { model: 'percentage', rate: '0', fixedPerEvent: '-0.30' }),
      is: ['/fixedPerEvent out_of_bounds'],
    },
    { case: 'free units below zero', price: usage({ freeUnits: '-1' }), is: ['/freeUnits out_of_bounds'] },
    { case: 'a free level below zero', price: usage({ freeConcurrent: '-1' }), is: ['/freeConcurrent out_of_bounds'] },
    { case: 'a minimum with too many decimals', price: usage({ minimum: '5.001' }), is: ['/minimum invalid_money'] },
    { case: 'a minimum above the maximum', price: usage({ minimum: '5.01', maximum: '5.00' }), is: ['/minimum minimum_above_maximum'] },
    {
      case: 'a minimum that is no number beside a maximum',
      price: usage({ minimum: 'some', maximum: '5.00' }),
      is: ['/minimum invalid_money'],
    },
  ])('$case', ({ price, is }) => {
    expect(problemsOf(price)).toEqual(is);
  });

  test('by the currency of the plan', () => {
    const price = seat({ model: 'flat', amount: '9.5' });
    expect(problemsOf(price, { ...MONTHLY, currency: 'JPY' })).toEqual(['/amount invalid_money']);
    expect(problemsOf(price, { ...MONTHLY, currency: 'KWD' })).toEqual([]);
  });
});

describe('tiers ascend, and the last one is open', () => {
  it.each([
    { case: 'no tier', tiers: [], is: ['/tiers wrong_number_of_tiers'] },
    { case: 'too many tiers', tiers: manyTiers(101), is: ['/tiers wrong_number_of_tiers'] },
    { case: 'a last tier with an end', tiers: [upTo('10'), upTo('20')], is: ['/tiers/1/upTo last_tier_not_open'] },
    { case: 'an open tier before the last', tiers: [open(), open()], is: ['/tiers/0/upTo open_tier_not_last'] },
    {
      case: 'a tier that ends where the one before does',
      tiers: [upTo('10'), upTo('10.0'), open()],
      is: ['/tiers/1/upTo tiers_not_ascending'],
    },
    {
      case: 'a tier that ends earlier, compared as numbers',
      tiers: [upTo('10'), upTo('9'), open()],
      is: ['/tiers/1/upTo tiers_not_ascending'],
    },
    { case: 'a first tier that ends at zero', tiers: [upTo('0'), open()], is: ['/tiers/0/upTo tiers_not_ascending'] },
    { case: 'a first tier that ends below zero', tiers: [upTo('-1'), open()], is: ['/tiers/0/upTo tiers_not_ascending'] },
    { case: 'a bound that is no number', tiers: [upTo('ten'), open()], is: ['/tiers/0/upTo tiers_not_ascending'] },
    { case: 'a bound with 13 decimals', tiers: [upTo('0.0000000000001'), open()], is: ['/tiers/0/upTo tiers_not_ascending'] },
    { case: 'a tier without a price', tiers: [upTo('10', {}), open()], is: ['/tiers/0/unitPrice missing'] },
    { case: 'a tier with the price of another model', tiers: [open({ unitPrice: '1', rate: '0.1' })], is: ['/tiers/0/rate unknown_field'] },
    { case: 'a unit price below zero', tiers: [open({ unitPrice: '-1' })], is: ['/tiers/0/unitPrice out_of_bounds'] },
    { case: 'a flat price with too many decimals', tiers: [open({ flatPrice: '0.001' })], is: ['/tiers/0/flatPrice invalid_money'] },
  ])('but not with $case', ({ tiers, is }) => {
    expect(problemsOf(usage({}, graduated(...tiers)))).toEqual(is);
  });

  it.each([
    { case: 'a step without its price', model: { model: 'stairstep', tiers: [open({})] }, is: ['/tiers/0/flatPrice missing'] },
    {
      case: 'a step with a price for units',
      model: { model: 'stairstep', tiers: [open({ flatPrice: '1.00', unitPrice: '1' })] },
      is: ['/tiers/0/unitPrice unknown_field'],
    },
    { case: 'a percentage without a rate', model: { model: 'graduated_percentage', tiers: [open({})] }, is: ['/tiers/0/rate missing'] },
    {
      case: 'a percentage with a price for units',
      model: { model: 'graduated_percentage', tiers: [open({ rate: '0.1', unitPrice: '1' })] },
      is: ['/tiers/0/unitPrice unknown_field'],
    },
    { case: 'a volume without a price', model: { model: 'volume', tiers: [open({})] }, is: ['/tiers/0/unitPrice missing'] },
  ] satisfies { case: string; model: PriceModel; is: string[] }[])('but not with $case', ({ model, is }) => {
    expect(problemsOf(usage({}, model))).toEqual(is);
  });
});

describe('a price has the fields of its kind and of its model, and no others', () => {
  it.each([
    { case: 'a flat price without its amount', price: sent({ key: 'p', kind: 'recurring', model: 'flat' }), is: ['/amount missing'] },
    { case: 'a price per unit without it', price: sent({ key: 'p', kind: 'recurring', model: 'per_unit' }), is: ['/unitPrice missing'] },
    { case: 'tiers without tiers', price: sent({ key: 'p', kind: 'recurring', model: 'volume' }), is: ['/tiers missing'] },
    {
      case: 'a package without size and price',
      price: sent({ key: 'p', kind: 'recurring', model: 'package' }),
      is: ['/packageSize missing', '/packagePrice missing'],
    },
    {
      case: 'a percentage without its rate',
      price: sent({ key: 'p', kind: 'metered', meter: 'm', model: 'percentage' }),
      is: ['/rate missing'],
    },
    {
      case: 'a flat price with tiers',
      price: sent({ key: 'p', kind: 'recurring', model: 'flat', amount: '9.00', tiers: [] }),
      is: ['/tiers unknown_field'],
    },
    {
      case: 'a recurring price with free units',
      price: sent({ key: 'p', kind: 'recurring', model: 'flat', amount: '9.00', freeUnits: '1' }),
      is: ['/freeUnits unknown_field'],
    },
    { case: 'a metered price billed in advance', price: sent({ ...usage(), billing: 'in_advance' }), is: ['/billing unknown_field'] },
    {
      case: 'a one-time price with a model',
      price: sent({ key: 'p', kind: 'one_time', amount: '9.00', model: 'flat' }),
      is: ['/model unknown_field'],
    },
    { case: 'a recurring percentage', price: seat({ model: 'percentage', rate: '0.1' }), is: ['/model not_allowed'] },
    {
      case: 'a recurring percentage in tiers',
      price: seat({ model: 'graduated_percentage', tiers: [open({ rate: '0.1' })] }),
      is: ['/model not_allowed'],
    },
  ])('not $case', ({ price, is }) => {
    expect(problemsOf(price)).toEqual(is);
  });

  test('where a field that is undefined is not there', () => {
    expect(problemsOf(sent({ ...usage(), billing: undefined, tiers: undefined, minimum: undefined }))).toEqual([]);
  });
});

describe('groups are rated each by itself', () => {
  it.each([
    { case: 'free units', price: usage({ groupBy: ['region'], freeUnits: '1' }) },
    { case: 'a free level', price: usage({ groupBy: ['region'], freeConcurrent: '1' }) },
    { case: 'a minimum', price: usage({ groupBy: ['region'], minimum: '1.00' }) },
    { case: 'a maximum', price: usage({ groupBy: ['region'], maximum: '1.00' }) },
    { case: 'tiers', price: usage({ groupBy: ['region'] }, graduated(open())) },
  ])('so they cannot share $case', ({ price }) => {
    expect(problemsOf(price)).toEqual(['/groupBy groups_are_rated_apart']);
  });
});

describe("a price's interval divides its plan's", () => {
  const interval = (unit: Interval['unit'], count = 1): Interval => ({ unit, count });

  it.each([
    { inner: interval('month'), outer: interval('year'), fits: true },
    { inner: interval('month', 3), outer: interval('year'), fits: true },
    { inner: interval('month', 6), outer: interval('year', 2), fits: true },
    { inner: interval('day'), outer: interval('week'), fits: true },
    { inner: interval('day', 7), outer: interval('week', 2), fits: true },
    { inner: interval('week'), outer: interval('day', 14), fits: true },
    { inner: interval('month', 5), outer: interval('year'), fits: false },
    { inner: interval('day'), outer: interval('month'), fits: false },
    { inner: interval('week'), outer: interval('year'), fits: false },
    { inner: interval('day'), outer: interval('year'), fits: false },
    { inner: interval('day'), outer: interval('month', 3), fits: false },
    { inner: interval('week'), outer: interval('day', 10), fits: false },
    { inner: interval('month'), outer: interval('month'), fits: false },
    { inner: interval('day', 7), outer: interval('week'), fits: false },
    { inner: interval('year'), outer: interval('month'), fits: false },
    { inner: interval('month', 0), outer: interval('year'), fits: false },
    { inner: interval('month', 0.5), outer: interval('year'), fits: false },
    { inner: interval('month', -1), outer: interval('year'), fits: false },
  ])('$inner.count $inner.unit in $outer.count $outer.unit: $fits', ({ inner, outer, fits }) => {
    expect(problemsOf(usage({ interval: inner }), { currency: 'USD', interval: outer })).toEqual(
      fits ? [] : ['/interval interval_does_not_divide'],
    );
  });
});
