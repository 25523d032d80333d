import { SYSTEM } from '../../src/common/actor.js';
import { DRIFT_KINDS } from '../../src/domain/reconciliation.js';
import { Collection } from '../../src/payments/collection.js';
import { DailyReconciliation } from '../../src/payments/reconciliation/daily-reconciliation.js';
import { Reconcile } from '../../src/payments/reconciliation/reconcile.js';
import { Providers } from '../../src/providers/providers.js';
import { TestApp } from '../support/app.js';
import { commandHere } from '../support/command.js';

const ACCOUNTS = ['alike', 'amount', 'currency', 'customer', 'gone', 'declined', 'twice', 'given', 'forgotten'] as const;
type Name = (typeof ACCOUNTS)[number];

let wharfage: TestApp;
const paid = new Map<Name, any>();
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T12:00:00Z', env: { ROLE: 'api' } });
  await wharfage.ok('PUT', '/v2/plans/small', {
    name: 'Small',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.00' }],
  });
  for (const key of ACCOUNTS) {
    await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', provider: 'sandbox' });
    await wharfage.ok('POST', `/v2/accounts/${key}/payment-methods`, { token: 'sandbox_ok' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'small' });
  }
  await wharfage.app.get(Collection).runDue();
  for (const key of ACCOUNTS) paid.set(key, (await wharfage.ok('GET', `/v2/payments?account=${key}`)).data[0]);
}, 30_000);
afterAll(() => wharfage.close());

const keyOf = (name: Name): string => `${String(paid.get(name).id)}:1`;
const books = (statement: string, ...values: unknown[]) => wharfage.source.query(`update sandbox_operation set ${statement}`, values);
const bookCopy = (name: Name, key: string) =>
  wharfage.source.query(
    `insert into sandbox_operation (key, kind, token, amount_minor, currency, outcome, booked_at, customer)
     select $2, kind, token, amount_minor, currency, outcome, booked_at, customer from sandbox_operation where key = $1`,
    [name === 'forgotten' ? refunds.get(name) : keyOf(name), key],
  );
const refunds = new Map<Name, string>();
const reports = async (): Promise<any[]> => (await wharfage.ok('GET', '/v2/reconciliation?provider=sandbox')).data;
const compare = (...options: string[]) =>
  commandHere(['reconcile', ...options], { DATABASE_URL: wharfage.url, TEST_CLOCK: 'on', LOG_LEVEL: 'silent' });

test('books that are alike give no alarm, day by day, also where a charge is of another day than its payment', async () => {
  for (const name of ['alike', 'given', 'forgotten'] as const) {
    const { id } = await wharfage.ok('POST', `/v2/payments/${String(paid.get(name).id)}/refunds`, { amount: '2.00', reason: 'late' });
    refunds.set(name, id);
  }
  await books(`booked_at = '2026-01-04T00:00:01Z' where key = $1`, keyOf('alike'));
  const daily = wharfage.app.get(DailyReconciliation);
  await wharfage.travel('2026-01-02T00:10:00Z');
  await daily.run();
  await daily.run();
  await wharfage.travel('2026-01-03T00:10:00Z');
  await daily.run();
  expect(await reports()).toMatchObject([
    { cause: 'daily', from: '2026-01-02T00:00:00Z', to: '2026-01-03T00:00:00Z', status: 'finished', ours: 11, theirs: 11 },
    { cause: 'daily', from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z', status: 'finished', ours: 12, theirs: 11 },
  ]);
  expect((await reports()).map(({ drifts }) => drifts)).toEqual([{}, {}]);
  expect((await wharfage.source.query('select count(*)::integer as n from reconciliation_record'))[0].n).toBe(0);
});

test('each kind of drift is found, named, kept and told, and nothing is mended', async () => {
  await books('amount_minor = amount_minor + 1 where key = $1', keyOf('amount'));
  await books(`currency = 'EUR' where key = $1`, keyOf('currency'));
  await books(`customer = 'sbx_cus_of_another' where key = $1`, keyOf('customer'));
  await books(`outcome = '{"kind": "declined", "decline": "soft", "reason": "no"}' where key = $1`, keyOf('declined'));
  await books('amount_minor = 1 where key = $1', refunds.get('given'));
  await bookCopy('twice', `${String(paid.get('twice').id)}:2`);
  await bookCopy('twice', 'a-charge-by-hand');
  await bookCopy('forgotten', 'a-refund-by-hand');
  await wharfage.source.query(
    `insert into payment_attempt select (jsonb_populate_record(a, '{"n": 2, "state": "declined"}')).* from payment_attempt a where payment_id = $1`,
    [paid.get('twice').id],
  );
  await wharfage.source.query('delete from sandbox_operation where key = any($1)', [[keyOf('gone'), refunds.get('forgotten')]]);
  const before = await wharfage.source.query(
    'select (select json_agg(p)::text from payment p), (select json_agg(e)::text from journal_entry e)',
  );

  const { status, told } = await compare('--provider', 'sandbox', '--from', '2026-01-01T00:00:00Z', '--to', '2026-01-03T00:00:00Z');
  expect([status, told.split('\n').map((line) => line.split(/ {2,}/))]).toEqual([
    1,
    [
      ...DRIFT_KINDS.map((kind) => [kind, '1']),
      [expect.stringMatching(/^sandbox: 13 of ours, 12 of theirs, drifts were found \(rec_\w+\)$/)],
    ],
  ]);
  const [{ id, cause, drifts }] = await reports();
  expect([cause, drifts]).toEqual(['request', Object.fromEntries(DRIFT_KINDS.map((kind) => [kind, 1]))]);
  const pages = [await wharfage.ok('GET', `/v2/reconciliation/${String(id)}/drifts?limit=7`)];
  pages.push(await wharfage.ok('GET', `/v2/reconciliation/${String(id)}/drifts?limit=7&cursor=${String(pages[0].nextCursor)}`));
  const found = new Map<string, any>(pages.flatMap(({ data }) => data).map((drift) => [drift.kind, drift]));
  expect([...found].map(([kind, { account }]) => [kind, account]).sort()).toEqual(
    [
      ['amount', 'amount'],
      ['currency', 'currency'],
      ['duplicate_charge', 'twice'],
      ['missing_at_provider', 'gone'],
      ['missing_here', null],
      ['refund_amount', 'given'],
      ['refund_missing_at_provider', 'forgotten'],
      ['refund_missing_here', null],
      ['status', 'declined'],
      ['wrong_account', 'customer'],
    ].sort(),
  );
  expect(found.get('amount')).toMatchObject({ subject: paid.get('amount').id, ours: { amount: '12.00' }, theirs: { amount: '12.01' } });
  expect(found.get('missing_at_provider')).toMatchObject({ ours: { key: keyOf('gone') }, theirs: null });
  expect(
    await wharfage.source.query('select (select json_agg(p)::text from payment p), (select json_agg(e)::text from journal_entry e)'),
  ).toEqual(before);
  const [event] = (await wharfage.ok('GET', '/v2/events?type=reconciliation.drift_found')).data;
  expect(event).toMatchObject({ subject: id, data: { provider: 'sandbox', drifts } });
});

test('what cannot be compared says why; where the books cannot be read, the report says so', async () => {
  expect(await compare('--provider', 'manual')).toMatchObject({ status: 2, errors: [expect.stringContaining('not_reconcilable')] });
  expect(await wharfage.call('GET', '/v2/reconciliation/rec_none/drifts')).toMatchObject({
    status: 404,
    body: { code: 'reconciliation_not_found' },
  });
  const sandbox = wharfage.app.get(Providers).named('sandbox');
  const range = { provider: 'sandbox', cause: 'request', from: 0n, to: 1n } as const;
  const records = sandbox.records?.bind(sandbox);
  Object.assign(sandbox, {
    records: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('out of order')) }) }),
  });
  await expect(wharfage.app.get(Reconcile).run(SYSTEM, range)).rejects.toThrow('out of order');
  Object.assign(sandbox, { records });
  expect((await reports())[0]).toMatchObject({ status: 'failed', failure: 'out of order' });
});
