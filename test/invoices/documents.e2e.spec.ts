import { TestApp } from '../support/app.js';
import { pdfAttachments, pdfPages } from '../support/pdf-text.js';
import { afterStory } from '../support/story.js';
import { readCii, readUbl } from '../documents/en16931.js';
import { broken } from '../documents/en16931-rules.js';

let wharfage: TestApp;
let first: any;

const SELLER = {
  name: 'Wharfage GmbH',
  address: { line1: 'Kaiserstraße 1', city: 'Berlin', postalCode: '10117', country: 'DE' },
  taxIds: [{ type: 'eu_vat', value: 'DE123456789' }],
  registrationNumber: 'HRB 12345 B',
  email: 'billing@wharfage.example',
  iban: 'DE89370400440532013000',
  bic: 'COBADEFFXXX',
  paymentTerms: 'Without deduction.',
  paymentTermsDays: 14,
};
const BUYER = {
  kind: 'organization',
  name: 'Acme S.A.',
  currency: 'EUR',
  email: 'ap@acme.example',
  address: { line1: '12 rue de la Paix', city: 'Paris', postalCode: '75002', country: 'FR' },
  taxIds: [{ type: 'eu_vat', value: 'FR40303265045' }],
  taxRates: ['vat'],
};

const file = async (path: string, accept: string) => {
  const { app, adminKey } = wharfage;
  const answer = await app.inject({ method: 'GET', url: path, headers: { authorization: `Bearer ${adminKey}`, accept } });
  return { status: answer.statusCode, headers: answer.headers, bytes: answer.rawPayload, text: answer.body };
};
const invoicesOf = async (account: string): Promise<any[]> => (await wharfage.ok('GET', `/v2/invoices?account=${account}`)).data;

async function subscribed(key: string, account: object): Promise<any> {
  await wharfage.ok('PUT', `/v2/accounts/${key}`, account);
  return await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'team' });
}

beforeAll(async () => {
  wharfage = await TestApp.start();
  await wharfage.ok('PUT', '/v2/sellers/default', SELLER);
  await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT 19 %', rate: '0.19' });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n', groupBy: ['region'] });
  const tiers = [
    { upTo: '100', unitPrice: '0.05' },
    { upTo: null, unitPrice: '0.03' },
  ];
  await wharfage.ok('PUT', '/v2/plans/team', {
    name: 'Team',
    product: 'hub',
    currency: 'EUR',
    interval: { unit: 'month', count: 1 },
    prices: [
      { key: 'base', kind: 'recurring', model: 'flat', amount: '31.00' },
      { key: 'calls', kind: 'metered', meter: 'calls', model: 'graduated', tiers, freeUnits: '50' },
      { key: 'transfer', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.011', groupBy: ['region'] },
    ],
  });
  await subscribed('acme', BUYER);
  await wharfage.report([
    { id: 'e1', source: 's', type: 'call', subject: 'acme', time: '2026-01-01T00:00:00Z', data: { n: 250, region: 'eu' } },
    { id: 'e2', source: 's', type: 'call', subject: 'acme', time: '2026-01-01T00:00:00Z', data: { n: 80, region: 'us' } },
  ]);
  await wharfage.travel('2026-02-01T00:00:00Z');
  first = (await invoicesOf('acme')).find(({ lines }) => lines.some((line: any) => line.price === 'calls'));
}, 60_000);
afterAll(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

test('an invoice is a PDF, an e-invoice in either syntax, or both in one, always the same, whatever is changed later', async () => {
  const path = `/v2/invoices/${String(first.number)}`;
  const all = async () => [
    await file(path, 'application/pdf'),
    await file(`${path}?embed=cii`, 'application/pdf'),
    await file(path, 'application/xml'),
    await file(`${path}?syntax=cii`, 'application/xml'),
  ];
  const [pdf, hybrid, ubl, cii] = await all();
  expect(pdf).toMatchObject({ status: 200, headers: { 'content-type': 'application/pdf', vary: 'accept' } });
  expect(pdf!.headers['content-disposition']).toBe(`inline; filename="${String(first.number)}.pdf"`);
  const text = pdfPages(pdf!.bytes).flat().join('\n');
  for (const line of [
    'Acme S.A.',
    'Wharfage GmbH',
    'Due date',
    `Subtotal ${String(first.subtotal)}`,
    `Tax ${String(first.tax)}`,
    `Total EUR ${String(first.total)}`,
    'Tier up to 100 100 0.05 5.00',
    'Tier above 100 180 0.03 5.40',
    'Free units -50',
    'region: us',
    'Terms Without deduction.',
  ])
    expect(text).toContain(line);
  for (const line of first.lines) expect(text).toMatch(new RegExp(`${String(line.description)}.* 19 % ${String(line.amount)}`));
  const read = readUbl(ubl!.text);
  expect([broken(read), broken(readCii(cii!.text))]).toEqual([[], []]);
  expect(read).toMatchObject({ type: '380', number: first.number, seller: { vatId: 'DE123456789', registration: 'HRB 12345 B' } });
  expect([read.sums.net, read.sums.tax, read.sums.total]).toEqual([first.subtotal, first.tax, first.total].map(Number));
  expect(pdfAttachments(hybrid!.bytes)).toEqual({ 'factur-x.xml': cii!.text });

  await wharfage.ok('PUT', '/v2/sellers/default', { ...SELLER, name: 'Wharfage SE', iban: null });
  await wharfage.ok('PUT', '/v2/accounts/acme', { ...BUYER, name: 'Acme Holding' });
  await wharfage.ok('POST', `/v2/invoices/${String(first.id)}/void`, { reason: 'wrong name' });
  await wharfage.travel('2026-02-02T00:00:00Z');
  expect((await all()).map(({ bytes }) => bytes)).toEqual([pdf, hybrid, ubl, cii].map((one) => one!.bytes));
});

test('JSON is answered where nothing else is asked for, and unknown forms are refused', async () => {
  expect(await wharfage.call('GET', `/v2/invoices/${String(first.id)}`)).toMatchObject({ status: 200, body: { number: first.number } });
  expect((await wharfage.call('GET', `/v2/invoices/${String(first.id)}?syntax=edifact`)).status).toBe(400);
  expect((await file('/v2/invoices/INV-999999', 'application/pdf')).text).toContain('"code":"invoice_not_found"');
  const draft = await wharfage.ok('POST', '/v2/invoices', {
    account: 'acme',
    draft: true,
    lines: [{ description: 'Work', amount: '10.00' }],
  });
  expect((await file(`/v2/invoices/${String(draft.id)}`, 'application/pdf')).text).toContain('"code":"draft_has_no_document"');
  await wharfage.ok('DELETE', `/v2/invoices/${String(draft.id)}`);
  expect((await file('/v2/credit-notes/CN-999999', 'application/xml')).status).toBe(404);
});

test('a credit note has its documents, too', async () => {
  await subscribed('noted', { ...BUYER, name: 'Noted & Söhne <KG>' });
  const [invoice] = await invoicesOf('noted');
  const note = await wharfage.ok('POST', `/v2/invoices/${String(invoice.id)}/credit-notes`, {
    amount: '10.00',
    reason: 'An outage',
    settle: 'none',
  });
  const path = `/v2/credit-notes/${String(note.id)}`;
  const read = readUbl((await file(path, 'application/xml')).text);
  expect(broken(read)).toEqual([]);
  expect(read).toMatchObject({ type: '381', number: note.number, preceding: [invoice.number], sums: { total: 10, due: 10 } });
  const text = pdfPages((await file(`${path}?embed=cii`, 'application/pdf')).bytes)
    .flat()
    .join('\n');
  for (const line of [`Credits ${String(invoice.number)}`, 'Reason: An outage', 'Noted & Söhne <KG>', 'Total EUR 10.00'])
    expect(text).toContain(line);
});

test('what an e-invoice lacks is told at once; the PDF is there all the same', async () => {
  await subscribed('bare', { kind: 'user', name: 'Bare', currency: 'EUR' });
  const [invoice] = await invoicesOf('bare');
  const path = `/v2/invoices/${String(invoice.number)}`;
  const { status, text } = await file(path, 'application/xml');
  expect([status, JSON.parse(text)]).toMatchObject([
    409,
    {
      code: 'e_invoice_impossible',
      errors: [
        { pointer: '/buyer/address', code: 'buyer_address_missing' },
        { pointer: '/lines', code: 'tax_missing' },
      ],
    },
  ]);
  expect((await file(`${path}?embed=cii`, 'application/pdf')).status).toBe(409);
  expect(pdfPages((await file(path, 'application/pdf')).bytes).flat()).toContain('Total EUR 31.00');
});

test('v1 gives the PDF of what it shows, not of a void invoice', async () => {
  const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'hub', scopes: ['v1'] });
  const pdf = (number: string) =>
    wharfage.send('GET', `/v1/invoices/${number}.pdf`, { headers: { authorization: `Bearer ${String(key)}` } });
  const [shown] = await invoicesOf('bare');
  expect(await pdf(String(shown.number))).toMatchObject({ status: 200, headers: { 'content-type': 'application/pdf' } });
  expect(await pdf(String(first.number))).toMatchObject({ status: 404, body: { code: 'invoice_not_found' } });
});
