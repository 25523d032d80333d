import { Collection } from '../../src/payments/collection.js';
import { Providers } from '../../src/providers/providers.js';
import { differences } from '../support/story.js';
import { ByHand } from './hand.js';

let hand: ByHand;
beforeEach(async () => {
  hand = await ByHand.start();
}, 30_000);
afterEach(async () => {
  try {
    expect(await differences(hand.wharfage)).toEqual([]);
  } finally {
    await hand.close();
  }
});

const act = (invoice: { readonly id: string }, name: string, body: object = {}) =>
  hand.wharfage.call('POST', `/v2/invoices/${invoice.id}/${name}`, { reason: 'r', ...body });
const credit = (invoice: { readonly id: string }, body: object) => act(invoice, 'credit-notes', body);
const pastDue = async (key: string): Promise<boolean> =>
  (await hand.sql('select past_due_since from account where key = $1', [key]))[0].past_due_since !== null;

test('a payment that was not tried yet gives way: what is left is collected, and nothing of a void invoice', async () => {
  const first = await hand.owing('acme', 'sandbox_ok');
  const invoice = await hand.invoice('acme');
  expect(await credit(invoice, { amount: '5.00', settle: 'none' })).toMatchObject({ status: 201 });
  expect(await hand.payments('acme')).toMatchObject([
    { state: 'pending', amount: '7.00' },
    { id: first, state: 'failed', reason: 'superseded' },
  ]);
  const other = await hand.owing('beta', 'sandbox_ok');
  expect(await act(await hand.invoice('beta'), 'void')).toMatchObject({ status: 200 });
  await hand.collect(other);
  expect(await hand.payments('beta')).toMatchObject([{ state: 'failed', reason: 'superseded' }]);
  expect(await hand.pay((await hand.invoice('beta')).id)).toMatchObject({ status: 409, body: { code: 'nothing_due' } });
  await hand.collect((await hand.payments('acme'))[0].id);
  expect(await hand.invoice('acme')).toMatchObject({ status: 'paid', amountPaid: '7.00' });
  expect(await hand.charges()).toBe(1);
});

test('while the provider collects, the invoice is left alone; money that came in all the same is never lost', async () => {
  const payment = await hand.owing('acme', 'sandbox_requires_action');
  await hand.collect(payment);
  const invoice = await hand.invoice('acme');
  for (const [name, body] of [
    ['credit-notes', { settle: 'none' }],
    ['void', {}],
    ['mark-uncollectible', {}],
  ] as const)
    expect(await act(invoice, name, body)).toMatchObject({
      status: 409,
      body: { code: 'payment_in_progress', detail: expect.stringContaining(payment) },
    });
  expect(await hand.cancel(payment)).toMatchObject({ status: 200 });
  expect(await act(invoice, 'void', { rebill: false })).toMatchObject({ status: 200 });
  await hand.tell(`${payment}:1`);
  expect(await hand.invoice('acme')).toMatchObject({ status: 'void', amountPaid: '0.00' });
  expect(await hand.balance('acme')).toBe('12.00');
});

test('an account is past due while an invoice is unpaid, though it was written off, and no longer when that is void or credited', async () => {
  const ends: Record<string, (invoice: any) => Promise<any>> = {
    acme: (invoice) => act(invoice, 'void', { rebill: false }),
    beta: (invoice) => credit(invoice, { settle: 'none' }),
  };
  for (const [key, end] of Object.entries(ends)) {
    await hand.collect(await hand.owing(key, 'sandbox_declined_soft'));
    expect(await pastDue(key)).toBe(true);
    await end(await hand.invoice(key));
    expect(await pastDue(key)).toBe(false);
  }
  await hand.collect(await hand.owing('gamma', 'sandbox_declined_soft'));
  const lost = await hand.invoice('gamma');
  await act(lost, 'mark-uncollectible');
  expect(await pastDue('gamma')).toBe(true);
  await hand.method('gamma', 'sandbox_ok');
  expect((await hand.payments('gamma')).filter(({ state }) => state === 'pending')).toEqual([]); // it is not collected by itself
  expect(await hand.pay(lost.id)).toMatchObject({ status: 200, body: { state: 'succeeded' } });
  expect(await hand.invoice('gamma')).toMatchObject({ status: 'paid' });
  expect(await pastDue('gamma')).toBe(false);
});

test('what the provider cannot refund for a credit note stands on the balance', async () => {
  await hand.collect(await hand.owing('acme', 'sandbox_ok'));
  const invoice = await hand.invoice('acme');
  hand.wharfage.app.get(Providers).named('sandbox').refund = () =>
    Promise.resolve({ kind: 'declined', decline: 'hard', reason: 'the card is gone' });
  expect((await credit(invoice, { amount: '5.00', settle: 'refund' })).body).toMatchObject({ amountRefunded: '5.00' });
  expect((await hand.payments('acme'))[0].refunds).toMatchObject([{ state: 'failed', failure: 'the card is gone' }]);
  expect(await hand.balance('acme')).toBe('5.00');
  expect(await credit(invoice, { settle: 'balance' })).toMatchObject({ status: 201, body: { total: '7.00' } });
  expect(await hand.balance('acme')).toBe('12.00');
});

test('a refund whose outcome is not known is sent again under its key, and counts meanwhile', async () => {
  await hand.collect(await hand.owing('acme', 'sandbox_ok'));
  const invoice = await hand.invoice('acme');
  const provider = hand.wharfage.app.get(Providers).named('sandbox');
  const refund = provider.refund.bind(provider);
  provider.refund = () => Promise.resolve({ kind: 'unknown', reason: 'no answer' });
  await credit(invoice, { amount: '5.00', settle: 'refund' });
  const [payment] = await hand.payments('acme');
  expect(payment.refunds).toMatchObject([{ state: 'pending' }]);
  expect(await credit(invoice, { amount: '7.01', settle: 'refund' })).toMatchObject({ status: 409, body: { code: 'credit_too_large' } });
  provider.refund = refund;
  await hand.wharfage.travel('2026-01-01T00:02:00Z');
  await hand.wharfage.app.get(Collection).resolveOpen();
  expect((await hand.payments('acme'))[0].refunds).toMatchObject([{ state: 'succeeded', amount: '5.00' }]);
});
