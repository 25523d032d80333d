import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { BILLING_AUTO: 'off', BILL_RUN_BATCH: '20' } });
}, 30_000);
afterEach(() => wharfage.close());

const setUp = async (count: number): Promise<void> => {
  await wharfage.ok('PUT', '/v2/plans/small', {
    name: 'Small',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '7.00' }],
  });
  for (let i = 0; i < count; i += 1) {
    await wharfage.ok('PUT', `/v2/accounts/a${String(i)}`, { kind: 'user', name: 'A', currency: 'USD', timeZone: 'UTC' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: `a${String(i)}`, plan: 'small' });
  }
};

test('with automatic billing off, creating a subscription bills nothing, and a run bills it', async () => {
  await setUp(3);
  expect((await wharfage.ok('GET', '/v2/invoices')).data).toEqual([]);
  expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-01-01T00:00:00Z' })).toMatchObject({
    status: 'finished',
    accounts: 3,
    invoices: 3,
    totals: { USD: '21.00' },
  });
  await afterStory(wharfage);
});

test('a run that was missed is caught up on one invoice', async () => {
  await setUp(1);
  await wharfage.travel('2026-03-15T00:00:00Z');
  expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-03-15T00:00:00Z' })).toMatchObject({
    invoices: 1,
    totals: { USD: '21.00' },
  });
  await afterStory(wharfage);
});

test('a dry run says what would be billed, also in the future, and stores nothing', async () => {
  await setUp(2);
  expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-02-01T00:00:00Z', dryRun: true })).toMatchObject({
    dryRun: true,
    invoices: 2,
    totals: { USD: '28.00' },
  });
  expect((await wharfage.ok('GET', '/v2/invoices')).data).toEqual([]);
  expect(await wharfage.call('POST', '/v2/bill-runs', { asOf: '2026-02-01T00:00:00Z' })).toMatchObject({
    status: 422,
    body: { code: 'as_of_in_future' },
  });
});

test('several runs at once bill each account once', async () => {
  await setUp(120);
  const runs = await Promise.all([1, 2, 3, 4].map(() => wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-01-01T00:00:00Z' })));
  expect(runs.reduce((sum: number, run: any) => sum + Number(run.invoices), 0)).toBe(120);
  await afterStory(wharfage);
}, 60_000);

test('an account that cannot be billed is parked with its rule, the others are billed, and it comes back when it is mended', async () => {
  await setUp(30);
  const [{ id }] = await wharfage.source.query(`select id from account where key = 'a7'`);
  await wharfage.source.query(`alter table invoice_line add constraint refuses_one check (account_id <> '${String(id)}')`);
  expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-01-01T00:00:00Z' })).toMatchObject({
    status: 'finished',
    invoices: 29,
    parked: 1,
  });
  const { data } = await wharfage.ok('GET', '/v2/bill-runs/parked');
  expect(data).toMatchObject([{ account: 'a7', rule: 'unexpected_error', remedy: expect.stringContaining('/bill') }]);
  await wharfage.source.query('alter table invoice_line drop constraint refuses_one');
  expect(await wharfage.ok('POST', '/v2/accounts/a7/bill', {})).toEqual({ invoices: 1, parked: false });
  await afterStory(wharfage);
}, 30_000);

test('usage that comes after an account has ended is billed by the next run, alone', async () => {
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
  await wharfage.ok('PUT', '/v2/plans/calls', {
    name: 'Calls',
    product: 'cloud',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00' }],
  });
  await wharfage.ok('PUT', '/v2/accounts/gone', { kind: 'user', name: 'Gone', currency: 'USD', timeZone: 'UTC' });
  const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: 'gone', plan: 'calls' });
  await wharfage.travel('2026-01-20T00:00:00Z');
  await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now' });
  await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-01-20T00:00:00Z' });
  await wharfage.report([{ id: 'late', source: 's', type: 'call', subject: 'gone', time: '2026-01-10T00:00:00Z', data: {} }]);
  expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-01-20T00:00:00Z' })).toMatchObject({
    invoices: 1,
    totals: { USD: '1.00' },
  });
  await afterStory(wharfage);
});

test('the database itself refuses to change what was issued', async () => {
  await setUp(1);
  await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-01-01T00:00:00Z' });
  for (const statement of [
    `update invoice set total_minor = 1, due_minor = 1`,
    `delete from invoice`,
    `update invoice_line set amount_minor = 1`,
    `delete from invoice_line`,
    `update posting set amount_minor = amount_minor + 1`,
    `delete from journal_entry`,
    `update invoice_number set n = 9`,
    `delete from audit_entry`,
  ])
    await expect(wharfage.source.query(statement)).rejects.toThrow(/is refused/);
  await expect(
    wharfage.source.query(
      `with e as (insert into journal_entry (account_id, id, at, cause_kind, cause_id, purpose, currency)
         values (gen_random_uuid(), 'je_x', now(), 'invoice', 'x', 'invoice_issued', 'USD') returning account_id, id)
       insert into posting (account_id, entry_id, n, ledger_account, amount_minor) select account_id, id, 1, 'revenue', 5 from e`,
    ),
  ).rejects.toThrow(/apart/);
});
