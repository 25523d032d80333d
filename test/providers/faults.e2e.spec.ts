import { FAULTS } from './fakes/fake-server.js';
import { chance, shuffled } from '../support/chance.js';
import type { Delivery, FakeProvider } from './fakes/fake-provider.js';
import { RecurlyFake } from './fakes/recurly-fake.js';
import { StripeFake } from './fakes/stripe-fake.js';
import { isCharge, isRefund, ThroughTheService } from './through-the-service.js';
import { tellsWebhookStories } from './webhook-stories.js';

/**
 * Whatever goes wrong with a write, an invoice is collected once at most, all comes to rest, and the ledger says of each charge and refund what the provider's
 * own books say. `FAULT_RUNS=500` runs as many random schedules, `FAULT_SEED=n` begins with that one.
 */

const RUNS = Number(process.env['FAULT_RUNS'] ?? 1);
const SEED = Number(process.env['FAULT_SEED'] ?? 1);

let service: ThroughTheService;
let stripe: StripeFake;
let recurly: RecurlyFake;
beforeAll(async () => {
  [stripe, recurly] = await Promise.all([StripeFake.start(), RecurlyFake.start()]);
  service = await ThroughTheService.start([stripe, recurly]);
}, 30_000);
afterAll(() => service.close());

const fakeOf = (name: string): FakeProvider => (name === 'stripe' ? stripe : recurly);

describe.each(['stripe', 'recurly'])('%s', (name) => {
  tellsWebhookStories(
    () => service,
    () => fakeOf(name),
  );

  test('every fault of a charge: the money is taken once', async () => {
    const fake = fakeOf(name);
    const accounts: string[] = [];
    for (const fault of FAULTS) {
      const { account, payment } = await service.owing(fake, fake.tokens.ok);
      accounts.push(account);
      fake.fail(fault, isCharge(fake));
      await service.collect(payment);
      if (fault !== 'hang_before') await service.collect(payment);
    }
    await service.converge(fake);
    for (const account of accounts) expect(await service.payments(account)).toMatchObject([{ state: 'succeeded', amount: '12.35' }]);
    await service.agrees(fake);
  });

  test('every fault of a refund: the money is given back once', async () => {
    const fake = fakeOf(name);
    const { account, payment } = await service.owing(fake, fake.tokens.ok);
    await service.collect(payment);
    for (const fault of FAULTS) {
      fake.fail(fault, isRefund(fake));
      await service.wharfage.ok('POST', `/v2/payments/${payment}/refunds`, { amount: '1.01', reason: fault });
    }
    await service.converge(fake);
    const [{ refunds }] = await service.payments(account);
    expect((refunds as { state: string }[]).map(({ state }) => state)).toEqual(FAULTS.map(() => 'succeeded'));
    await service.agrees(fake);
  });

  test.each(Array.from({ length: RUNS }, (_, i) => SEED + i))('random faults, schedule %i', async (seed) => {
    await randomSchedule(fakeOf(name), chance(seed));
  });
});

test('a method that was added on a page of the provider is charged', async () => {
  const { wharfage } = service;
  await wharfage.ok('PUT', '/v2/accounts/paged', { kind: 'user', name: 'P', currency: 'USD', timeZone: 'UTC', provider: 'stripe' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'paged', plan: 'small' });
  expect(await wharfage.ok('POST', '/v2/accounts/paged/payment-methods/setup')).toMatchObject({ kind: 'client_secret' });
  stripe.completeSetup('pm_card_visa');
  await service.converge(stripe);
  await service.converge(stripe);
  expect(await service.payments('paged')).toMatchObject([{ state: 'succeeded', method: 'Visa ending in 4242' }]);
  await service.agrees(stripe);
});

test('a decline leaves nothing with Recurly that Recurly would try again', async () => {
  recurly.leavesPastDue = true;
  const { account, payment } = await service.owing(recurly, recurly.tokens.declined);
  await service.collect(payment);
  recurly.leavesPastDue = false;
  expect(recurly.pastDue).toBe(0);
  expect(await service.payments(account)).toMatchObject([{ state: 'failed', reason: 'insufficient funds' }]);
});

test('the ledger agrees with all books together', async () => {
  await service.booksAgree();
});

/** Payments, deliveries, repetitions and time that passes, in random order, each with a fault as likely as not. */
async function randomSchedule(fake: FakeProvider, random: () => number): Promise<void> {
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const { ok, declined, processing } = fake.tokens;
  const owing = [await service.owing(fake, one([ok, processing])), await service.owing(fake, one([ok, declined, processing]))];
  const seen: Delivery[] = [];
  for (let step = 0; step < 8; step += 1) {
    const { payment, account } = one(owing);
    if (random() < 0.5) fake.fail(one(FAULTS), one([isCharge(fake), () => true]));
    await one([
      () => Promise.all([service.collect(payment), service.collect(payment)]),
      () => service.collect(payment),
      () => service.wharfage.call('POST', `/v2/payments/${payment}/refunds`, { amount: '2.00', reason: 'a test' }),
      () => service.wharfage.call('POST', `/v2/payments/${payment}/cancel`),
      () => service.wharfage.call('POST', `/v2/accounts/${account}/payment-methods`, { token: ok }),
      () => {
        fake.settleLate();
        return Promise.resolve();
      },
      async () => {
        const fresh = [...(await fake.deliveries())];
        seen.push(...fresh);
        await service.deliver(fake, shuffled([...seen, ...fresh], random));
        await service.processEvents();
      },
    ])();
  }
  fake.healed();
  fake.settleAll();
  await service.converge(fake);
  await service.agrees(fake);
}
