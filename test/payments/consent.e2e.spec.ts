import { Collection } from '../../src/payments/collection.js';
import { ledgerBalances } from '../support/story.js';
import { ByHand } from './hand.js';

/** A charge that waits for the customer's consent may still go through: it stays open until its provider says otherwise. */

let hand: ByHand;
let id: string;
let number: string;
beforeEach(async () => {
  hand = await ByHand.start();
  id = await hand.owing('acme', 'sandbox_requires_action');
  await hand.collect(id);
  number = String((await hand.invoice('acme')).number);
}, 30_000);
afterEach(async () => {
  try {
    await ledgerBalances(hand.wharfage);
  } finally {
    await hand.close();
  }
});

test('the payment stays pending, says what it waits for, and the account is past due', async () => {
  expect(await hand.payments('acme')).toMatchObject([{ state: 'pending', reason: 'The bank asks the customer to confirm the payment.' }]);
  expect((await hand.wharfage.ok('GET', '/v2/accounts/acme/entitlements')).pastDue).not.toBeNull();
});

test('the same payment method is not charged again, and what the provider tells later settles the invoice', async () => {
  expect(await hand.pay(number)).toMatchObject({ status: 200, body: { id, state: 'pending' } });
  await hand.method('acme', 'sandbox_requires_action');
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.attempts()).toMatchObject([{ n: 1, state: 'requires_action' }]);
  expect((await hand.tell(`${id}:1`)).status).toBe(202);
  expect(await hand.payments('acme')).toMatchObject([{ id, state: 'succeeded', reason: null }]);
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid', amountPaid: '12.00' });
  expect((await hand.wharfage.ok('GET', '/v2/accounts/acme/entitlements')).pastDue).toBeNull();
});

test('what is not told is asked for', async () => {
  await hand.sql(`update sandbox_operation set outcome = '{"kind":"succeeded","reference":"sbx_1"}'`);
  await hand.sql(`update payment_attempt set created_at = created_at - interval '2 minutes'`);
  await hand.wharfage.app.get(Collection).resolveOpen();
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid' });
});

test('another payment method takes its place, once the provider has given it up', async () => {
  await hand.method('acme', 'sandbox_ok');
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.attempts()).toMatchObject([
    { n: 1, state: 'not_attempted' },
    { n: 2, state: 'succeeded' },
  ]);
  expect(await hand.payments('acme')).toMatchObject([{ id, state: 'succeeded', method: 'Sandbox card that pays', amount: '12.00' }]);
  expect(await hand.charges()).toBe(1);
});

test('one that went through before it could be given up pays, and the other payment method is not charged', async () => {
  await hand.sql(`update sandbox_operation set outcome = '{"kind":"succeeded","reference":"sbx_1"}'`);
  await hand.method('acme', 'sandbox_ok');
  expect(await hand.pay(number)).toMatchObject({ status: 200, body: { id, state: 'succeeded' } });
  expect(await hand.attempts()).toHaveLength(1);
  expect(await hand.charges()).toBe(1);
});

test('it is given up on purpose, once for all; then a wire may be recorded', async () => {
  expect(await hand.wire(number, '12.00')).toMatchObject({ status: 409, body: { code: 'payment_in_progress' } });
  expect(await hand.cancel(id)).toMatchObject({ status: 200, body: { state: 'failed', reason: 'canceled' } });
  expect(await hand.cancel(id)).toMatchObject({ status: 200, body: { state: 'failed' } });
  await hand.collect(id);
  expect(await hand.attempts()).toMatchObject([{ state: 'not_attempted' }]);
  expect(await hand.wire(number, '12.00')).toMatchObject({ status: 201 });
});

test('a provider that cannot give it up keeps it: nothing else may pay meanwhile', async () => {
  Object.assign(hand.sandbox, { capabilities: { ...hand.sandbox.capabilities, cancels: false } });
  await hand.method('acme', 'sandbox_ok');
  await hand.wharfage.app.get(Collection).runDue();
  expect(await hand.pay(number)).toMatchObject({ status: 409, body: { code: 'payment_in_progress' } });
  expect(await hand.cancel(id)).toMatchObject({ status: 409, body: { code: 'payment_in_progress' } });
  expect(await hand.attempts()).toMatchObject([{ state: 'requires_action' }]);
  expect((await hand.tell(`${id}:1`)).status).toBe(202);
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid' });
});

test('a charge that never got there is given up, and one under way finds nothing to take', async () => {
  const lost = await hand.owing('beta', 'sandbox_lost');
  await hand.collect(lost);
  expect(await hand.cancel(lost)).toMatchObject({ status: 200, body: { state: 'failed' } });
  const late = { key: `${lost}:1`, customer: 'c', method: 'sbx_pm_sandbox_ok', amountMinor: 1200n, currency: 'USD', description: 'late' };
  expect(await hand.sandbox.charge(late)).toMatchObject({ kind: 'not_attempted' });
});

test('a payment that was not tried is given up at once; one that went through is not', async () => {
  const untried = await hand.owing('beta', 'sandbox_ok');
  expect(await hand.cancel(untried)).toMatchObject({ status: 200, body: { state: 'failed', reason: 'canceled' } });
  const paid = await hand.owing('gamma', 'sandbox_ok');
  await hand.collect(paid);
  expect(await hand.cancel(paid)).toMatchObject({ status: 200, body: { state: 'succeeded' } });
  expect(await hand.cancel('pay_none')).toMatchObject({ status: 404, body: { code: 'payment_not_found' } });
});
