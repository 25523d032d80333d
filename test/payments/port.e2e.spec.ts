import { randomUUID } from 'node:crypto';
import type { Outcome, PaymentProvider } from '../../src/providers/port.js';
import { Providers } from '../../src/providers/providers.js';
import { TestApp } from '../support/app.js';

/** What every provider must keep, whoever it is. */

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ env: { ROLE: 'api' } });
}, 30_000);
afterAll(() => wharfage.close());

describe.each(['sandbox', 'manual'])('the provider "%s" keeps the contract of the port', (name) => {
  const port = (): PaymentProvider => wharfage.app.get(Providers).named(name);
  const certain: Outcome['kind'][] = ['succeeded', 'processing', 'requires_action', 'declined', 'not_attempted'];

  test('the same account is the same customer', async () => {
    const customer = { accountId: randomUUID(), name: 'A', email: null };
    expect(await port().ensureCustomer(customer)).toBe(await port().ensureCustomer(customer));
  });

  test('a key that it never saw was not attempted', async () => {
    expect(await port().lookUp(`pay_${randomUUID()}:1`)).toMatchObject({ kind: 'not_attempted' });
  });

  test('a charge repeated under its key has one outcome, and is found by the key', async () => {
    const provider = port();
    const customer = await provider.ensureCustomer({ accountId: randomUUID(), name: 'A', email: null });
    const stored = provider.capabilities.tokens ? await provider.storeMethod(customer, 'sandbox_ok') : { reference: 'none' };
    const request = {
      key: `pay_${randomUUID()}:1`,
      customer,
      method: stored.reference,
      amountMinor: 9_007_199_254_740_993n,
      currency: 'USD',
      description: 'test',
    };
    const first = await provider.charge(request);
    expect(certain).toContain(first.kind);
    expect(first.kind === 'succeeded').toBe(provider.capabilities.collects);
    expect(await provider.charge(request)).toEqual(first);
    if (provider.capabilities.collects) expect(await provider.lookUp(request.key)).toEqual(first);
  });

  test('what was given up comes to nothing, and what went through is not given up', async () => {
    const provider = port();
    if (!provider.capabilities.cancels) return;
    const customer = await provider.ensureCustomer({ accountId: randomUUID(), name: 'A', email: null });
    const charging = async (token: string) => {
      const { reference: method } = await provider.storeMethod(customer, token);
      return { key: `pay_${randomUUID()}:1`, customer, method, amountMinor: 1200n, currency: 'USD', description: 'test' };
    };
    const waiting = await charging('sandbox_requires_action');
    expect(await provider.charge(waiting)).toMatchObject({ kind: 'requires_action' });
    for (let i = 0; i < 2; i += 1) expect(await provider.cancel(waiting.key)).toMatchObject({ kind: 'not_attempted' });
    expect(await provider.lookUp(waiting.key)).toMatchObject({ kind: 'not_attempted' });
    expect(await provider.charge(waiting)).toMatchObject({ kind: 'not_attempted' });
    const paid = await charging('sandbox_ok');
    const outcome = await provider.charge(paid);
    expect(await provider.cancel(paid.key)).toEqual(outcome);
    expect(await provider.lookUp(paid.key)).toEqual(outcome);
  });

  test("what it cannot do it refuses, and a webhook without its signature is nobody's", async () => {
    const provider = port();
    if (!provider.capabilities.tokens) await expect(provider.storeMethod('c', 't')).rejects.toMatchObject({ code: 'not_supported' });
    await expect(provider.readWebhook({ body: Buffer.from('{}'), headers: {} })).rejects.toThrow(/invalid_signature|not_supported/);
  });
});
