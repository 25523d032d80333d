import type { PlanVersion, TaxCategory, TaxRate } from '../catalog.js';
import { newTaxRateProblems } from '../catalog-rules.js';
import { Refusal } from '../refusal.js';
import type { Holding } from '../subscription/history.js';
import type { Charge, LineTax } from './line.js';
import { lineTax, refuseWithoutTaxId, taxesFor } from './line-taxes.js';
import { taxTotals } from './tax.js';

const rate = (key: string, more: Partial<TaxRate> = {}): TaxRate => ({
  key,
  name: key,
  rate: '0.2',
  category: 'S',
  inclusive: false,
  ...more,
});
const [ACCOUNT, PLAN, PRICE, OWN] = ['account', 'plan', 'price', 'own'].map((key) => lineTax(rate(key)));
const rates = new Map([ACCOUNT, PLAN, PRICE, OWN].flatMap((tax) => (tax ? [[tax.key, tax] as const] : [])));

const version = (plan?: string[], price?: string[]): PlanVersion =>
  ({
    plan: 'p',
    version: 1,
    ...(plan && { taxRates: plan }),
    prices: [{ key: 'fee', kind: 'one_time', amount: '1', ...(price && { taxRates: price }) }],
  }) as unknown as PlanVersion;
const charge = (price: string | null, start = 5n): Charge =>
  ({ plan: 'p', planVersion: 1, price, servicePeriod: { start, end: start + 1n } }) as unknown as Charge;
const held = (plan: PlanVersion, from = 0n, to: bigint | null = null): Holding => ({ plan, from, to }) as unknown as Holding;

describe('the taxes of a charge are those of', () => {
  it.each([
    { case: 'its price, before all else', plan: ['plan'], price: ['price', 'own'], of: 'fee', keys: ['price', 'own'] },
    { case: 'its plan, where the price names none', plan: ['plan'], of: 'fee', keys: ['plan'] },
    { case: 'its account, where neither names any', of: 'fee', keys: ['account'] },
    { case: "the plan, for the plan's commitment", plan: ['plan'], price: ['price'], of: null, keys: ['plan'] },
  ])('$case', ({ plan, price, of, keys }) => {
    const sold = version(plan, price);
    const table = { versions: new Map([['p@1', sold]]), taxes: [ACCOUNT!], taxRates: rates };
    expect(taxesFor(charge(of), [held(sold)], table).map(({ key }) => key)).toEqual(keys);
  });

  test("the subscription's own price, while it had that", () => {
    const table = { versions: new Map([['p@1', version()]]), taxes: [ACCOUNT!], taxRates: rates };
    const holdings = [held(version(), 0n, 10n), held(version(undefined, ['own']), 10n)];
    const keys = [5n, 10n].map((start) => taxesFor(charge('fee', start), holdings, table).map(({ key }) => key));
    expect(keys).toEqual([['account'], ['own']]);
  });
});

describe('the remark on an invoice', () => {
  it.each([
    { category: 'AE', says: /^Reverse charge: .*Article 196/ },
    { category: 'K', says: /Article 138/ },
    { category: 'G', says: /Article 146/ },
    { category: 'E', says: /^Exempt/ },
    { category: 'O', says: /^Not subject/ },
  ] satisfies { category: TaxCategory; says: RegExp }[])('of category $category is there though none was given', ({ category, says }) => {
    expect(lineTax(rate('r', { category, rate: '0' })).exemptionReason).toMatch(says);
    expect(lineTax(rate('r', { category, rate: '0', exemptionReason: 'Ours' })).exemptionReason).toBe('Ours');
  });

  test.each(['S', 'Z'] as const)('of category %s is none', (category) => {
    expect(lineTax(rate('r', { category, exemptionReason: 'Ours' }))).not.toHaveProperty('exemptionReason');
  });

  test('stands with its rate on the invoice', () => {
    const free = lineTax(rate('rc', { category: 'AE', rate: '0', exemptionReason: 'Ours' }));
    const line = (amountMinor: bigint, taxes: LineTax[]) =>
      ({ amountMinor, discounts: [], taxes }) as unknown as Parameters<typeof taxTotals>[0][0];
    expect(taxTotals([line(100n, [free]), line(50n, [free]), line(10n, [PLAN!])])).toEqual([
      { ...free, taxableMinor: 150n, amountMinor: 0n },
      { ...PLAN, taxableMinor: 10n, amountMinor: 2n },
    ]);
  });
});

test.each(['AE', 'K'] as const)('category %s takes a tax id of the buyer', (category) => {
  const taxes = [lineTax(rate('rc', { category, rate: '0' }))];
  expect(() => refuseWithoutTaxId('acme', [], taxes)).toThrow(expect.objectContaining({ code: 'tax_id_missing' }) as Refusal);
  expect(() => refuseWithoutTaxId('acme', [{}], taxes)).not.toThrow();
  expect(() => refuseWithoutTaxId('acme', [], [PLAN!])).not.toThrow();
});

describe('a new tax rate', () => {
  it.each([
    { case: 'of the standard category bears tax', tax: rate('r', { rate: '0.00' }), code: 'rate_zero' },
    { case: 'of the standard category is no exemption', tax: rate('r', { exemptionReason: 'why' }), code: 'not_allowed' },
    { case: 'of the zero rate is no exemption', tax: rate('r', { rate: '0', category: 'Z', exemptionReason: 'why' }), code: 'not_allowed' },
    { case: 'of another category may say why', tax: rate('r', { rate: '0', category: 'E', exemptionReason: 'why' }), code: undefined },
  ])('$case', ({ tax, code }) => {
    expect(newTaxRateProblems(tax)[0]?.code).toBe(code);
  });
});
