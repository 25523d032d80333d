import { randomUUID } from 'node:crypto';
import { type Reply, TestApp } from '../support/app.js';

const month = { unit: 'month', count: 1 };
const flat = (key: string, amount: string) => ({ key, kind: 'recurring', model: 'flat', amount, name: key });

/** A service for what becomes of invoices: an account with 20 % VAT, billed 10.00 and 5.00 a month. */
export class Books {
  private constructor(readonly wharfage: TestApp) {}

  static async open(): Promise<Books> {
    const wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
    await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.20', category: 'S', inclusive: false });
    const books = new Books(wharfage);
    await books.plan('two', [flat('base', '10.00'), flat('extra', '5.00')]);
    await books.plan('month', [flat('base', '31.00')]);
    await books.plan('large', [flat('base', '62.00')]);
    return books;
  }

  plan(key: string, prices: readonly object[]): Promise<any> {
    return this.wharfage.ok('PUT', `/v2/plans/${key}`, { name: key, product: 'hub', currency: 'USD', interval: month, prices });
  }

  account(key: string, more: object = {}): Promise<any> {
    return this.wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', ...more });
  }

  subscribe(account: string, plan: string, more: object = {}): Promise<any> {
    return this.wharfage.ok('POST', '/v2/subscriptions', { account, plan, ...more });
  }

  /** An account that was billed 15.00 and 3.00 of VAT. Answers the invoice. */
  async billed(key: string, more: object = {}): Promise<any> {
    await this.account(key, { taxRates: ['vat'], ...more });
    await this.subscribe(key, 'two');
    return (await this.invoices(key))[0];
  }

  /** Oldest first; those of one instant by their numbers. */
  async invoices(key: string): Promise<any[]> {
    const { data } = await this.wharfage.ok('GET', `/v2/invoices?account=${key}&limit=200`);
    return data.sort((a: any, b: any) => String(a.number).localeCompare(String(b.number)));
  }
  invoice(id: string): Promise<any> {
    return this.wharfage.ok('GET', `/v2/invoices/${id}`);
  }
  act(invoice: { readonly id: string }, act: string, body: object = {}): Promise<Reply> {
    return this.wharfage.call('POST', `/v2/invoices/${invoice.id}/${act}`, { reason: 'a mistake', ...body });
  }
  credit(invoice: { readonly id: string }, body: object, key: string = randomUUID()): Promise<Reply> {
    return this.wharfage.call(
      'POST',
      `/v2/invoices/${invoice.id}/credit-notes`,
      { reason: 'goodwill', ...body },
      { 'idempotency-key': key },
    );
  }
  wire(invoice: { readonly id: string }, amount: string): Promise<Reply> {
    return this.wharfage.call('POST', '/v2/payments', { invoice: invoice.id, amount, method: 'wire' });
  }
  async payments(key: string): Promise<any[]> {
    return (await this.wharfage.ok('GET', `/v2/payments?account=${key}`)).data;
  }
  async balance(key: string): Promise<string> {
    return (await this.wharfage.ok('GET', `/v2/accounts/${key}/balance`)).balance;
  }
  bill(key: string): Promise<any> {
    return this.wharfage.ok('POST', `/v2/accounts/${key}/bill`, {});
  }
  async events(key: string): Promise<any[]> {
    return (await this.wharfage.ok('GET', `/v2/events?account=${key}&limit=200`)).data
      .filter(({ type }: any) => type !== 'entitlements.changed')
      .reverse();
  }

  /** Of one account, those that are not zero. */
  async ledger(key: string): Promise<Record<string, string>> {
    const entries: any[] = (await this.wharfage.ok('GET', `/v2/ledger/entries?account=${key}&limit=200`)).data;
    const sums = new Map<string, bigint>();
    for (const { ledgerAccount, amount } of entries.flatMap(({ postings }) => postings))
      sums.set(ledgerAccount, (sums.get(ledgerAccount) ?? 0n) + BigInt(String(amount).replace('.', '')));
    return Object.fromEntries(
      [...sums].filter(([, minor]) => minor !== 0n).map(([name, minor]) => [name, (Number(minor) / 100).toFixed(2)]),
    );
  }

  close(): Promise<void> {
    return this.wharfage.close();
  }
}
