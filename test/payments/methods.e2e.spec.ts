import { randomUUID } from 'node:crypto';
import { ByHand } from './hand.js';

let hand: ByHand;
beforeEach(async () => {
  hand = await ByHand.start();
}, 30_000);
afterEach(() => hand.close());

const methods = async (key: string): Promise<any[]> => (await hand.wharfage.ok('GET', `/v2/accounts/${key}/payment-methods`)).data as any[];

test('a payment method that is added again is the same one, and the one that is charged', async () => {
  await hand.account('acme');
  const first = await hand.method('acme', 'sandbox_ok');
  expect((await hand.method('acme', 'sandbox_ok')).id).toBe(first.id);
  await hand.method('acme', 'sandbox_declined_soft');
  expect(await hand.method('acme', 'sandbox_ok')).toEqual(first);
  expect((await methods('acme')).map(({ label }) => label as string)).toEqual(['Sandbox card that pays', 'Sandbox card without funds']);
  await hand.wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'small' });
  expect(await hand.payments('acme')).toMatchObject([{ method: 'Sandbox card that pays' }]);
  expect((await hand.audited('acme')).filter(({ action }) => action === 'payment_method.added')).toHaveLength(3);
});

test('of many that add it at once, one does', async () => {
  await hand.account('acme');
  const added = await Promise.all([1, 2, 3, 4, 5].map(() => hand.method('acme', 'sandbox_ok')));
  expect(new Set(added.map(({ id }) => id as string)).size).toBe(1);
  expect(await methods('acme')).toHaveLength(1);
});

test('the billing info of v1 may be put again', async () => {
  await hand.account('acme');
  for (let i = 0; i < 3; i += 1) await hand.wharfage.ok('PUT', '/v1/accounts/acme/billing_info', { token: 'sandbox_ok' });
  expect(await methods('acme')).toHaveLength(1);
});

test('the secret of a setup is stored nowhere', async () => {
  await hand.account('acme');
  const { secret } = await hand.wharfage.ok('POST', '/v2/accounts/acme/payment-methods/setup');
  expect(secret).toMatch(/^sbx_secret_/);
  expect(await hand.sql(`select 1 from idempotency_key where answer::text like '%' || $1 || '%'`, [secret])).toEqual([]);
});

test('the provider is called outside of any transaction, and a repeated request is answered though its token is used up', async () => {
  await hand.account('acme');
  const { sandbox } = hand;
  const storeMethod = sandbox.storeMethod.bind(sandbox);
  const open: unknown[] = [];
  sandbox.storeMethod = async (customer, token) => {
    open.push(
      ...(await hand.sql(`select query from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)),
    );
    return storeMethod(customer, token);
  };
  const once = { 'idempotency-key': randomUUID() };
  const add = () => hand.wharfage.call('POST', '/v2/accounts/acme/payment-methods', { token: 'sandbox_ok' }, once);
  const first = await add();
  expect([first.status, open]).toEqual([201, []]);
  sandbox.storeMethod = (customer) => storeMethod(customer, 'used up');
  expect(await add()).toMatchObject({ status: 201, body: first.body, headers: { 'idempotency-replayed': 'true' } });
});

test('what the provider refuses is refused, and so again', async () => {
  await hand.account('acme');
  const once = { 'idempotency-key': randomUUID() };
  for (let i = 0; i < 2; i += 1)
    expect(await hand.wharfage.call('POST', '/v2/accounts/acme/payment-methods', { token: 'nothing' }, once)).toMatchObject({
      status: 422,
      body: { code: 'payment_method_refused' },
    });
  expect(await hand.wharfage.call('POST', '/v2/accounts/none/payment-methods', { token: 'sandbox_ok' })).toMatchObject({ status: 404 });
});
