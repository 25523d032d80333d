import { randomUUID } from 'node:crypto';
import { Collect } from '../../src/payments/collect.js';
import { Collection } from '../../src/payments/collection.js';
import { Providers } from '../../src/providers/providers.js';
import type { SandboxProvider } from '../../src/providers/sandbox/sandbox.provider.js';
import { TestApp } from '../support/app.js';
import { ledgerBalances } from '../support/story.js';

let wharfage: TestApp;
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/plans/small', {
    name: 'Small',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.00' }],
  });
}, 30_000);
afterEach(async () => {
  try {
    await ledgerBalances(wharfage);
  } finally {
    await wharfage.close();
  }
});

const account = (key: string, provider: string) =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', provider });
const method = (key: string, token: string) => wharfage.ok('POST', `/v2/accounts/${key}/payment-methods`, { token });
const subscribe = (key: string) => wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'small' });
const invoice = async (key: string) => (await wharfage.ok('GET', `/v2/invoices?account=${key}`)).data[0];
const payments = async (key: string) => (await wharfage.ok('GET', `/v2/payments?account=${key}`)).data;

/** Waits for the queue: what it does is done in other transactions. */
async function until<T>(read: () => Promise<T>, reached: (value: T) => boolean): Promise<T> {
  for (let i = 0; i < 1_200; i += 1) {
    const value = await read();
    if (reached(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never reached: ${JSON.stringify(await read())}`);
}
const settled = (key: string) =>
  until(
    () => payments(key),
    (found: any[]) => found.length > 0 && found.every((payment) => payment.state !== 'pending'),
  );

/** What the sandbox has in its own books. */
const charges = async (): Promise<number> =>
  Number(
    (
      await wharfage.source.query(`select count(*) as n from sandbox_operation where kind = 'charge' and outcome ->> 'kind' = 'succeeded'`)
    )[0].n,
  );

test('an invoice is collected as soon as it is finalized, and the ledger knows', async () => {
  await account('acme', 'sandbox');
  await method('acme', 'sandbox_ok');
  await subscribe('acme');
  expect(await settled('acme')).toMatchObject([{ state: 'succeeded', amount: '12.00', provider: 'sandbox' }]);
  expect(await invoice('acme')).toMatchObject({ status: 'paid', amountPaid: '12.00' });
  const { data } = await wharfage.ok('GET', '/v2/ledger/trial-balance');
  expect(Object.fromEntries(data.map((row: any) => [row.ledgerAccount, row.balance]))).toEqual({
    accounts_receivable: '0.00',
    cash: '12.00',
    deferred_revenue: '-12.00',
  });
  expect(await charges()).toBe(1);
});

test.each([
  ['sandbox_declined_soft', 'insufficient funds'],
  ['sandbox_declined_hard', 'refused by the bank'],
  ['sandbox_expired', 'the card has expired'],
])('%s leaves the invoice unpaid and says why; a new payment method pays it at once', async (token, reason) => {
  await account('acme', 'sandbox');
  await method('acme', token);
  await subscribe('acme');
  expect(await settled('acme')).toMatchObject([{ state: 'failed', reason }]);
  expect(await invoice('acme')).toMatchObject({ status: 'finalized', amountPaid: '0.00' });
  await method('acme', 'sandbox_ok');
  await until(
    () => invoice('acme'),
    (found: any) => found.status === 'paid',
  );
  expect(await charges()).toBe(1);
});

test('an outcome that is not known is asked for, and never answered with a second charge', async () => {
  await account('acme', 'sandbox');
  await method('acme', 'sandbox_unknown');
  await subscribe('acme');
  await until(charges, (n) => n === 1);
  expect(await payments('acme')).toMatchObject([{ state: 'pending' }]);
  const { id } = await invoice('acme');
  await Promise.all([1, 2, 3].map(() => wharfage.call('POST', `/v2/invoices/${String(id)}/pay`)));
  expect(await settled('acme')).toMatchObject([{ state: 'succeeded' }]);
  expect(await charges()).toBe(1);
  expect((await wharfage.source.query('select count(*) as n from payment_attempt'))[0].n).toBe(1n);
});

test('when test time passes, what falls due is collected before the answer', async () => {
  await account('acme', 'sandbox');
  await method('acme', 'sandbox_ok');
  await subscribe('acme');
  await wharfage.travel('2026-03-01T00:00:00Z');
  expect((await wharfage.ok('GET', '/v2/invoices?account=acme')).data.map((one: any) => one.status)).toEqual(['paid', 'paid', 'paid']);
  expect(await charges()).toBe(3);
});

test('the janitor asks for what nobody asks for', async () => {
  await account('acme', 'sandbox');
  await method('acme', 'sandbox_unknown');
  await subscribe('acme');
  await until(charges, (n) => n === 1);
  await wharfage.source.query(`update payment_attempt set created_at = created_at - interval '2 minutes'`);
  await wharfage.app.get(Collection).resolveOpen();
  expect(await invoice('acme')).toMatchObject({ status: 'paid' });
  expect(await charges()).toBe(1);
});

test('a charge that never reached the provider stays the same attempt', async () => {
  await account('acme', 'sandbox');
  await method('acme', 'sandbox_lost');
  await subscribe('acme');
  await until(
    async () => (await wharfage.source.query('select state from payment_attempt')).map((row: any) => row.state as string),
    (states) => states[0] === 'unknown',
  );
  const [{ id }] = await payments('acme');
  for (let i = 0; i < 3; i += 1) await wharfage.app.get(Collect).run(id);
  expect(await wharfage.source.query('select n, state from payment_attempt')).toEqual([{ n: 1, state: 'unknown' }]);
  expect(await charges()).toBe(0);
});

test('a process that died after the charge, before it could note it, finds the charge', async () => {
  await account('acme', 'sandbox');
  await method('acme', 'sandbox_ok');
  const provider = wharfage.app.get(Providers).named('sandbox');
  const charge = provider.charge.bind(provider);
  provider.charge = async (request) => {
    await charge(request);
    throw new Error('killed'); // between the provider's answer and our note of it
  };
  await subscribe('acme');
  await until(charges, (n) => n === 1);
  provider.charge = charge;
  const [{ id }] = await payments('acme');
  await wharfage.app.get(Collect).run(id);
  expect(await invoice('acme')).toMatchObject({ status: 'paid' });
  expect(await charges()).toBe(1);
});

test('a webhook settles what was processing, once, and only with the right signature', async () => {
  await account('acme', 'sandbox');
  await method('acme', 'sandbox_processing');
  await subscribe('acme');
  const [{ id }] = await until(
    () => payments('acme'),
    (found: any[]) => found.length > 0,
  );
  await until(
    async () => (await wharfage.source.query('select state from payment_attempt'))[0]?.state as string | undefined,
    (state) => state === 'pending',
  );
  const sandbox = wharfage.app.get(Providers).named('sandbox') as SandboxProvider;
  const { body, signature } = sandbox.settle(`${String(id)}:1`);
  const deliver = (header: string) =>
    wharfage
      .send('POST', '/providers/sandbox/webhooks', {
        payload: body,
        headers: { 'content-type': 'application/json', 'sandbox-signature': header },
      })
      .catch((error: unknown) => (error as Error).message);
  expect(await deliver('0'.repeat(64))).toMatch(/401/);
  for (let i = 0; i < 3; i += 1) expect(await deliver(signature)).toMatch(/202/);
  expect(await settled('acme')).toMatchObject([{ state: 'succeeded' }]);
  expect(await invoice('acme')).toMatchObject({ amountPaid: '12.00' });
});

test('a wire in two parts is recorded by hand; more than is due is refused', async () => {
  await account('wires', 'manual');
  await subscribe('wires');
  const { number } = await invoice('wires');
  expect(
    await wharfage.ok('POST', '/v2/payments', {
      invoice: number,
      amount: '5.00',
      method: 'wire',
      reference: 'W1',
      receivedOn: '2026-01-01',
    }),
  ).toMatchObject({ state: 'succeeded' });
  expect(await invoice('wires')).toMatchObject({ status: 'finalized', amountPaid: '5.00' });
  expect(await wharfage.call('POST', '/v2/payments', { invoice: number, amount: '7.01', method: 'wire' })).toMatchObject({
    status: 409,
    body: { code: 'overpayment' },
  });
  await wharfage.ok('POST', '/v2/payments', { invoice: number, amount: '7.00', method: 'cheque' });
  expect(await invoice('wires')).toMatchObject({ status: 'paid' });
  expect(await wharfage.call('POST', '/v2/accounts/wires/payment-methods', { token: 'sandbox_ok' })).toMatchObject({
    status: 422,
    body: { code: 'not_supported' },
  });
});

test('refunds, in parts and never more than was paid', async () => {
  await account('acme', 'sandbox');
  await method('acme', 'sandbox_ok');
  await subscribe('acme');
  const [{ id }] = await settled('acme');
  const refund = (body: object, headers = {}) => wharfage.call('POST', `/v2/payments/${String(id)}/refunds`, body, headers);
  const once = { 'idempotency-key': randomUUID() };
  expect(await refund({ amount: '5.00', reason: 'goodwill' }, once)).toMatchObject({
    status: 201,
    body: { state: 'succeeded', amount: '5.00' },
  });
  expect(await refund({ amount: '5.00', reason: 'goodwill' }, once)).toMatchObject({
    status: 201,
    headers: { 'idempotency-replayed': 'true' },
  });
  expect(await refund({ amount: '7.01', reason: 'too much' })).toMatchObject({ status: 409, body: { code: 'refund_too_large' } });
  expect(await refund({ reason: 'the rest' })).toMatchObject({ status: 201, body: { amount: '7.00' } });
  expect((await wharfage.ok('GET', `/v2/payments/${String(id)}`)).refunds).toHaveLength(2);
});
