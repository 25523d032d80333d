import { TestApp } from '../support/app.js';
import { balances, report } from '../support/books.js';
import { meteredStory } from '../support/metered-story.js';
import { afterStory, differences } from '../support/story.js';

let wharfage: TestApp;
const { account, meter, plan, call } = meteredStory(() => wharfage);
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await account('acme');
  await meter('calls', {});
  await plan('calls', 'calls');
  await wharfage.ok('PUT', '/v2/plans/flat', {
    name: 'Flat',
    product: 'flat',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '31.00' }],
  });
}, 30_000);
afterEach(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

const subscribe = (plan: string) => wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan });
const put = (month: string, body: object) => wharfage.call('PUT', `/v2/accounting-periods/${month}`, body);
const close = (month: string) => wharfage.ok('PUT', `/v2/accounting-periods/${month}`, { status: 'closed' });

test('months are closed one after the other, once they are over; only the last is opened again, with a reason, and both are audited', async () => {
  await subscribe('flat');
  expect(await put('2026-01', { status: 'closed' })).toMatchObject({ status: 409, body: { code: 'period_not_over' } });
  await wharfage.travel('2026-03-01T00:00:00Z');
  expect(await wharfage.ok('GET', '/v2/accounting-periods/2026-01')).toMatchObject({ status: 'open', changedAt: null });
  expect(await close('2026-01')).toMatchObject({
    month: '2026-01',
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: '2026-02-01T00:00:00Z',
    status: 'closed',
    entries: '32', // an invoice, and each day of the month
    chainEntries: '62',
  });
  expect(await close('2026-01')).toMatchObject({ status: 'closed' }); // once more changes nothing
  expect(await wharfage.ok('GET', '/v2/accounting-periods/2025-12')).toMatchObject({ status: 'closed', changedAt: null });
  expect(await put('2026-03', { status: 'closed' })).toMatchObject({ status: 409, body: { code: 'period_not_over' } });
  await wharfage.travel('2026-04-01T00:00:00Z');
  expect(await put('2026-03', { status: 'closed' })).toMatchObject({ status: 409, body: { code: 'period_not_next' } });
  await close('2026-02');
  expect(await put('2026-01', { status: 'open', reason: 'a mistake' })).toMatchObject({ status: 409, body: { code: 'period_not_last' } });
  expect(await put('2026-02', { status: 'open' })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/reason', code: 'missing' }] },
  });
  expect(await put('2026-02', { status: 'open', reason: 'a mistake' })).toMatchObject({
    status: 200,
    body: { status: 'open', reason: 'a mistake' },
  });
  expect((await wharfage.ok('GET', '/v2/accounting-periods')).data.map((row: any) => [row.month, row.status])).toEqual([
    ['2026-02', 'open'],
    ['2026-01', 'closed'],
  ]);
  const audited = (await wharfage.ok('GET', '/v2/audit?limit=200')).data.filter((row: any) => row.subjectType === 'accounting_period');
  expect(audited.map((row: any) => [row.action, row.subjectId, row.reason]).reverse()).toEqual([
    ['accounting_period.closed', 'default 2026-01', null],
    ['accounting_period.closed', 'default 2026-02', null],
    ['accounting_period.reopened', 'default 2026-02', 'a mistake'],
  ]);
});

test.each([
  ['2026-13', 400, 'invalid_month'],
  ['january', 400, 'invalid_month'],
])('%s is no month', async (month, status, code) => {
  expect(await put(month, { status: 'closed' })).toMatchObject({ status, body: { code } });
});

test('the books of a seller that has none are not closed', async () => {
  await wharfage.travel('2026-02-01T00:00:00Z');
  expect(await put('2026-01', { status: 'closed', seller: 'nobody' })).toMatchObject({ status: 404, body: { code: 'seller_not_found' } });
});

test('what happened in a closed month and comes late counts from the first open instant, and says when it happened', async () => {
  await subscribe('calls');
  await wharfage.travel('2026-01-11T00:00:00Z');
  await wharfage.report([call('a', 'acme', '2026-01-10T00:00:00Z', 5)]);
  await wharfage.travel('2026-02-05T00:00:00Z');
  await close('2026-01');
  const january = await report(wharfage, 'revenue', 'from=2026-01&to=2026-01');
  await wharfage.report([call('b', 'acme', '2026-01-20T00:00:00Z', 2)]);
  await wharfage.travel('2026-03-01T00:00:00Z'); // the adjustment joins the next invoice
  expect(await report(wharfage, 'revenue', 'from=2026-01&to=2026-01')).toEqual(january);
  expect(await report(wharfage, 'revenue', 'from=2026-02&to=2026-02')).toMatchObject([{ onUse: '2.00', recognized: '2.00' }]);
  const { data } = await wharfage.ok('GET', '/v2/ledger/entries?account=acme');
  expect(data.filter((entry: any) => entry.at !== entry.eventAt)).toMatchObject([
    { purpose: 'revenue_earned', at: '2026-02-01T00:00:00Z', eventAt: '2026-01-31T23:59:59.999999Z' },
  ]);
  expect(await differences(wharfage)).toEqual([]);
});

test('as long as the month is open, the same counts in it', async () => {
  await subscribe('calls');
  await wharfage.travel('2026-01-11T00:00:00Z');
  await wharfage.report([call('a', 'acme', '2026-01-10T00:00:00Z', 5)]);
  await wharfage.travel('2026-02-05T00:00:00Z');
  await wharfage.report([call('b', 'acme', '2026-01-20T00:00:00Z', 2)]);
  await wharfage.travel('2026-03-01T00:00:00Z');
  expect(await report(wharfage, 'revenue', 'from=2026-01&to=2026-03')).toMatchObject([{ month: '2026-01', onUse: '7.00' }]);
  expect(await balances(wharfage, '2026-01-31T23:59:59.999999Z')).toMatchObject({ unbilled_revenue: '7.00' });
});

describe('the database itself', () => {
  const insert = (at: string) =>
    `with e as (insert into journal_entry (account_id, id, at, seller, cause_kind, cause_id, purpose, currency)
       select id, 'je_' || gen_random_uuid(), '${at}', 'default', 'test', gen_random_uuid()::text, 'test', 'USD' from account returning *)
     insert into posting (account_id, entry_id, n, ledger_account, amount_minor)
     select account_id, id, n, a, m from e, (values (1, 'cash', 5), (2, 'revenue', -5)) as p(n, a, m)`;

  test('refuses what is posted into a closed month, and before it', async () => {
    await subscribe('flat');
    await wharfage.travel('2026-02-01T00:00:00Z');
    await close('2026-01');
    for (const at of ['2026-01-31T23:59:59.999999Z', '2025-06-01T00:00:00Z'])
      await expect(wharfage.source.query(insert(at))).rejects.toThrow(/lies in or before 2026-01, which is closed/);
    const runner = wharfage.source.createQueryRunner();
    await runner.startTransaction();
    await runner.query(insert('2026-02-01T00:00:00Z'));
    await runner.rollbackTransaction();
    await runner.release();
  });

  test('lets a month be closed only when nothing is on its way into it', async () => {
    await subscribe('flat');
    await wharfage.travel('2026-02-01T00:00:00Z');
    const runner = wharfage.source.createQueryRunner();
    await runner.startTransaction();
    await runner.query(insert('2026-01-15T00:00:00Z'));
    const closing = close('2026-01');
    const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'advisory' and query like '%727066%'`;
    while ((await wharfage.source.query(waits)).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await runner.rollbackTransaction();
    await runner.release();
    expect(await closing).toMatchObject({ status: 'closed', entries: '32' });
  });
});
