import { LEDGER_ACCOUNTS } from '../../src/domain/ledger.js';
import { TestApp } from '../support/app.js';
import { commandHere } from '../support/command.js';
import { parsedCsv } from './parsed-csv.js';

type Row = Readonly<Record<string, string>>;

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/plans/flat', {
    name: 'Flat',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '31.00' }],
  });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC' });
  const grant = (body: object): Promise<any> => wharfage.ok('POST', '/v2/accounts/acme/credit-grants', body);
  await grant({ kind: 'paid', amount: '20.00', expiresAt: '2026-02-15T00:00:00Z' });
  await grant({ kind: 'promotional', amount: '12.00' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'flat' });
  await wharfage.travel('2026-03-03T00:00:00Z');
}, 60_000);
afterAll(() => wharfage.close());

async function rows(path: string): Promise<Row[]> {
  const { text, status } = await wharfage.call('GET', path);
  if (status !== 200) throw new Error(text);
  const [header = [], ...found] = parsedCsv(text);
  return found.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i] ?? ''])));
}
const journal = (query = ''): Promise<Row[]> => rows(`/v2/exports/journal?${query}`);
const of = (found: readonly Row[], purpose: string): Row[] => found.filter((row) => row['purpose'] === purpose);

test('entries bear their place in the chain, which has no gap, and the month of the books', async () => {
  const found = await journal();
  const seals = new Map(found.map((row) => [Number(row['seal_number']), row['seal_hash']]));
  const chain = await wharfage.ok('GET', '/v2/ledger/chain');
  expect([...seals.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: Number(chain.entries) }, (_, i) => i + 1));
  expect(seals.get(Number(chain.entries))).toBe(chain.hash);
  expect(found.every((row) => row['accounting_period'] === row['at']?.slice(0, 7) && row['seller'] === 'default')).toBe(true);
  expect(of(found, 'invoice_issued')[0]).toMatchObject({ account: 'acme', invoice_number: 'INV-000001', accounting_period: '2026-01' });
});

test('recognized revenue is of no account in particular', async () => {
  const recognized = of(await journal(), 'revenue_recognized');
  expect(recognized.length).toBeGreaterThan(100);
  expect(new Set(recognized.map((row) => row['account']))).toEqual(new Set(['']));
});

test('all that is in the books is in the journal', async () => {
  const { data } = await wharfage.ok('GET', '/v2/ledger/trial-balance');
  const sums = new Map<string, number>();
  for (const row of await journal()) {
    const account = row['ledger_account'] ?? '';
    sums.set(account, (sums.get(account) ?? 0) + Math.round(100 * (Number(row['debit']) - Number(row['credit']))));
  }
  expect(Object.fromEntries(sums)).toEqual(
    Object.fromEntries(data.map((row: any) => [row.ledgerAccount, Math.round(100 * Number(row.balance))])),
  );
});

test('credit grants: what was paid for them, what they paid, and what expired', async () => {
  const found = await journal();
  const amounts = (purpose: string): unknown[] => of(found, purpose).map((row) => [row['ledger_account'], row['debit'], row['credit']]);
  expect(amounts('grant_funded')).toEqual([
    ['grant_clearing', '20.00', '0.00'],
    ['prepaid_credits', '0.00', '20.00'],
  ]);
  expect(amounts('grants_applied')).toEqual([
    ['prepaid_credits', '19.00', '0.00'],
    ['promotional_credits', '12.00', '0.00'],
    ['accounts_receivable', '0.00', '31.00'],
    ['prepaid_credits', '1.00', '0.00'],
    ['accounts_receivable', '0.00', '1.00'],
  ]);
  const [first, second] = await rows('/v2/exports/invoices');
  expect(first).toMatchObject({ applied: '31.00', grants_applied: '31.00', balance_applied: '0.00', due: '0.00' });
  expect(second).toMatchObject({ applied: '1.00', grants_applied: '1.00', balance_applied: '0.00', due: '30.00' });
});

test('a general journal wants every ledger account that is posted to', async () => {
  await wharfage.ok('PUT', '/v2/accounting-mappings/general-journal', { name: 'Books' });
  const { status, body } = await wharfage.call('GET', '/v2/exports/journal?layout=general-journal');
  expect([status, body.errors.map(({ pointer }: { pointer: string }) => pointer)]).toEqual([
    422,
    ['accounts_receivable', 'deferred_revenue', 'grant_clearing', 'prepaid_credits', 'promotional_credits', 'revenue'].map(
      (account) => `/ledgerAccounts/${account}`,
    ),
  ]);
  const ledgerAccounts = Object.fromEntries(Object.keys(LEDGER_ACCOUNTS).map((account, i) => [account, String(1000 + i)]));
  await wharfage.ok('PUT', '/v2/accounting-mappings/general-journal', { name: 'Books', ledgerAccounts });
  const found = await rows('/v2/exports/journal?layout=general-journal');
  expect(found).toHaveLength((await journal()).length);
  expect(found.find((row) => row['Description']?.startsWith('revenue_recognized'))).toMatchObject({
    Name: '',
    '*Debits': '1.00',
    '*Credits': '',
  });
});

test('what is exported is what is verified', async () => {
  const settings = {
    DATABASE_URL: wharfage.url,
    TEST_CLOCK: 'on',
    LOG_LEVEL: 'silent',
    KEY_HASH_SECRET: 'a secret for tests, and for tests only',
  };
  expect((await commandHere(['verify', '--ledger'], settings)).status).toBe(0);
});
