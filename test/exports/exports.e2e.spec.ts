import { createHash } from 'node:crypto';
import { parquetReadObjects } from 'hyparquet';
import { readXlsx } from 'hucre/xlsx';
import { TestApp } from '../support/app.js';
import { column, parsedCsv } from './parsed-csv.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/plans/odd', {
    name: 'Odd',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [
      { key: 'base', kind: 'recurring', model: 'flat', amount: '1.50', name: '=HYPERLINK("http://x","y"), or not' },
      { key: 'seat', kind: 'recurring', model: 'per_unit', unitPrice: '2.00', name: 'Seats <&> more' },
    ],
  });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme, Inc.', currency: 'USD', timeZone: 'UTC' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'odd', quantities: { seat: 3 } });
  await wharfage.travel('2026-03-01T00:00:00Z');
}, 60_000);
afterAll(() => wharfage.close());

const range = 'from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z';
const get = (path: string) => wharfage.app.inject({ method: 'GET', url: path, headers: { authorization: `Bearer ${wharfage.adminKey}` } });

describe('invoice lines', () => {
  test('as CSV: in the order of invoice numbers, and nothing that a spreadsheet would run', async () => {
    const reply = await wharfage.call('GET', `/v2/exports/invoice-lines?${range}`);
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' } });
    const rows = parsedCsv(reply.text);
    expect(column(rows, 'invoice_number')).toEqual(['INV-000001', 'INV-000001', 'INV-000002', 'INV-000002']);
    expect(column(rows, 'issued_at')).toEqual([...Array(2).fill('2026-01-01T00:00:00Z'), ...Array(2).fill('2026-02-01T00:00:00Z')]);
    expect(column(rows, 'amount')).toEqual(['1.50', '6.00', '1.50', '6.00']);
    expect(column(rows, 'description')[0]).toBe(`'=HYPERLINK("http://x","y"), or not`);
    expect(column(rows, 'account')).toEqual(['acme', 'acme', 'acme', 'acme']);
    expect(column(rows, 'proration')).toEqual(['false', 'false', 'false', 'false']);
  });

  test('the manifest comes before the first byte, the digest after the last', async () => {
    const reply = await get(`/v2/exports/invoice-lines?${range}`);
    const manifest = JSON.parse(String(reply.headers['wharfage-export-manifest']));
    expect(manifest).toMatchObject({
      dataset: 'invoice-lines',
      format: 'csv',
      from: '2026-01-01T00:00:00Z',
      to: '2026-03-01T00:00:00Z',
      snapshotAt: '2026-03-01T00:00:00Z',
      rows: 4,
      totals: { USD: { rows: 4, amount: '15.00', discount: '0.00', net: '15.00' } },
      nextCursor: expect.any(String),
    });
    const digest = createHash('sha256').update(reply.rawPayload).digest('base64');
    expect(reply.trailers).toMatchObject({ 'repr-digest': `sha-256=:${digest}:` });
    expect(await wharfage.ok('GET', `/v2/exports/invoice-lines?${range}&manifest=only`)).toEqual({ ...manifest, nextCursor: null });
  });

  test('a byte order mark is there when it is wanted', async () => {
    expect((await wharfage.call('GET', `/v2/exports/invoice-lines?${range}&bom=true`)).text.startsWith('\ufeffinvoice_number,')).toBe(true);
  });

  test('as JSON lines: money as text, numbers and flags as such', async () => {
    const { text, headers } = await wharfage.call('GET', `/v2/exports/invoice-lines?${range}&format=jsonl`);
    expect(headers['content-type']).toBe('application/x-ndjson');
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatchObject({
      line: 1,
      amount: '1.50',
      description: '=HYPERLINK("http://x","y"), or not',
      proration: false,
      adjusts: null,
    });
  });

  test('as XLSX: typed cells that another library reads', async () => {
    const { rawPayload } = await get(`/v2/exports/invoice-lines?${range}&format=xlsx`);
    const { sheets } = await readXlsx(new Uint8Array(rawPayload));
    const [header = [], first = [], second = []] = sheets[0]?.rows ?? [];
    const cell = (row: readonly unknown[], name: string): unknown => row[header.indexOf(name)];
    expect(sheets[0]?.rows).toHaveLength(5);
    expect([cell(first, 'amount'), cell(second, 'amount'), cell(second, 'line')]).toEqual([1.5, 6, 2]);
    expect([cell(first, 'description'), cell(second, 'description')]).toEqual([`=HYPERLINK("http://x","y"), or not`, 'Seats <&> more']);
    expect(cell(first, 'issued_at')).toEqual(new Date('2026-01-01T00:00:00Z'));
    expect(cell(first, 'proration')).toBe(false);
  });

  test('as Parquet: decimals, timestamps and flags', async () => {
    const { rawPayload } = await get(`/v2/exports/invoice-lines?${range}&format=parquet`);
    const file = new Uint8Array(rawPayload).buffer;
    const rows = await parquetReadObjects({ file });
    expect(rows).toHaveLength(4);
    expect(rows[1]).toMatchObject({ amount: expect.closeTo(6), line: 2n, proration: false, description: 'Seats <&> more' });
    expect(rows[1]?.['issued_at']).toEqual(new Date('2026-01-01T00:00:00Z'));
  });

  test.each([
    ['format=pdf', 400, 'invalid_request'],
    ['from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 400, 'range_reversed'],
    ['after=nonsense', 400, 'invalid_cursor'],
    ['layout=general-journal', 422, 'layout_unfit'],
    ['layout=xero&format=xlsx', 422, 'layout_unfit'],
    ['layout=xero', 404, 'accounting_mapping_not_found'],
  ])('%s is refused before the first byte', async (query, status, code) => {
    expect(await wharfage.call('GET', `/v2/exports/invoice-lines?${query}`)).toMatchObject({ status, body: { code } });
  });
});

describe('the other datasets', () => {
  const rows = async (path: string): Promise<string[][]> => parsedCsv((await wharfage.call('GET', path)).text);

  test('invoices tie out with their lines', async () => {
    const { totals } = await wharfage.ok('GET', `/v2/exports/invoices?${range}&manifest=only`);
    expect(totals).toMatchObject({ USD: { rows: 2, subtotal: '15.00', total: '15.00' } });
    expect(column(await rows(`/v2/exports/invoices?${range}`), 'buyer')).toEqual(['Acme, Inc.', 'Acme, Inc.']);
  });

  test('the journal balances', async () => {
    const { totals } = await wharfage.ok('GET', '/v2/exports/journal?manifest=only');
    expect(totals.USD.debit).toBe(totals.USD.credit);
  });

  test('payments are money that moved: refunds with a minus', async () => {
    const { data } = await wharfage.ok('GET', '/v2/invoices?account=acme&limit=1');
    const payment = await wharfage.ok('POST', '/v2/payments', {
      invoice: data[0].id,
      amount: '7.50',
      receivedOn: '2026-03-01',
      method: 'wire',
      reference: '=1+1',
    });
    await wharfage.ok('POST', `/v2/payments/${String(payment.id)}/refunds`, { amount: '2.50', reason: 'goodwill' });
    const exported = await rows('/v2/exports/payments?from=2026-03-01T00:00:00Z');
    expect(column(exported, 'kind')).toEqual(expect.arrayContaining(['payment']));
    expect(column(exported, 'reference')[0]).toBe(`'=1+1`);
  });

  test('usage tells events as they came', async () => {
    await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
    const event = { id: '1', source: 'test', type: 'call', subject: 'acme', time: '2026-02-28T12:00:00.25Z', data: { n: 3 } };
    await wharfage.report([event]);
    const exported = await rows('/v2/exports/usage?from=2026-02-01T00:00:00Z');
    expect(column(exported, 'time')).toEqual(['2026-02-28T12:00:00.25Z']);
    expect(column(exported, 'data').map((text) => JSON.parse(text ?? ''))).toEqual([{ n: 3 }]);
    const { text } = await wharfage.call('GET', '/v2/exports/usage?format=jsonl');
    expect(JSON.parse(text)).toMatchObject({ id: '1', data: { n: 3 }, voided_at: null });
  });
});
