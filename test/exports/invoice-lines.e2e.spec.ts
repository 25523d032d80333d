import { InvoiceLinesReader } from '../../src/invoices/invoice-lines-reader.js';
import { TestApp } from '../support/app.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
}, 30_000);
afterAll(() => wharfage.close());

/** RFC 4180: quoted fields may hold commas, quotes and line ends. */
function parsed(csv: string): string[][] {
  const rows: string[][] = [[]];
  let field = '';
  let quoted = false;
  for (let i = 0; i < csv.length; i += 1) {
    const character = csv[i];
    if (quoted && character === '"' && csv[i + 1] === '"') field += csv[(i += 1)] ?? '';
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === ',' || character === '\r')) {
      rows.at(-1)?.push(field);
      field = '';
      if (character === '\r') {
        i += 1;
        rows.push([]);
      }
    } else field += character ?? '';
  }
  return rows.slice(0, -1);
}

test('the export holds the lines of the invoices, in the order of their numbers, and nothing that a spreadsheet would run', async () => {
  await wharfage.ok('PUT', '/v2/plans/odd', {
    name: 'Odd',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [
      { key: 'base', kind: 'recurring', model: 'flat', amount: '1.50', name: '=HYPERLINK("http://x","y"), or not' },
      { key: 'seat', kind: 'recurring', model: 'per_unit', unitPrice: '2.00', name: 'Seats' },
    ],
  });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'odd', quantities: { seat: 3 } });
  await wharfage.travel('2026-03-01T00:00:00Z');
  const range = 'from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z';
  const reply = await wharfage.call('GET', `/v2/exports/invoice-lines?${range}`);
  expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' } });
  const [header = [], ...rows] = parsed(reply.text);
  const column = (name: string): (string | undefined)[] => rows.map((row) => row[header.indexOf(name)]);
  expect(column('invoice_number')).toEqual(['INV-000001', 'INV-000001', 'INV-000002', 'INV-000002']);
  expect(column('amount')).toEqual(['1.50', '6.00', '1.50', '6.00']);
  expect(column('description')[0]).toBe(`'=HYPERLINK("http://x","y"), or not`);
  expect(column('account')).toEqual(['acme', 'acme', 'acme', 'acme']);
  expect(await wharfage.ok('GET', `/v2/exports/invoice-lines/manifest?${range}`)).toEqual({
    rows: 4,
    totals: { USD: { amount: '15.00', discount: '0.00' } },
  });
  expect(await wharfage.call('GET', `/v2/exports/invoice-lines?${range}&format=xlsx`)).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/format', code: 'not_allowed' }] },
  });
});

describe('with few connections', () => {
  let small: TestApp;
  const range = 'from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z';
  beforeAll(async () => {
    small = await TestApp.start({ now: '2026-03-01T00:00:00Z', env: { DATABASE_URL: wharfage.url, DATABASE_POOL: '2', ROLE: 'api' } });
  });
  afterAll(() => small.close());
  const exported = (): Promise<number> =>
    small
      .send('GET', `/v2/exports/invoice-lines?${range}`, { headers: { authorization: `Bearer ${wharfage.adminKey}` } })
      .then(({ status }) => status);
  const inTime = (work: Promise<unknown>): Promise<unknown> =>
    Promise.race([work, new Promise((resolve) => setTimeout(() => resolve('waits'), 5_000))]);

  test('exports at once need one connection each', async () => {
    expect(await inTime(Promise.all([exported(), exported(), exported()]))).toEqual([200, 200, 200]);
  }, 20_000);

  test('an export whose connection is lost gives its place back', async () => {
    for (let i = 0; i < 3; i += 1) {
      const batches = small.app.get(InvoiceLinesReader).batches({ from: 0n, to: 10n ** 16n });
      expect((await batches.next()).value).toHaveLength(6);
      await wharfage.source.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and query like 'fetch%'`,
      );
      await expect(batches.next()).rejects.toThrow();
    }
    expect(await inTime(exported())).toBe(200);
  }, 20_000);
});
