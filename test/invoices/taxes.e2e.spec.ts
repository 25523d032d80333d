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
