import { Books } from '../invoices/books.js';
import { afterStory } from '../support/story.js';
import { column, parsedCsv } from './parsed-csv.js';

let books: Books;
beforeAll(async () => {
  books = await Books.open();
  const part = await books.billed('part');
  await books.wire(part, '10.00');
  await books.credit(part, { amount: '12.00', settle: 'balance' });
  await books.act(await books.billed('gone'), 'void', { rebill: false });
  await books.wharfage.ok('PUT', '/v2/accounting-mappings/xero', {
    name: 'Xero',
    timeZone: 'UTC',
    products: { hub: '200' },
    taxes: { vat: '20% (VAT on Income)' },
  });
}, 60_000);
afterAll(async () => {
  try {
    await afterStory(books.wharfage);
  } finally {
    await books.close();
  }
});

async function exported(dataset: string, query = ''): Promise<{ rows: string[][]; manifest: any }> {
  const { text, headers, status } = await books.wharfage.call('GET', `/v2/exports/${dataset}?${query}`);
  if (status !== 200) throw new Error(text);
  return { rows: parsedCsv(text), manifest: JSON.parse(headers['wharfage-export-manifest'] ?? '') };
}

test('credit notes by their numbers, with how each was settled, and on from there', async () => {
  const { rows, manifest } = await exported('credit-notes');
  const of = (name: string) => column(rows, name);
  expect([of('credit_note_number'), of('invoice_number'), of('account'), of('reason')]).toEqual([
    ['CN-000001'],
    ['INV-000001'],
    ['part'],
    ['goodwill'],
  ]);
  expect(manifest.totals).toEqual({
    USD: {
      rows: 1,
      subtotal: '10.00',
      tax: '2.00',
      total: '12.00',
      reduced: '8.00',
      recovered: '0.00',
      refunded_before: '0.00',
      balance_credited: '4.00',
      refunded: '0.00',
    },
  });
  const invoices = await exported('invoices');
  await books.credit((await books.invoices('part'))[0], { amount: '1.20', settle: 'balance' });
  expect(column((await exported('credit-notes', `after=${manifest.nextCursor}`)).rows, 'total')).toEqual(['1.20']);
  expect((await exported('invoices', `after=${invoices.manifest.nextCursor}`)).rows).toHaveLength(1);
});

test('a void invoice is a row that says so, and is not handed to another system', async () => {
  expect(column((await exported('invoices')).rows, 'void')).toEqual(['false', 'true']);
  expect(column((await exported('invoice-lines')).rows, 'void')).toEqual(['false', 'false', 'true', 'true']);
  const { rows, manifest } = await exported('invoice-lines', 'layout=xero');
  expect(column(rows, '*InvoiceNumber')).toEqual(['INV-000001', 'INV-000001']);
  expect(manifest).toMatchObject({ rows: 2, totals: { USD: { net: '15.00' } } });
});
