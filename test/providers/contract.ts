import { randomUUID } from 'node:crypto';
import { newId } from '../../src/common/ids.js';
import { parseInstant } from '../../src/domain/instant.js';
import type { ChargeRequest, Outcome, PaymentProvider } from '../../src/providers/port.js';

/** A provider as the contract tries it. */
export interface Subject {
  readonly port: PaymentProvider;
  /** Tokens of payment methods that pay, are declined, and ask their customer. */
  readonly tokens: { readonly ok: string; readonly declined: string; readonly action: string };
  readonly currency: string;
}

const CERTAIN: readonly Outcome['kind'][] = ['succeeded', 'processing', 'requires_action', 'declined', 'not_attempted'];
const NOW = parseInstant('2026-01-01T00:00:00Z');

/** The laws of the port. Every provider keeps them; what it can do decides which ones apply. */
export function keepsTheContract(subject: () => Subject): void {
  const accountId = (): string => randomUUID();
  const keyOf = (account: string, n = 1): string => `${newId('pay', NOW, account)}:${String(n)}`;
  const customerOf = (id: string): Promise<string> =>
    subject().port.ensureCustomer({ accountId: id, name: 'Acme, Inc.', email: 'billing@example.com' });

  /** A charge of 12 units that is ready to be sent. */
  const charging = async (token: string, minor = 1200n): Promise<ChargeRequest> => {
    const { port, currency } = subject();
    const account = accountId();
    const customer = await customerOf(account);
    const method = port.capabilities.tokens ? (await port.storeMethod(customer, token)).reference : 'none';
    return { key: keyOf(account), customer, method, amountMinor: minor, currency, description: 'inv_1' };
  };

  test('the same account is the same customer, also under another name', async () => {
    const id = accountId();
    const first = await customerOf(id);
    expect(await customerOf(id)).toBe(first);
    expect(await subject().port.ensureCustomer({ accountId: id, name: 'Another', email: null })).toBe(first);
  });

  test('a payment method says what it is, and no card number', async () => {
    const { port, tokens } = subject();
    if (!port.capabilities.tokens) return expect(port.storeMethod('c', 't')).rejects.toMatchObject({ code: 'not_supported' });
    const stored = await port.storeMethod(await customerOf(accountId()), tokens.ok);
    expect(stored.label).toMatch(/\w/);
    expect(JSON.stringify(stored)).not.toMatch(/\d{12,}/);
    return expect(port.storeMethod(await customerOf(accountId()), 'nonsense')).rejects.toMatchObject({ code: 'payment_method_refused' });
  });

  test('there is a place to add a payment method, or the refusal says that there is none', async () => {
    const { port, currency } = subject();
    const asked = port.setUpMethod(await customerOf(accountId()), { currency });
    if (port.capabilities.tokens) expect(['page', 'client_secret']).toContain((await asked).kind);
    else await expect(asked).rejects.toMatchObject({ code: 'not_supported' });
  });

  test('a key that it never saw was not attempted', async () => {
    const account = accountId();
    const customer = await customerOf(account);
    expect(await subject().port.lookUp(keyOf(account), { customer })).toMatchObject({ kind: 'not_attempted' });
  });

  test('a charge repeated under its key has one outcome, and is found by the key', async () => {
    const { port, tokens } = subject();
    const request = await charging(tokens.ok);
    const first = await port.charge(request);
    expect(CERTAIN).toContain(first.kind);
    expect(first.kind === 'succeeded').toBe(port.capabilities.collects);
    expect(await port.charge(request)).toEqual(first);
    expect(await port.charge({ ...request, since: NOW })).toEqual(first);
    if (port.capabilities.collects) expect(await port.lookUp(request.key, { customer: request.customer })).toEqual(first);
  });

  test('many who send one charge at once take the money once', async () => {
    const { port, tokens } = subject();
    if (!port.capabilities.collects) return;
    const request = await charging(tokens.ok);
    await Promise.all(Array.from({ length: 4 }, () => port.charge({ ...request, since: NOW })));
    expect(await port.lookUp(request.key, { customer: request.customer })).toMatchObject({ kind: 'succeeded' });
  });

  test('a decline is certain, and says what is to be done about it', async () => {
    const { port, tokens } = subject();
    if (!port.capabilities.collects) return;
    const request = await charging(tokens.declined);
    expect(await port.charge(request)).toMatchObject({
      kind: 'declined',
      decline: expect.stringMatching(/^(soft|hard|new_method_needed)$/) as string,
    });
  });

  test('amounts that it does not charge are not attempted', async () => {
    const { port, tokens, currency } = subject();
    const amounts = port.amounts(currency);
    if (!port.capabilities.collects || !amounts || amounts.minimumMinor === 1n) return;
    expect(await port.charge(await charging(tokens.ok, amounts.minimumMinor - 1n))).toEqual({
      kind: 'not_attempted',
      reason: 'amount_too_small',
    });
  });

  test('a charge that asks its customer waits, is given up for good, or is over', async () => {
    const { port, tokens } = subject();
    if (!port.capabilities.collects) return;
    const request = await charging(tokens.action);
    const holder = { customer: request.customer };
    const outcome = await port.charge(request);
    if (!port.capabilities.cancels) {
      expect(outcome).toMatchObject({ kind: 'declined', decline: 'new_method_needed' });
      return;
    }
    expect(outcome).toMatchObject({ kind: 'requires_action' });
    for (let i = 0; i < 2; i += 1) expect(await port.cancel(request.key, holder)).toMatchObject({ kind: 'not_attempted' });
    expect(await port.lookUp(request.key, holder)).toMatchObject({ kind: 'not_attempted' });
    expect(await port.charge({ ...request, since: NOW })).toMatchObject({ kind: 'not_attempted' });
  });

  test('what went through is not given up', async () => {
    const { port, tokens } = subject();
    if (!port.capabilities.collects) return;
    const request = await charging(tokens.ok);
    const outcome = await port.charge(request);
    expect(await port.cancel(request.key, { customer: request.customer })).toEqual(outcome);
  });

  test('a refund repeated under its key is given once, and all refunds are no more than the charge', async () => {
    const { port, tokens, currency } = subject();
    if (!port.capabilities.refunds) return;
    const request = await charging(tokens.ok);
    const charged = await port.charge(request);
    const charge = charged.kind === 'succeeded' ? charged.reference : '';
    const account = accountId();
    const refund = { key: newId('ref', NOW, account), charge, amountMinor: 700n, currency };
    const first = await port.refund(refund);
    expect(['succeeded', 'processing']).toContain(first.kind);
    expect(await port.refund(refund)).toEqual(first);
    if (port.name !== 'sandbox') expect((await port.refund({ ...refund, key: newId('ref', NOW, account) })).kind).toBe('not_attempted');
  });

  test("a webhook without its signature is nobody's", async () => {
    const received = { body: Buffer.from('{}'), headers: {} };
    await expect(subject().port.readWebhook(received)).rejects.toThrow(/invalid_signature|not_supported/);
  });
}
