import { TestApp } from '../support/app.js';
import { parsedCsv } from './parsed-csv.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-31T23:30:00Z' });
  await wharfage.ok('PUT', '/v2/tax-rates/gb-vat', { name: 'VAT 20 %', rate: '0.2' });
  for (const [plan, product] of [
    ['registry', 'hub'],
    ['nodes', 'cloud'],
  ])
    await wharfage.ok('PUT', `/v2/plans/${String(plan)}`, {
      name: plan,
      product,
      currency: 'GBP',
      interval: { unit: 'month', count: 1 },
      prices: [
        { key: 'base', kind: 'recurring', model: 'flat', amount: '12.00', name: 'Base' },
        { key: 'support', kind: 'recurring', model: 'flat', amount: '3.00', name: 'Support, "gold"' },
      ],
    });
  const base = { kind: 'organization', currency: 'GBP', timeZone: 'UTC' };
  const address = { line1: '1 High St', city: 'Leeds', region: 'West Yorkshire', postalCode: 'LS1', country: 'GB' };
  await wharfage.ok('PUT', '/v2/accounts/acme', { ...base, name: 'Acme', email: 'ap@acme.test', taxRates: ['gb-vat'], address });
  await wharfage.ok('PUT', '/v2/accounts/exempt', { ...base, name: '@Exempt' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'registry' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'exempt', plan: 'nodes' });
  await wharfage.travel('2026-02-01T12:00:00Z');
}, 60_000);
afterAll(() => wharfage.close());

const lines = (query: string) => wharfage.call('GET', `/v2/exports/invoice-lines?${query}`);
const objects = (csv: string): Record<string, string>[] => {
  const [header = [], ...rows] = parsedCsv(csv);
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i] ?? ''])));
};
const whole = {
  name: 'Books',
  products: { hub: '200' },
  plans: { nodes: '300' },
  prices: { 'nodes/support': '310' },
  taxes: { 'gb-vat': '20% (VAT on Income)' },
  untaxed: 'No VAT',
  timeZone: 'Asia/Tokyo',
};

test('what is not mapped is told, all of it, before the first byte', async () => {
  await wharfage.ok('PUT', '/v2/accounting-mappings/xero', { name: 'Empty' });
  expect(await lines('layout=xero')).toMatchObject({
    status: 422,
    body: {
      code: 'accounting_mapping_incomplete',
      errors: [
        '/prices/nodes~1base',
        '/prices/nodes~1support',
        '/prices/registry~1base',
        '/prices/registry~1support',
        '/untaxed',
        '/taxes/gb-vat',
      ].map((pointer) => expect.objectContaining({ pointer, code: 'not_mapped' })),
    },
  });
  const journal = await wharfage.call('GET', '/v2/exports/journal?layout=general-journal&mapping=xero');
  expect(journal).toMatchObject({ status: 422, body: { code: 'accounting_mapping_incomplete' } });
  expect(journal.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(
    expect.arrayContaining(['/ledgerAccounts/accounts_receivable', '/ledgerAccounts/tax_payable']),
  );
});

test('a mapping is put, read and listed, and changes by revision', async () => {
  const { headers } = await wharfage.call('PUT', '/v2/accounting-mappings/books', whole);
  expect(await wharfage.call('PUT', '/v2/accounting-mappings/books', whole)).toMatchObject({ headers: { etag: headers['etag'] } });
  expect(await wharfage.ok('GET', '/v2/accounting-mappings/books')).toMatchObject({ ...whole, ledgerAccounts: {}, dateFormat: null });
  expect((await wharfage.ok('GET', '/v2/accounting-mappings')).data.map(({ key }: { key: string }) => key)).toContain('books');
  expect(await wharfage.call('PUT', '/v2/accounting-mappings/books', { ...whole, products: { hub: 200 } })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/products', code: 'invalid_codes' }] },
  });
  expect(await wharfage.call('GET', '/v2/accounting-mappings/none')).toMatchObject({ status: 404 });
});

describe('with all mapped', () => {
  beforeAll(() => wharfage.ok('PUT', '/v2/accounting-mappings/books', whole));

  test('xero: price before plan before product, days of the books, what a line comes to', async () => {
    const { status, text } = await lines('layout=xero&mapping=books');
    expect(status).toBe(200);
    const rows = objects(text);
    expect(text.slice(0, text.indexOf('\r'))).toBe(
      '*ContactName,EmailAddress,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,POPostalCode,POCountry,*InvoiceNumber,Reference,*InvoiceDate,*DueDate,Total,InventoryItemCode,*Description,*Quantity,*UnitAmount,Discount,*AccountCode,*TaxType,TaxAmount,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2,Currency,BrandingTheme',
    );
    expect(rows[0]).toMatchObject({
      '*ContactName': 'Acme',
      PORegion: 'West Yorkshire',
      '*InvoiceNumber': 'INV-000001',
      '*InvoiceDate': '01/02/2026',
      '*Quantity': '1',
      '*UnitAmount': '12.00',
      '*AccountCode': '200',
      '*TaxType': '20% (VAT on Income)',
      Currency: 'GBP',
    });
    expect(rows.map((row) => row['*AccountCode'])).toEqual(['200', '200', '300', '310']);
    expect(rows[2]).toMatchObject({ '*ContactName': `'@Exempt`, '*TaxType': 'No VAT' });
  });

  test.each([
    ['quickbooks', '*ItemAmount', '*InvoiceDate'],
    ['netsuite', 'Amount', 'Date'],
  ])('%s: amounts add up, days as is usual there', async (layout, amount, day) => {
    const rows = objects((await lines(`layout=${layout}&mapping=books`)).text);
    expect(rows.map((row) => row[amount])).toEqual(['12.00', '3.00', '12.00', '3.00']);
    expect(rows[0]?.[day]).toBe('02/01/2026');
  });

  test('general journal: each entry balances; days are those of the ledger, wherever the books are kept', async () => {
    const ledgerAccounts = { accounts_receivable: '1100', revenue: '4000', deferred_revenue: '2400', tax_payable: '2200' };
    await wharfage.ok('PUT', '/v2/accounting-mappings/general-journal', { name: 'Journal', ledgerAccounts, timeZone: 'Asia/Tokyo' });
    const rows = objects((await wharfage.call('GET', '/v2/exports/journal?layout=general-journal')).text);
    expect(new Set(rows.map((row) => row['*AccountName']))).toEqual(new Set(['1100', '2200', '2400', '4000']));
    const cents = (text = ''): bigint => BigInt(text.replace('.', '') || '0');
    expect(rows.reduce((sum, row) => sum + cents(row['*Debits']) - cents(row['*Credits']), 0n)).toBe(0n);
    expect(rows[0]).toMatchObject({ '*JournalDate': '2026-01-31', '*Debits': '18.00', '*Credits': '', Name: 'Acme' });
  });

  test('amounts with and without their tax do not go into one file', async () => {
    await wharfage.ok('PUT', '/v2/tax-rates/gb-incl', { name: 'VAT', rate: '0.2', inclusive: true });
    const base = { kind: 'user', name: 'Shop', currency: 'GBP', timeZone: 'UTC' };
    await wharfage.ok('PUT', '/v2/accounts/shop', { ...base, taxRates: ['gb-incl'] });
    await wharfage.ok('POST', '/v2/subscriptions', { account: 'shop', plan: 'nodes' });
    await wharfage.ok('PUT', '/v2/accounting-mappings/books', { ...whole, taxes: { ...whole.taxes, 'gb-incl': 'X' } });
    expect(await lines('layout=xero&mapping=books')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/taxes', code: 'taxes_mixed' }] },
    });
  });
});
