import { TAX_ENGINE, type TaxableInvoice, type TaxEngine } from '../../src/invoices/taxes/tax-engine.js';
import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await rate('vat', { name: 'VAT', rate: '0.19' });
  await rate('reduced', { name: 'Reduced', rate: '0.07' });
  await rate('reverse', { name: 'Reverse charge', rate: '0', category: 'AE' });
  await plan('plain', [flat('fee', '10.00')]);
}, 30_000);
afterAll(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

const rate = (key: string, more: object) => wharfage.ok('PUT', `/v2/tax-rates/${key}`, more);
const flat = (key: string, amount: string, more: object = {}) => ({ key, kind: 'recurring', model: 'flat', amount, ...more });
const planBody = (key: string, prices: object[], more: object = {}) => ({
  name: key,
  product: 'hub',
  currency: 'EUR',
  interval: { unit: 'month', count: 1 },
  prices,
  ...more,
});
const plan = (key: string, prices: object[], more: object = {}) => wharfage.ok('PUT', `/v2/plans/${key}`, planBody(key, prices, more));
const accountBody = (more: object) => ({ kind: 'organization', name: 'Acme', currency: 'EUR', ...more });
const account = (key: string, more: object = {}) => wharfage.ok('PUT', `/v2/accounts/${key}`, accountBody(more));
const subscribe = (key: string, to: string): Promise<any> => wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: to });
const invoices = async (key: string): Promise<any[]> => (await wharfage.ok('GET', `/v2/invoices?account=${key}&limit=200`)).data;
const taxes = ({ taxes: all }: any): unknown => all.map(({ taxRate, taxable, amount }: any) => [taxRate, taxable, amount]);

test('a price bears its own rates, else those of its plan, else those of the account; a preview bears the same', async () => {
  await plan('mixed', [flat('hosting', '100.00', { taxRates: ['vat'] }), flat('books', '10.00')], {
    taxRates: ['reduced'],
    minimumCommitment: null,
  });
  await account('acme', { taxRates: ['vat'] });
  const preview = await wharfage.ok('POST', '/v2/subscriptions/preview', { account: 'acme', plan: 'mixed' });
  await subscribe('acme', 'mixed');
  await subscribe('acme', 'plain');
  const [own, mixed] = await invoices('acme');
  expect(taxes(own)).toEqual([['vat', '10.00', '1.90']]);
  expect(taxes(mixed)).toEqual([
    ['reduced', '10.00', '0.70'],
    ['vat', '100.00', '19.00'],
  ]);
  expect(taxes(preview.dueNow)).toEqual(taxes(mixed));
  expect(mixed.taxes[0].exemptionReason).toBeNull();
  expect(await wharfage.ok('GET', '/v2/plans/mixed')).toMatchObject({ taxRates: ['reduced'], prices: [{ taxRates: ['vat'] }, {}] });
  expect(
    await wharfage.call('PUT', '/v2/plans/other', planBody('other', [flat('fee', '1.00', { taxRates: ['vat', 'none'] })])),
  ).toMatchObject({
    status: 422,
    body: { code: 'unknown_tax_rate', errors: [{ pointer: '/prices/0/taxRates/1' }] },
  });
});

test('reverse charge takes a tax id, and says so on the invoice and its credit note for good', async () => {
  const body = accountBody({ taxRates: ['reverse'] });
  expect(await wharfage.call('PUT', '/v2/accounts/euro', body)).toMatchObject({
    status: 422,
    body: { code: 'tax_id_missing', errors: [{ pointer: '/taxIds' }] },
  });
  await account('euro', { taxRates: ['reverse'], taxIds: [{ type: 'eu_vat', value: 'FR12345678901' }] });
  await subscribe('euro', 'plain');
  const [invoice] = await invoices('euro');
  const remark = {
    category: 'AE',
    rate: '0',
    amount: '0.00',
    exemptionReason: expect.stringMatching(/^Reverse charge: .*Article 196/) as unknown,
  };
  expect(invoice).toMatchObject({ total: '10.00', taxes: [{ ...remark, taxable: '10.00' }] });
  expect(
    await wharfage.ok('POST', `/v2/invoices/${invoice.id}/credit-notes`, { amount: '4.00', reason: 'Goodwill', settle: 'balance' }),
  ).toMatchObject({
    taxes: [{ ...remark, taxable: '4.00' }],
  });
});

test('a buyer without a tax id is parked where the plan is under reverse charge, and billed once it has one', async () => {
  await plan('abroad', [flat('fee', '20.00')], { taxRates: ['reverse'] });
  await account('late');
  await subscribe('late', 'abroad');
  expect(await invoices('late')).toEqual([]);
  expect(await wharfage.ok('GET', '/v2/bill-runs/parked')).toMatchObject({ data: [{ account: 'late', rule: 'tax_id_missing' }] });
  await account('late', { taxIds: [{ type: 'eu_vat', value: 'FR12345678901' }] });
  expect(await wharfage.ok('POST', '/v2/accounts/late/bill', {})).toEqual({ invoices: 1, parked: false });
});

test('the tax engine is asked for all invoices of a run at once; without its answer nothing is billed', async () => {
  const engine: TaxEngine & { assess: unknown } = wharfage.app.get(TAX_ENGINE);
  const table = engine.assess.bind(engine);
  const asked: string[][] = [];
  engine.assess = (all: readonly TaxableInvoice[]) => {
    asked.push(all.map(({ buyer }) => buyer.key));
    return table(all);
  };
  await wharfage.travel('2026-02-01T00:00:00Z');
  expect(asked.map((keys) => keys.sort())).toEqual([['acme', 'euro', 'late']]);
  engine.assess = (all: readonly TaxableInvoice[]) =>
    Promise.resolve(
      all.map(({ buyer, lines }) => (buyer.key === 'euro' ? { refused: 'No such place.' } : { taxes: lines.map(({ rates }) => rates) })),
    );
  await wharfage.travel('2026-03-01T00:00:00Z');
  const counts = async () => [(await invoices('acme')).length, (await invoices('euro')).length];
  expect(await counts()).toEqual([4, 2]);
  expect(await wharfage.ok('GET', '/v2/bill-runs/parked')).toMatchObject({
    data: [{ account: 'euro', rule: 'tax_not_assessed', detail: expect.stringContaining('No such place.') as unknown }],
  });
  engine.assess = () => Promise.reject(new Error('connection refused'));
  expect(await wharfage.ok('POST', '/v2/accounts/euro/bill', {})).toEqual({ invoices: 0, parked: true });
  engine.assess = table;
  expect(await wharfage.ok('POST', '/v2/accounts/euro/bill', {})).toEqual({ invoices: 1, parked: false });
});

describe('reports of what was sold', () => {
  const report = async (name: string, query = ''): Promise<any[]> => (await wharfage.ok('GET', `/v2/reports/${name}?${query}`)).data;
  const cents = (rows: any[], column: string): number => rows.reduce<number>((sum, row) => sum + Math.round(Number(row[column]) * 100), 0);
  const balance = async (ledgerAccount: string): Promise<number> =>
    cents(
      (await wharfage.ok('GET', '/v2/ledger/trial-balance')).data.filter((row: any) => row.ledgerAccount === ledgerAccount),
      'balance',
    );
  const call = (id: string, time: string, n: string) => ({ id, source: 's', type: 'call', subject: 'user', time, data: { n } });

  beforeAll(async () => {
    await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
    await wharfage.ok('PUT', '/v2/coupons/third', { percentOff: '33', duration: 'forever' });
    await plan('metered', [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.50', freeUnits: '2' }]);
    await account('user', { taxRates: ['vat', 'reduced'] });
    await wharfage.ok('POST', '/v2/subscriptions', { account: 'user', plan: 'metered', coupon: 'third' });
    await wharfage.report([call('a', '2026-03-01T00:00:00Z', '12.25'), call('b', '2026-03-01T00:30:00Z', '10')]);
    await wharfage.travel('2026-04-02T00:00:00Z');
    await wharfage.report([call('late', '2026-03-03T00:00:00Z', '3'), call('c', '2026-04-01T00:00:00Z', '7.5')]);
    const [march] = await invoices('user');
    await wharfage.ok('POST', `/v2/invoices/${march.id}/credit-notes`, { amount: '2.00', reason: 'Goodwill', settle: 'balance' });
    await wharfage.travel('2026-05-01T00:00:00Z');
    const [april] = await invoices('user');
    await wharfage.ok('POST', `/v2/invoices/${april.id}/void`, { reason: 'Wrong buyer' });
    await wharfage.travel('2026-05-02T00:00:00Z');
  });

  test('tax by rate is what tax_payable moved by, to the cent, in any range', async () => {
    const rows = await report('tax');
    expect(cents(rows, 'tax')).toBe(-(await balance('tax_payable')));
    expect(rows.map(({ seller, currency, taxRate, category }) => [seller, currency, taxRate, category])).toEqual([
      ['default', 'EUR', 'reverse', 'AE'],
      ['default', 'EUR', 'reduced', 'S'],
      ['default', 'EUR', 'vat', 'S'],
    ]);
    for (const row of rows)
      for (const [all, invoiced, credited] of [
        ['tax', 'taxInvoiced', 'taxCredited'],
        ['taxable', 'taxableInvoiced', 'taxableCredited'],
      ] as const)
        expect(cents([row], all)).toBe(cents([row], invoiced) - cents([row], credited));
    const parts = [await report('tax', 'to=2026-05-01T00:00:00Z'), await report('tax', 'from=2026-05-01T00:00:00Z')];
    expect(cents(parts.flat(), 'tax')).toBe(cents(rows, 'tax'));
    expect(cents(parts[1]!, 'taxCredited')).toBeGreaterThan(0); // what was voided then, though it was issued at the same instant
    const csv = await wharfage.call('GET', '/v2/reports/tax?format=csv&seller=nobody');
    expect(csv.text).toBe(
      'seller,currency,tax_rate,category,rate,taxable_invoiced,tax_invoiced,taxable_credited,tax_credited,taxable,tax\r\n',
    );
    expect(await wharfage.call('GET', '/v2/reports/tax?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z')).toMatchObject({
      status: 400,
      body: { code: 'range_reversed' },
    });
  });

  test('usage by meter, price, account and month is what was metered, and what the ledger earned on use', async () => {
    const [total] = await report('usage', 'meter=calls');
    expect(total).toMatchObject({ meter: 'calls', quantity: '32.75', plan: null, account: null, month: null });
    const revenue = await report('revenue', 'from=2026-01&to=2026-05');
    expect(cents([total], 'revenue') + cents([total], 'credited')).toBe(cents(revenue, 'onUse'));
    expect(cents([total], 'revenue')).toBe(cents([total], 'amount') - cents([total], 'discount') - cents([total], 'credited'));
    expect(cents([total], 'credited')).toBeGreaterThan(0);
    expect(await report('usage', 'by=price')).toMatchObject([{ plan: 'metered', price: 'calls', quantity: '32.75' }]);
    expect(await report('usage', 'by=account&account=user')).toMatchObject([
      { account: 'user', quantity: '32.75', revenue: total.revenue },
    ]);
    const months = await report('usage', 'by=month');
    expect(months.map(({ month, quantity }) => [month, quantity])).toEqual([
      ['2026-04', '22.25'],
      ['2026-05', '10.5'],
    ]);
    for (const column of ['amount', 'discount', 'credited', 'revenue']) expect(cents(months, column)).toBe(cents([total], column));
  });
});
