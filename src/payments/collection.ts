import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { Clock, type TimeTraveller } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { Hooks } from '../common/hooks.js';
import { newId } from '../common/ids.js';
import { Jobs } from '../common/jobs/jobs.js';
import { formatInstant, MINUTE } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { invoicesFinalized } from '../invoices/issue-invoices.js';
import { Providers } from '../providers/providers.js';
import { Collect } from './collect.js';
import { methodsOf, type PaymentMethod } from './payment-records.js';
import { Refunds } from './refunds.js';

const COLLECT = 'payments.collect';
const JANITOR = 'payments.janitor';

/** How long an attempt may be without an outcome before somebody asks for it. */
const PATIENCE = MINUTE;

interface Collectable {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly currency: string;
  readonly dueMinor: bigint;
}

/** When payments are collected: an invoice is finalized, a payment method is added, somebody asks, an outcome is still not known. */
@Injectable()
export class Collection implements OnModuleInit, TimeTraveller {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly hooks: Hooks,
    private readonly jobs: Jobs,
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly providers: Providers,
    private readonly collect: Collect,
    private readonly refunds: Refunds,
  ) {}

  onModuleInit(): void {
    this.hooks.on(invoicesFinalized, async (tx, { invoices }) => {
      await this.begin(tx, invoices);
    });
    this.jobs.handle(COLLECT, async (payload) => this.collect.run((payload as { paymentId: string }).paymentId));
    this.jobs.everyMinute(JANITOR, () => this.resolveOpen());
    this.clock.register(this);
  }

  /** Payments have no due instants of their own: they follow the invoices. */
  nextDue(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** When test time passes, what is to be collected is collected before the answer, and not by the queue some moments later. */
  async runDue(): Promise<void> {
    const pending = await this.database.query<{ id: string }>({
      name: 'pending_payments',
      text: `select id from payment where state = 'pending' order by created_at, id`,
      values: [],
    });
    for (const { id } of pending) await this.collect.run(id);
  }

  /** Makes a payment for each invoice that its account's provider can collect, and a job for it. Answers the payments' ids. */
  async begin(tx: Tx, invoices: readonly Collectable[]): Promise<string[]> {
    const due = invoices.filter((invoice) => invoice.dueMinor > 0n);
    if (due.length === 0) return [];
    const accountIds = [...new Set(due.map((invoice) => invoice.accountId))];
    const methods = await methodsOf(tx, accountIds);
    if (methods.size === 0) return [];
    const profiles = await this.accounts.profiles(tx, [...methods.keys()]);
    const ids: string[] = [];
    for (const invoice of due) {
      const method = methods.get(invoice.accountId);
      if (
        !method ||
        profiles.get(invoice.accountId)?.provider !== method.provider ||
        !this.providers.named(method.provider).capabilities.collects
      )
        continue;
      const id = await this.payment(tx, invoice, method);
      if (id !== undefined) ids.push(id);
    }
    for (const id of ids) await this.jobs.add(tx, COLLECT, { paymentId: id }, { key: id });
    return ids;
  }

  /** Everything that an account owes, with the payment method that it has now. */
  async retryUnpaid(tx: Tx, accountId: string): Promise<string[]> {
    const unpaid = await this.invoices.unpaid(tx, accountId);
    return this.begin(
      tx,
      unpaid.map(({ dueMinor, paidMinor, ...invoice }) => ({ ...invoice, dueMinor: dueMinor - paidMinor })),
    );
  }

  /** One invoice, because somebody asks. @throws Refusal `nothing_due`, `no_payment_method` */
  async payNow(tx: Tx, accountId: string, invoiceId: string): Promise<string> {
    const { dueMinor, paidMinor, currency, number } = await this.invoices.settlement(tx, accountId, invoiceId);
    if (dueMinor === paidMinor) throw new Refusal('conflict', 'nothing_due', `Nothing is left to pay on ${number}.`);
    const [pending] = await tx.query<{ id: string }[]>(
      `select id from payment where account_id = $1 and invoice_id = $2 and state = 'pending'`,
      [accountId, invoiceId],
    );
    if (pending) return pending.id;
    const [id] = await this.begin(tx, [{ accountId, invoiceId, currency, dueMinor: dueMinor - paidMinor }]);
    if (id === undefined)
      throw new Refusal(
        'conflict',
        'no_payment_method',
        'The account has no payment method that its provider can charge: add one, or record what came in by hand.',
      );
    return id;
  }

  /** Asks for every outcome that is not known; never charges what may have been charged. */
  async resolveOpen(): Promise<void> {
    const before = formatInstant(this.clock.now() - PATIENCE);
    const open = await this.database.query<{ paymentId: string }>({
      name: 'open_attempts',
      text: `select payment_id as "paymentId" from payment_attempt where state in ('created', 'pending', 'unknown') and created_at <= $1 order by created_at limit 500`,
      values: [before],
    });
    for (const { paymentId } of open) await this.collect.run(paymentId);
    await this.refunds.resolveOpen(before);
  }

  private async payment(
    tx: Tx,
    { accountId, invoiceId, currency, dueMinor }: Collectable,
    method: PaymentMethod,
  ): Promise<string | undefined> {
    const now = this.clock.now();
    const [made] = await tx.query<{ id: string }[]>(
      `insert into payment (account_id, id, invoice_id, provider, state, amount_minor, currency, method, created_at)
       values ($1, $2, $3, $4, 'pending', $5, $6, $7, $8) on conflict (account_id, invoice_id) where state = 'pending' do nothing returning id`,
      [
        accountId,
        newId('pay', now, accountId),
        invoiceId,
        method.provider,
        dueMinor.toString(),
        currency,
        method.label,
        formatInstant(now),
      ],
    );
    return made?.id;
  }
}
