import { Collection } from '../../src/payments/collection.js';
import { ByHand } from './hand.js';

let hand: ByHand;
beforeEach(async () => {
  hand = await ByHand.start();
}, 30_000);
afterEach(() => hand.close());

/** The actions on payments and refunds, and who did them. */
const story = async (key: string): Promise<string[]> =>
  (await hand.audited(key))
    .filter(({ subjectType }) => ['payment', 'refund', 'provider_event'].includes(subjectType as string))
    .map(({ action, actorKind }) => `${String(actorKind)} ${String(action)}`);

test('who begun a payment, and what became of each attempt', async () => {
  const id = await hand.owing('acme', 'sandbox_declined_soft');
  await hand.collect(id);
  await hand.pay(String((await hand.invoice('acme')).number));
  await hand.method('acme', 'sandbox_unknown');
  await hand.wharfage.app.get(Collection).runDue();
  await hand.wharfage.app.get(Collection).runDue();
  expect(await story('acme')).toEqual([
    'system payment.begun', // the invoice was finalized
    'system payment.failed',
    'api_key payment.begun', // somebody asked
    'system payment.failed',
    'api_key payment.begun', // by the new payment method
    'system payment.unknown',
    'system payment.succeeded',
  ]);
});

test('what a provider tells, and a charge that takes its time', async () => {
  const id = await hand.owing('acme', 'sandbox_processing');
  for (let i = 0; i < 3; i += 1) await hand.collect(id); // asked again, nothing new
  for (let i = 0; i < 3; i += 1) await hand.tell(`${id}:1`);
  expect(await story('acme')).toEqual([
    'system payment.begun',
    'system payment.pending',
    'system payment.succeeded',
    'system provider_event.processed',
  ]);
  expect((await hand.audited('acme')).at(-1)).toMatchObject({
    actorId: 'provider:sandbox',
    after: { key: `${id}:1`, outcome: 'succeeded' },
  });
});

test('what became of a refund', async () => {
  const id = await hand.owing('acme', 'sandbox_ok');
  await hand.collect(id);
  await hand.wharfage.ok('POST', `/v2/payments/${id}/refunds`, { amount: '5.00', reason: 'goodwill' });
  hand.sandbox.refund = () => Promise.resolve({ kind: 'declined', decline: 'hard', reason: 'the card was closed' });
  expect(await hand.wharfage.ok('POST', `/v2/payments/${id}/refunds`, { amount: '5.00', reason: 'goodwill' })).toMatchObject({
    state: 'failed',
    failure: 'the card was closed',
  });
  expect((await story('acme')).slice(-4)).toEqual([
    'api_key refund.requested',
    'system refund.succeeded',
    'api_key refund.requested',
    'system refund.failed',
  ]);
});
