import type { Coupon, Meter, PlanVersion, Price, TaxRate } from './catalog.js';
import { couponProblems, meterProblems, planProblems, taxRateProblems } from './catalog-rules.js';
import type { FieldProblem } from './refusal.js';

/** Pointer and code of each problem; the sentence beside them is for people. */
const found = (problems: readonly FieldProblem[]): string[] => problems.map(({ pointer, code }) => `${pointer} ${code}`);
const tooLong = 'k'.repeat(101);

describe('a plan', () => {
  const base: Price = { key: 'base', kind: 'recurring', model: 'flat', amount: '9.00' };
  const plan = (changes: Partial<PlanVersion> = {}): PlanVersion => ({
    plan: 'small',
    version: 1,
    name: 'Small',
    product: 'cloud',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    trialDays: 0,
    prorationBasis: 'second',
    minimumCommitment: null,
    entitlements: {},
    prices: [base],
    ...changes,
  });

  it.each([
    { case: 'with one price', changes: {} },
    { case: 'without a price', changes: { prices: [] } },
    { case: 'with the longest key', changes: { plan: 'k'.repeat(100) } },
    { case: 'with every sign that a key may have', changes: { plan: '0a._:-' } },
    { case: 'with the longest trial', changes: { trialDays: 3660 } },
    { case: 'with a minimum commitment', changes: { minimumCommitment: '50.00' } },
    { case: 'of the most days', changes: { interval: { unit: 'day', count: 3650 } } },
    { case: 'of the most weeks', changes: { interval: { unit: 'week', count: 520 } } },
    { case: 'of the most months', changes: { interval: { unit: 'month', count: 120 } } },
    { case: 'of the most years', changes: { interval: { unit: 'year', count: 10 } } },
    { case: 'in a currency without decimals', changes: { currency: 'JPY', prices: [{ ...base, amount: '900' }] } },
    { case: 'in a currency with three', changes: { currency: 'KWD', prices: [{ ...base, amount: '2.750' }] } },
  ] satisfies { case: string; changes: Partial<PlanVersion> }[])('may be sold $case', ({ changes }) => {
    expect(planProblems(plan(changes))).toEqual([]);
  });

  it.each([
    { case: 'an empty key', changes: { plan: '' }, problems: ['/key invalid_key'] },
    { case: 'a key with capitals', changes: { plan: 'Small' }, problems: ['/key invalid_key'] },
    { case: 'a key that begins with a sign', changes: { plan: '-small' }, problems: ['/key invalid_key'] },
    { case: 'a key that is too long', changes: { plan: tooLong }, problems: ['/key invalid_key'] },
    { case: 'a key with a line end', changes: { plan: 'small\n' }, problems: ['/key invalid_key'] },
    { case: 'a currency that is none', changes: { currency: 'usd' }, problems: ['/currency unknown_currency'] },
    {
      case: 'a currency that is none, and more that has nothing to do with it',
      changes: { currency: 'XXX', trialDays: -1, minimumCommitment: '-1', prices: [{ ...base, amount: 'nine' }] },
      problems: [
        '/minimumCommitment invalid_money',
        '/currency unknown_currency',
        '/trialDays out_of_bounds',
        '/prices/0/amount invalid_money',
      ],
    },
    { case: 'a commitment below zero', changes: { minimumCommitment: '-1.00' }, problems: ['/minimumCommitment invalid_money'] },
    {
      case: 'a commitment with too many decimals',
      changes: { minimumCommitment: '1.001' },
      problems: ['/minimumCommitment invalid_money'],
    },
    { case: 'an interval of nothing', changes: { interval: { unit: 'month', count: 0 } }, problems: ['/interval/count out_of_bounds'] },
    {
      case: 'an interval of half a month',
      changes: { interval: { unit: 'month', count: 0.5 } },
      problems: ['/interval/count out_of_bounds'],
    },
    { case: 'too many days', changes: { interval: { unit: 'day', count: 3651 } }, problems: ['/interval/count out_of_bounds'] },
    { case: 'too many weeks', changes: { interval: { unit: 'week', count: 521 } }, problems: ['/interval/count out_of_bounds'] },
    { case: 'too many months', changes: { interval: { unit: 'month', count: 121 } }, problems: ['/interval/count out_of_bounds'] },
    { case: 'too many years', changes: { interval: { unit: 'year', count: 11 } }, problems: ['/interval/count out_of_bounds'] },
    { case: 'a trial below zero', changes: { trialDays: -1 }, problems: ['/trialDays out_of_bounds'] },
    { case: 'a trial that is too long', changes: { trialDays: 3661 }, problems: ['/trialDays out_of_bounds'] },
    { case: 'a trial of half a day', changes: { trialDays: 0.5 }, problems: ['/trialDays out_of_bounds'] },
    {
      case: 'two prices of one key',
      changes: { prices: [base, { ...base, kind: 'one_time' }] },
      problems: ['/prices/1/model unknown_field', '/prices/1/key not_unique'],
    },
    {
      case: 'a price with a key that is none',
      changes: { prices: [{ ...base, key: 'Base fee' }] },
      problems: ['/prices/0/key invalid_key'],
    },
    {
      case: 'more prices than there may be',
      changes: { prices: Array.from({ length: 101 }, (_, i): Price => ({ ...base, key: `p${String(i)}` })) },
      problems: ['/prices too_many'],
    },
  ] satisfies { case: string; changes: Partial<PlanVersion>; problems: string[] }[])(
    'may not be sold with $case',
    ({ changes, problems }) => {
      expect(found(planProblems(plan(changes)))).toEqual(problems);
    },
  );
});

describe('a meter', () => {
  const sum: Meter = { key: 'm', name: 'M', eventType: 'e', aggregation: 'sum', value: 'v' };
  const count: Meter = { key: 'm', name: 'M', eventType: 'e', aggregation: 'count' };
  const level: Meter = { ...sum, aggregation: 'time_weighted', mode: 'level', unit: 'hour' };
  const rank: Meter = { ...sum, aggregation: 'percentile', percentile: 95 };
  const names = (n: number): string[] => Array.from({ length: n }, (_, i) => `p${String(i)}`);

  it.each([
    { case: 'that counts', meter: count },
    { case: 'that adds', meter: sum },
    { case: 'of a level of the account', meter: level },
    { case: 'of a level of resources', meter: { ...level, resource: 'node', mode: 'delta' } },
    { case: 'of a percentile', meter: rank },
    { case: 'of the last percentile', meter: { ...rank, percentile: 100 } },
    { case: 'of a percentile with decimals', meter: { ...rank, percentile: 99.99 } },
    { case: 'with as many groups as there may be', meter: { ...sum, groupBy: names(10) } },
  ] satisfies { case: string; meter: Meter }[])('may be one $case', ({ meter }) => {
    expect(meterProblems(meter)).toEqual([]);
  });

  it.each([
    { case: 'a key that is none', meter: { ...count, key: 'M' }, problems: ['/key invalid_key'] },
    { case: 'a value for a count', meter: { ...count, value: 'v' }, problems: ['/value unknown_field'] },
    { case: 'no value for a sum', meter: { ...count, aggregation: 'sum' }, problems: ['/value missing'] },
    { case: 'no value for distinct values', meter: { ...count, aggregation: 'unique' }, problems: ['/value missing'] },
    {
      case: 'a resource, a mode and a unit for a sum',
      meter: { ...sum, resource: 'node', mode: 'level', unit: 'hour' },
      problems: ['/resource unknown_field', '/mode unknown_field', '/unit unknown_field'],
    },
    {
      case: 'neither mode nor unit for a level',
      meter: { ...sum, aggregation: 'time_weighted' },
      problems: ['/mode missing', '/unit missing'],
    },
    { case: 'no percentile for a percentile', meter: { ...sum, aggregation: 'percentile' }, problems: ['/percentile out_of_bounds'] },
    { case: 'the percentile 0', meter: { ...rank, percentile: 0 }, problems: ['/percentile out_of_bounds'] },
    { case: 'a percentile above 100', meter: { ...rank, percentile: 100.1 }, problems: ['/percentile out_of_bounds'] },
    { case: 'a percentile that is no number', meter: { ...rank, percentile: NaN }, problems: ['/percentile out_of_bounds'] },
    { case: 'a percentile for a sum', meter: { ...sum, percentile: 95 }, problems: ['/percentile unknown_field'] },
    { case: 'too many groups', meter: { ...sum, groupBy: names(11) }, problems: ['/groupBy not_unique'] },
    { case: 'a group twice', meter: { ...sum, groupBy: ['region', 'region'] }, problems: ['/groupBy not_unique'] },
  ] satisfies { case: string; meter: Meter; problems: string[] }[])('may not have $case', ({ meter, problems }) => {
    expect(found(meterProblems(meter))).toEqual(problems);
  });
});

describe('a coupon', () => {
  const percent: Coupon = { key: 'c', percentOff: '15', duration: 'once' };
  const amount: Coupon = { key: 'c', amountOff: '5.00', currency: 'USD', duration: 'forever' };

  it.each([
    { case: 'a percentage', coupon: percent },
    { case: 'all of it', coupon: { ...percent, percentOff: '100' } },
    { case: 'a part of a percent', coupon: { ...percent, percentOff: '0.5' } },
    { case: 'an amount', coupon: amount },
    { case: 'an amount in yen', coupon: { ...amount, amountOff: '500', currency: 'JPY' } },
    { case: 'something for some periods', coupon: { ...percent, duration: 'repeating', periods: 3 } },
  ] satisfies { case: string; coupon: Coupon }[])('may take off $case', ({ coupon }) => {
    expect(couponProblems(coupon)).toEqual([]);
  });

  it.each([
    { case: 'a key that is none', coupon: { ...percent, key: 'SPRING' }, problems: ['/key invalid_key'] },
    { case: 'neither a percentage nor an amount', coupon: { key: 'c', duration: 'once' }, problems: ['/percentOff percent_or_amount'] },
    { case: 'both', coupon: { ...amount, percentOff: '15' }, problems: ['/percentOff percent_or_amount'] },
    { case: 'nothing off', coupon: { ...percent, percentOff: '0' }, problems: ['/percentOff out_of_bounds'] },
    { case: 'more than all off', coupon: { ...percent, percentOff: '100.01' }, problems: ['/percentOff out_of_bounds'] },
    { case: 'a percentage below zero', coupon: { ...percent, percentOff: '-15' }, problems: ['/percentOff out_of_bounds'] },
    { case: 'a percentage that is no number', coupon: { ...percent, percentOff: '15%' }, problems: ['/percentOff out_of_bounds'] },
    {
      case: 'a percentage with too many decimals',
      coupon: { ...percent, percentOff: '0.0000000000001' },
      problems: ['/percentOff out_of_bounds'],
    },
    {
      case: 'an amount without a currency',
      coupon: { key: 'c', amountOff: '5.00', duration: 'once' },
      problems: ['/currency unknown_currency'],
    },
    { case: 'an amount in a currency that is none', coupon: { ...amount, currency: 'XXX' }, problems: ['/currency unknown_currency'] },
    { case: 'an amount of nothing', coupon: { ...amount, amountOff: '0.00' }, problems: ['/amountOff invalid_money'] },
    { case: 'an amount below zero', coupon: { ...amount, amountOff: '-5.00' }, problems: ['/amountOff invalid_money'] },
    { case: 'an amount with too many decimals', coupon: { ...amount, amountOff: '5.001' }, problems: ['/amountOff invalid_money'] },
    { case: 'a currency with a percentage', coupon: { ...percent, currency: 'USD' }, problems: ['/currency unknown_field'] },
    { case: 'no periods where it repeats', coupon: { ...percent, duration: 'repeating' }, problems: ['/periods out_of_bounds'] },
    { case: 'zero periods', coupon: { ...percent, duration: 'repeating', periods: 0 }, problems: ['/periods out_of_bounds'] },
    { case: 'a part of a period', coupon: { ...percent, duration: 'repeating', periods: 1.5 }, problems: ['/periods out_of_bounds'] },
    { case: 'too many periods', coupon: { ...percent, duration: 'repeating', periods: 1201 }, problems: ['/periods out_of_bounds'] },
    { case: 'periods where it is given once', coupon: { ...percent, periods: 1 }, problems: ['/periods unknown_field'] },
    { case: 'periods where it is given for ever', coupon: { ...amount, periods: 12 }, problems: ['/periods unknown_field'] },
  ] satisfies { case: string; coupon: Coupon; problems: string[] }[])('may not have $case', ({ coupon, problems }) => {
    expect(found(couponProblems(coupon))).toEqual(problems);
  });
});

describe('a tax rate', () => {
  const vat: TaxRate = { key: 'vat', name: 'VAT', rate: '0.20', category: 'S', inclusive: false };

  it.each([
    { case: 'a fifth', tax: vat },
    { case: 'nothing', tax: { ...vat, rate: '0' } },
    { case: 'all of it', tax: { ...vat, rate: '1' } },
    { case: 'nothing, by reverse charge', tax: { ...vat, rate: '0.00', category: 'AE' } },
  ] satisfies { case: string; tax: TaxRate }[])('may be $case', ({ tax }) => {
    expect(taxRateProblems(tax)).toEqual([]);
  });

  it.each([
    { case: 'a key that is none', tax: { ...vat, key: 'VAT' }, problems: ['/key invalid_key'] },
    { case: 'a percentage', tax: { ...vat, rate: '20' }, problems: ['/rate out_of_bounds'] },
    { case: 'more than all', tax: { ...vat, rate: '1.01' }, problems: ['/rate out_of_bounds'] },
    { case: 'less than nothing', tax: { ...vat, rate: '-0.2' }, problems: ['/rate out_of_bounds'] },
    { case: 'no number', tax: { ...vat, rate: '20 %' }, problems: ['/rate out_of_bounds'] },
    { case: 'a tax in a category without tax', tax: { ...vat, category: 'E' }, problems: ['/rate rate_not_zero'] },
  ] satisfies { case: string; tax: TaxRate; problems: string[] }[])('may not have $case', ({ tax, problems }) => {
    expect(found(taxRateProblems(tax))).toEqual(problems);
  });
});
