import { Collection } from '../../src/payments/collection.js';
import { PaymentMethods } from '../../src/payments/payment-methods.js';
import { Database } from '../../src/common/database/database.js';
import { OPERATOR } from '../../src/common/actor.js';
import { accountIdFor } from '../../src/common/ids.js';
import { ledgerBalances } from '../support/story.js';
import { ByHand } from './hand.js';

/** An invoice is paid once, whoever pays at the same time; and money that came in is counted, whenever it came. */

let hand: ByHand;
beforeEach(async () => {
  hand = await ByHand.start();
}, 30_000);
afterEach(async () => {
  try {
    await ledgerBalances(hand.wharfage);
  } finally {
    await hand.close();
  }
});

/** What a process does that finds out that the pending payment went through. */
const SETTLING = [
  `update invoice_settlement set paid_minor = due_minor, paid_at = now()`,
  `update payment set state = 'succeeded', settled_at = now() where state = 'pending'`,
  `update payment_attempt set state = 'succeeded', resolved_at = now()`,
];

test('an invoice that is paid at this moment is not charged to the payment method that is added at this moment', async () => {
  const id = await hand.owing('acme', 'sandbox_unknown');
  await hand.collect(id);
  expect(await hand.charges()).toBe(1);
  const other = await hand.elsewhere(...SETTLING);
  const adding = hand.method('acme', 'sandbox_ok');
  await hand.blocked();
  await other.commit();
  await adding;
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.payments('acme')).toMatchObject([{ id, state: 'succeeded' }]);
  expect(await hand.charges()).toBe(1);
});

test('nor to the one of a payment that was begun before', async () => {
  const id = await hand.owing('acme', 'sandbox_ok');
  const other = await hand.elsewhere('update invoice_settlement set paid_minor = due_minor, paid_at = now()');
  const collecting = hand.collect(id);
  await Promise.race([hand.blocked(), collecting]);
  await other.commit();
  await collecting;
  expect(await hand.payments('acme')).toMatchObject([{ state: 'failed', reason: 'superseded' }]);
  expect(await hand.charges()).toBe(0);
});

test('where a part was paid meanwhile, the rest is collected by a payment of its own', async () => {
  const id = await hand.owing('acme', 'sandbox_ok');
  await hand.sql('update invoice_settlement set paid_minor = 500');
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.payments('acme')).toMatchObject([
    { state: 'succeeded', amount: '7.00' },
    { id, state: 'failed', reason: 'superseded' },
  ]);
  expect(await hand.charges()).toBe(1);
});

test('many who pay, retry, record and ask at once take the money once', async () => {
  const id = await hand.owing('acme', 'sandbox_unknown');
  const { number } = await hand.invoice('acme');
  const acts = [0, 1, 2].flatMap(() => [
    () => hand.collect(id),
    () => hand.pay(String(number)),
    () => hand.wire(String(number), '12.00'),
    () => hand.method('acme', 'sandbox_ok'),
    () => hand.wharfage.app.get(Collection).runDue(),
  ]);
  await Promise.all(acts.map((act) => act()));
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid', amountPaid: '12.00' });
  const paid = (await hand.payments('acme')).filter(({ state }) => state === 'succeeded');
  expect(paid).toHaveLength(1);
  expect(await hand.charges()).toBe(paid[0].provider === 'sandbox' ? 1 : 0);
  expect(await hand.balance('acme')).toBe('0.00');
});

test('a wire is not recorded while a provider collects the invoice', async () => {
  const id = await hand.owing('acme', 'sandbox_unknown');
  await hand.collect(id);
  const { number } = await hand.invoice('acme');
  expect(await hand.wire(String(number), '12.00')).toMatchObject({ status: 409, body: { code: 'payment_in_progress' } });
  await hand.collect(id);
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid' });
});

test('a wire takes the place of a payment that was not tried yet, and the rest is collected', async () => {
  const id = await hand.owing('acme', 'sandbox_ok');
  const { number } = await hand.invoice('acme');
  expect(await hand.wire(String(number), '5.00')).toMatchObject({ status: 201 });
  expect((await hand.payments('acme')).find((payment) => payment.id === id)).toMatchObject({ state: 'failed', reason: 'superseded' });
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid' });
  expect((await hand.payments('acme')).map(({ state, amount }) => `${String(state)} ${String(amount)}`).sort()).toEqual([
    'failed 12.00',
    'succeeded 5.00',
    'succeeded 7.00',
  ]);
});

test('a charge that went through for an invoice that is paid already goes on the balance, and time goes on for everybody', async () => {
  const id = await hand.owing('acme', 'sandbox_unknown');
  await hand.collect(id);
  await hand.sql('update invoice_settlement set paid_minor = 500'); // in some way
  const other = await hand.owing('beta', 'sandbox_unknown');
  await hand.collect(other);
  await hand.wharfage.travel('2026-01-01T00:05:00Z');
  expect(await hand.payments('acme')).toMatchObject([{ state: 'succeeded', amount: '12.00' }]);
  expect(await hand.payments('beta')).toMatchObject([{ state: 'succeeded' }]);
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid' });
  expect(await hand.balance('acme')).toBe('5.00');
});

test('a charge that was declined and went through all the same is counted, once, and given back from the balance first', async () => {
  const id = await hand.owing('acme', 'sandbox_declined_soft');
  await hand.collect(id);
  const { number } = await hand.invoice('acme');
  expect((await hand.wire(String(number), '8.00')).status).toBe(201);
  for (let i = 0; i < 2; i += 1) expect((await hand.tell(`${id}:1`)).status).toBe(202);
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid', amountPaid: '12.00' });
  expect(await hand.balance('acme')).toBe('8.00');
  const late = (await hand.payments('acme')).find((payment) => payment.provider === 'sandbox' && payment.state === 'succeeded');
  const refund = (amount: string) => hand.wharfage.ok('POST', `/v2/payments/${String(late.id)}/refunds`, { amount, reason: 'paid twice' });
  expect(await refund('5.00')).toMatchObject({ state: 'succeeded' });
  expect(await hand.balance('acme')).toBe('3.00');
  expect(await refund('7.00')).toMatchObject({ state: 'succeeded' });
  expect(await hand.balance('acme')).toBe('0.00');
  const { data } = await hand.wharfage.ok('GET', '/v2/ledger/trial-balance');
  expect(Object.fromEntries(data.map((row: any) => [row.ledgerAccount, row.balance]))).toMatchObject({
    accounts_receivable: '0.00',
    cash: '8.00',
    customer_balance: '0.00',
    refunds: '4.00',
  });
});

test('a payment that cannot be collected stops neither the janitor nor the clock', async () => {
  const first = await hand.owing('acme', 'sandbox_unknown');
  const second = await hand.owing('beta', 'sandbox_unknown');
  for (const id of [first, second]) await hand.collect(id);
  const { sandbox } = hand;
  const lookUp = sandbox.lookUp.bind(sandbox);
  sandbox.lookUp = (key) => (key.startsWith(first) ? Promise.reject(new Error('broken')) : lookUp(key));
  await hand.wharfage.travel('2026-01-01T00:05:00Z');
  expect(await hand.payments('beta')).toMatchObject([{ state: 'succeeded' }]);
  sandbox.lookUp = lookUp;
  await hand.wharfage.app.get(Collection).resolveOpen();
  expect(await hand.payments('acme')).toMatchObject([{ state: 'succeeded' }]);
});

test('the janitor begins what was never tried, and asks for what has no outcome', async () => {
  await hand.owing('acme', 'sandbox_ok');
  await hand.sql(`update payment set created_at = created_at - interval '2 minutes'`);
  await hand.owing('beta', 'sandbox_ok'); // its job may still come
  await hand.wharfage.app.get(Collection).resolveOpen();
  expect(await hand.payments('acme')).toMatchObject([{ state: 'succeeded' }]);
  expect(await hand.payments('beta')).toMatchObject([{ state: 'pending' }]);
  expect(await hand.charges()).toBe(1);
});

test('a payment method of another provider is never charged', async () => {
  await hand.owing('acme', 'sandbox_ok');
  await hand.wharfage.app
    .get(Database)
    .transaction((tx) =>
      hand.wharfage.app
        .get(PaymentMethods)
        .attach(tx, OPERATOR, { accountId: accountIdFor('acme'), provider: 'manual', customer: 'c', reference: 'r' }),
    );
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.payments('acme')).toMatchObject([{ state: 'succeeded', provider: 'sandbox' }]);
  await hand.account('acme', 'manual');
  await hand.wharfage.travel('2026-02-01T00:00:00Z');
  expect(await hand.invoice('acme')).toMatchObject({ status: 'finalized' });
  expect(await hand.pay(String((await hand.invoice('acme')).number))).toMatchObject({ status: 409, body: { code: 'no_payment_method' } });
});

test('an account that changes to another provider before it is charged is not charged by the old one', async () => {
  await hand.owing('acme', 'sandbox_ok');
  await hand.account('acme', 'manual');
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.payments('acme')).toMatchObject([{ state: 'failed', reason: 'superseded' }]);
  expect(await hand.charges()).toBe(0);
});
