import { Collect } from '../../src/payments/collect.js';
import { ProviderEvents } from '../../src/payments/provider-events/provider-events.js';
import { Providers } from '../../src/providers/providers.js';
import type { SandboxProvider } from '../../src/providers/sandbox/sandbox.provider.js';
import { type Reply, TestApp } from '../support/app.js';

/** A service without a worker: every step of a payment is made by hand, so that a test may stop between any two. */
export class ByHand {
  private constructor(readonly wharfage: TestApp) {}

  static async start(): Promise<ByHand> {
    const wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { ROLE: 'api' } });
    await wharfage.ok('PUT', '/v2/plans/small', {
      name: 'Small',
      product: 'hub',
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.00' }],
    });
    return new ByHand(wharfage);
  }

  account(key: string, provider = 'sandbox'): Promise<any> {
    return this.wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', provider });
  }
  method(key: string, token: string): Promise<any> {
    return this.wharfage.ok('POST', `/v2/accounts/${key}/payment-methods`, { token });
  }

  /** An account that owes 12.00 and has that payment method, whose payment is pending and was not tried yet. Answers the payment's id. */
  async owing(key: string, token: string): Promise<string> {
    await this.account(key);
    await this.method(key, token);
    await this.wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'small' });
    const [{ id }] = await this.payments(key);
    return id as string;
  }

  async invoice(key: string): Promise<any> {
    return (await this.wharfage.ok('GET', `/v2/invoices?account=${key}`)).data[0];
  }
  async payments(key: string): Promise<any[]> {
    return (await this.wharfage.ok('GET', `/v2/payments?account=${key}`)).data as any[];
  }
  async balance(key: string): Promise<string> {
    return (await this.wharfage.ok('GET', `/v2/accounts/${key}/balance`)).balance as string;
  }
  /** What the payments of an account did, oldest first. */
  async audited(key: string): Promise<any[]> {
    return (await this.wharfage.ok('GET', `/v2/audit?account=${key}&limit=200`)).data.reverse() as any[];
  }

  collect(paymentId: string): Promise<void> {
    return this.wharfage.app.get(Collect).run(paymentId);
  }
  pay(invoice: string): Promise<Reply> {
    return this.wharfage.call('POST', `/v2/invoices/${invoice}/pay`);
  }
  cancel(paymentId: string): Promise<Reply> {
    return this.wharfage.call('POST', `/v2/payments/${paymentId}/cancel`);
  }
  wire(invoice: string, amount: string): Promise<Reply> {
    return this.wharfage.call('POST', '/v2/payments', { invoice, amount, method: 'wire' });
  }

  get sandbox(): SandboxProvider {
    return this.wharfage.app.get(Providers).named('sandbox') as SandboxProvider;
  }

  /** The sandbox tells that a charge went through. Providers' routes are not in the contract. */
  async tell(attemptKey: string): Promise<{ readonly status: number }> {
    const { body, signature } = this.sandbox.settle(attemptKey);
    const headers = { 'content-type': 'application/json', 'sandbox-signature': signature };
    const { statusCode } = await this.wharfage.app.inject({ method: 'POST', url: '/providers/sandbox/webhooks', payload: body, headers });
    await this.wharfage.app.get(ProviderEvents).runDue();
    return { status: statusCode };
  }

  attempts(): Promise<any[]> {
    return this.sql('select n, state from payment_attempt order by created_at, n');
  }

  /** How often the sandbox took money. */
  async charges(): Promise<number> {
    return (await this.sql(`select 1 from sandbox_operation where kind = 'charge' and outcome ->> 'kind' = 'succeeded'`)).length;
  }

  sql(text: string, values: unknown[] = []): Promise<any[]> {
    return this.wharfage.source.query(text, values);
  }

  /** Another process, in the middle of a transaction: it holds what the statements lock until it is told to commit. */
  async elsewhere(...statements: string[]): Promise<{ readonly commit: () => Promise<void> }> {
    const runner = this.wharfage.source.createQueryRunner();
    await runner.startTransaction();
    for (const statement of statements) await runner.query(statement);
    return {
      commit: async () => {
        await runner.commitTransaction();
        await runner.release();
      },
    };
  }

  /** Until somebody waits for a lock. */
  async blocked(): Promise<void> {
    for (let i = 0; i < 400; i += 1) {
      const waiting = await this.sql(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
      if (waiting.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('nobody waits for a lock');
  }

  close(): Promise<void> {
    return this.wharfage.close();
  }
}
