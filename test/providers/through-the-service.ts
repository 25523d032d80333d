import { ProviderEvents } from '../../src/payments/provider-events/provider-events.js';
import { Collection } from '../../src/payments/collection.js';
import { Collect } from '../../src/payments/collect.js';
import { parseMoney } from '../../src/domain/currency.js';
import { formatInstant, MINUTE, parseInstant } from '../../src/domain/instant.js';
import { TestApp } from '../support/app.js';
import { differences, ledgerBalances } from '../support/story.js';
import type { Delivery, FakeProvider } from './fakes/fake-provider.js';
import type { Received } from './fakes/fake-server.js';

/** How long a provider may take here: hanging requests cost no more. */
const TIMEOUT_MS = '500';
const START = parseInstant('2026-01-01T00:00:00Z');

/** The real service over a fake provider: what it does is told by its API, what moved by the fake's books. */
export class ThroughTheService {
  private count = 0;
  private minutes = 0;

  private constructor(
    readonly wharfage: TestApp,
    readonly fakes: readonly FakeProvider[],
  ) {}

  static async start(fakes: readonly FakeProvider[]): Promise<ThroughTheService> {
    const env = Object.assign({ ROLE: 'api', PROVIDER_TIMEOUT_MS: TIMEOUT_MS }, ...fakes.map((fake) => fake.env)) as Record<string, string>;
    const wharfage = await TestApp.start({ env });
    await wharfage.ok('PUT', '/v2/plans/small', {
      name: 'Small',
      product: 'hub',
      currency: 'USD',
      interval: { unit: 'year', count: 1 },
      prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.35' }],
    });
    return new ThroughTheService(wharfage, fakes);
  }

  /** An account that owes 12.35 and can be charged; nothing was tried yet. */
  async owing(fake: FakeProvider, token: string): Promise<{ readonly account: string; readonly payment: string }> {
    const account = `${fake.name}-${String((this.count += 1))}`;
    await this.wharfage.ok('PUT', `/v2/accounts/${account}`, {
      kind: 'user',
      name: account,
      currency: 'USD',
      timeZone: 'UTC',
      provider: fake.name,
    });
    await this.wharfage.ok('POST', `/v2/accounts/${account}/payment-methods`, { token });
    await this.wharfage.ok('POST', '/v2/subscriptions', { account, plan: 'small' });
    const [payment] = await this.payments(account);
    return { account, payment: String(payment.id) };
  }

  async payments(account: string): Promise<any[]> {
    return (await this.wharfage.ok('GET', `/v2/payments?account=${account}`)).data as any[];
  }

  collect(payment: string): Promise<void> {
    return this.wharfage.app.get(Collect).run(payment);
  }

  async deliver(fake: FakeProvider, deliveries?: readonly Delivery[]): Promise<number[]> {
    const statuses: number[] = [];
    for (const { body, headers } of deliveries ?? (await fake.deliveries())) {
      const answer = await this.wharfage.app.inject({
        method: 'POST',
        url: `/providers/${fake.name}/webhooks`,
        payload: body,
        headers: { 'content-type': 'application/json', ...headers },
      });
      statuses.push(answer.statusCode);
    }
    return statuses;
  }

  processEvents(): Promise<void> {
    return this.wharfage.app.get(ProviderEvents).runDue();
  }

  /** What the janitor, the job of a payment and the jobs of webhooks do in the end, after everything works again. */
  async converge(fake: FakeProvider): Promise<void> {
    fake.healed();
    fake.settleLate();
    this.minutes += 5;
    await this.wharfage.travel(formatInstant(START + BigInt(this.minutes) * MINUTE));
    await this.wharfage.app.get(Collection).resolveOpen();
    await this.deliver(fake);
    await this.processEvents();
  }

  /** The laws: each invoice was collected once at most, and our books say of each charge and refund what the provider's say, to the cent. */
  async agrees(fake: FakeProvider): Promise<void> {
    const theirs = fake.moved('charge').map(({ key, amount, currency }) => `${key} ${amount} ${currency}`);
    const ours: { key: string; amount: bigint; currency: string; invoice: string }[] = await this.sql(
      `select a.payment_id || ':' || a.n as key, p.amount_minor as amount, p.currency, p.invoice_id as invoice from payment_attempt a
       join payment p on p.account_id = a.account_id and p.id = a.payment_id where a.state = 'succeeded' and p.provider = $1`,
      [fake.name],
    );
    expect(ours.map(({ key, amount, currency }) => `${key} ${String(amount)} ${currency}`).sort()).toEqual(theirs.sort());
    expect(new Set(ours.map(({ invoice }) => invoice)).size).toBe(ours.length);
    const refunds: { key: string; amount: bigint; currency: string }[] = await this.sql(
      `select r.id as key, r.amount_minor as amount, r.currency from refund r join payment p on p.account_id = r.account_id and p.id = r.payment_id
       where r.state = 'succeeded' and p.provider = $1`,
      [fake.name],
    );
    expect(refunds.map(({ key, amount, currency }) => `${key} ${String(amount)} ${currency}`).sort()).toEqual(
      fake
        .moved('refund')
        .map(({ key, amount, currency }) => `${key} ${amount} ${currency}`)
        .sort(),
    );
    expect(fake.wrong).toEqual([]);
  }

  /** What the ledger says came in by a bank account less what went out is what all fakes together collected and gave back. */
  async booksAgree(): Promise<void> {
    await ledgerBalances(this.wharfage);
    expect(await differences(this.wharfage)).toEqual([]);
    const { data } = await this.wharfage.ok('GET', '/v2/ledger/trial-balance');
    const sum = (kind: 'charge' | 'refund'): bigint =>
      this.fakes.flatMap((fake) => fake.moved(kind)).reduce((total, { amount }) => total + BigInt(amount), 0n);
    const cash = (data as { ledgerAccount: string; balance: string }[]).find(({ ledgerAccount }) => ledgerAccount === 'cash');
    expect(parseMoney(cash?.balance ?? '0.00', 'USD')).toBe(sum('charge') - sum('refund'));
  }

  sql(text: string, values: unknown[] = []): Promise<any[]> {
    return this.wharfage.source.query(text, values);
  }

  async close(): Promise<void> {
    await this.wharfage.close();
    for (const fake of this.fakes) await fake.close();
  }
}

export const isCharge =
  (fake: FakeProvider) =>
  ({ method, path }: Received): boolean =>
    method === 'POST' && path === fake.chargePath;

export const isRefund =
  (fake: FakeProvider) =>
  ({ method, path }: Received): boolean =>
    method === 'POST' && path.endsWith(fake.refundPath);
