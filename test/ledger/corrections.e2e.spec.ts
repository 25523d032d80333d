import { TestApp } from '../support/app.js';
import { balances, report, reportsTie } from '../support/books.js';
import { afterStory, differences } from '../support/story.js';

let wharfage: TestApp;
const ties: string[] = [];

beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/sellers/default', { name: 'Wharfage Ltd', paymentTermsDays: 10 });
  await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.20', category: 'S', inclusive: false });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
  const base = { kind: 'recurring', model: 'flat' };
  await plan('flat', [{ key: 'base', ...base, amount: '31.00' }]);
  await plan('setup', [{ key: 'setup', kind: 'one_time', amount: '25.00' }]);
  await plan('calls', [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' }]);
  for (const key of ['part', 'whole', 'waived', 'again', 'granted', 'lost']) await sold(key, 'flat');
  for (const key of ['used', 'wrong']) await sold(key, 'calls');
  await sold('once', 'setup');
}, 60_000);
afterAll(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

const plan = (key: string, prices: readonly object[]) =>
  wharfage.ok('PUT', `/v2/plans/${key}`, { name: key, product: key, currency: 'USD', interval: { unit: 'month', count: 1 }, prices });

async function sold(key: string, wanted: string): Promise<void> {
  const body = { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', provider: 'manual', taxRates: ['vat'] };
  await wharfage.ok('PUT', `/v2/accounts/${key}`, body);
  if (key === 'granted') await wharfage.ok('POST', '/v2/accounts/granted/credit-grants', { kind: 'paid', amount: '30.00' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: wanted, endsAt: '2026-02-01T00:00:00Z' });
}

const call = (subject: string, id: string, time: string) => ({ id, source: 's', type: 'call', subject, time, data: {} });
async function invoices(key: string): Promise<any[]> {
  const { data } = await wharfage.ok('GET', `/v2/invoices?account=${key}`);
  return data.sort((a: any, b: any) => String(a.number).localeCompare(String(b.number)));
}
const act = async (key: string, name: string, body: object = {}): Promise<any> =>
  wharfage.ok('POST', `/v2/invoices/${String((await invoices(key))[0].id)}/${name}`, { reason: 'a mistake', ...body });
const wire = async (key: string, amount: string): Promise<any> =>
  wharfage.ok('POST', '/v2/payments', { invoice: (await invoices(key))[0].id, amount, method: 'wire' });
const revenue = async (asOf: string): Promise<unknown[]> =>
  (await report(wharfage, 'revenue', `asOf=${asOf}`)).map((row) => [row.month, row.fromDeferred, row.onUse, row.atOnce, row.recognized]);

/** What happened, at which instant the books must tie, now and later. */
async function at(instant: string): Promise<void> {
  await wharfage.travel(instant);
  ties.push(instant);
}

test('a credit note takes back of a service that runs what was recognized, and no longer recognizes the rest', async () => {
  await at('2026-01-11T00:00:00Z');
  const before = await balances(wharfage);
  expect(before).toMatchObject({ deferred_revenue: '-126.00', revenue: '-85.00' }); // 6 x 21.00; 6 x 10.00 and 25.00
  const [line] = (await invoices('part'))[0].lines;
  await act('part', 'credit-notes', { lines: [{ line: line.id, amount: '15.50' }], settle: 'none' });
  expect(await balances(wharfage)).toMatchObject({ deferred_revenue: '-110.50', revenue: '-85.00', tax_payable: '-39.10' });
  await at('2026-01-12T00:00:00Z');
  expect(await balances(wharfage)).toMatchObject({ deferred_revenue: '-110.00', revenue: '-85.50' }); // 5 x 20.00 and 10.00; 5 x 11.00, 5.50 and 25.00
});

test('a void invoice, one that grants paid and one that was waived leave nothing; what is billed again is recognized again', async () => {
  await act('again', 'void');
  await act('waived', 'void', { rebill: false });
  await act('granted', 'void', { rebill: false });
  await act('once', 'void', { rebill: false });
  expect((await balances(wharfage))['prepaid_credits']).toBe('-30.00');
  await at('2026-01-13T00:00:00Z');
  expect((await invoices('again')).map(({ status, total }) => [status, total])).toEqual([
    ['void', '37.20'],
    ['finalized', '37.20'],
  ]);
  expect(await balances(wharfage)).toMatchObject({ deferred_revenue: '-78.50', revenue: '-30.00' }); // 2 x 19.00, 9.50 and 31.00; 2 x 12.00 and 6.00
});

test('an uncollectible invoice keeps its revenue', async () => {
  await wire('lost', '7.20');
  await act('lost', 'mark-uncollectible');
  expect(await balances(wharfage)).toMatchObject({ bad_debt: '30.00', deferred_revenue: '-78.50', revenue: '-30.00' });
  expect(await report(wharfage, 'receivables-aging', 'by=account&account=lost')).toEqual([]);
});

test('usage is taken back where it was earned when its invoice is void, and where it was credited when it is credited', async () => {
  await wharfage.report([1, 2, 3, 4].map((i) => call('used', `u${String(i)}`, '2026-01-05T00:00:00Z')));
  await wharfage.report([1, 2, 3].map((i) => call('wrong', `w${String(i)}`, '2026-01-06T00:00:00Z')));
  await at('2026-02-01T00:00:00Z');
  expect(await revenue('2026-02-01T00:00:00Z')).toEqual([['2026-01', '108.50', '7.00', '0.00', '115.50']]);
  await wharfage.ok('POST', '/v2/usage/backfills', {
    meter: 'calls',
    account: 'wrong',
    from: '2026-01-06T00:00:00Z',
    to: '2026-01-07T00:00:00Z',
    mode: 'replace',
    events: [call('wrong', 'right', '2026-01-06T00:00:00Z')],
    reason: 'counted twice',
  });
  await act('wrong', 'void');
  await at('2026-02-02T00:00:00Z');
  expect((await invoices('wrong')).map(({ status, total }) => [status, total])).toEqual([
    ['void', '3.60'],
    ['finalized', '1.20'],
  ]);
  expect(await revenue('2026-02-02T00:00:00Z')).toEqual([['2026-01', '108.50', '5.00', '0.00', '113.50']]);
  await act('used', 'credit-notes', { amount: '1.20', settle: 'none' });
  await wire('whole', '37.20');
  await act('whole', 'credit-notes', { settle: 'refund' });
  await wire('lost', '10.00');
  await act('lost', 'credit-notes', { amount: '12.00', settle: 'none' });
  expect(await revenue('2026-02-02T00:00:00Z')).toEqual([
    ['2026-01', '108.50', '5.00', '0.00', '113.50'],
    ['2026-02', '0.00', '0.00', '-42.00', '-42.00'],
  ]);
  expect(await balances(wharfage)).toMatchObject({ bad_debt: '8.00', deferred_revenue: '0.00', refunds_payable: '0.00' });
});

test('in a month that is closed nothing moves: what is void counts from the first instant that is open', async () => {
  await at('2026-02-03T00:00:00Z');
  await wharfage.ok('PUT', '/v2/accounting-periods/2026-01', { status: 'closed' });
  const [, again] = await invoices('wrong');
  await wharfage.ok('POST', `/v2/invoices/${String(again.id)}/void`, { reason: 'none of theirs', rebill: false });
  const january = ['2026-01', '108.50', '5.00', '0.00', '113.50'];
  expect(await revenue('2026-02-03T00:00:00Z')).toEqual([january, ['2026-02', '0.00', '-1.00', '-42.00', '-43.00']]);
  const entries = (await wharfage.ok('GET', `/v2/ledger/entries?account=wrong&limit=200`)).data as any[];
  const late = entries.find(({ causeId }) => causeId.endsWith(':void') && causeId.startsWith(again.id));
  expect(late).toMatchObject({ at: '2026-02-01T00:00:00Z', eventAt: '2026-01-31T23:59:59.999999Z', invoice: again.id });
  await at('2026-02-20T12:00:00Z');
});

test('reports are what the trial balance says, at all these instants', async () => {
  for (const instant of ties) await reportsTie(wharfage, instant);
  expect(await differences(wharfage)).toEqual([]);
});
