import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Actor, SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { Hooks } from '../common/hooks.js';
import { newId } from '../common/ids.js';
import { Jobs } from '../common/jobs/jobs.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant } from '../domain/instant.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { invoicesFinalized } from '../invoices/issue-invoices.js';
import { ChargesToMake, type Collectable } from './charges-to-make.js';
import type { CANCELED, Payment, SUPERSEDED } from './payment-records.js';

/** The task that collects one payment. */
export const COLLECT = 'payments.collect';

/** Who wants payments to be begun, and why. */
export interface Asked {
  readonly actor: Actor;
  readonly reason: string;
}

const INSERT = `
  insert into payment (account_id, id, invoice_id, provider, state, amount_minor, carried, currency, method, created_at)
  select account_id, id, invoice_id, provider, 'pending', amount_minor, carried, currency, method, $2
  from jsonb_to_recordset($1::jsonb) as p(account_id uuid, id text, invoice_id text, provider text, amount_minor bigint, carried jsonb, currency text, method text)
  on conflict (account_id, invoice_id) where state = 'pending' do nothing returning id`;

/** Begins payments: an invoice is finalized, a payment method is added, somebody asks. Charging is left to a job of each. */
@Injectable()
export class BeginPayments implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly hooks: Hooks,
    private readonly jobs: Jobs,
    private readonly audit: Audit,
    private readonly invoices: InvoicesService,
    private readonly charges: ChargesToMake,
  ) {}

  onModuleInit(): void {
    this.hooks.on(invoicesFinalized, async (tx, { invoices }) => {
      const due = invoices.filter(({ dueMinor }) => dueMinor > 0n);
      await this.begin(tx, { actor: SYSTEM, reason: 'The invoice was finalized.' }, due);
    });
  }

  /**
   * Makes a payment of what is left to pay for each invoice that its account's provider can collect, and that has no payment which is pending.
   * What is less than the provider charges waits for the next invoice. Answers their ids.
   */
  async begin(tx: Tx, { actor, reason }: Asked, invoices: readonly Collectable[]): Promise<string[]> {
    if (invoices.length === 0) return [];
    const now = this.clock.now();
    const wanted = (await this.charges.of(tx, invoices)).map((charge) => ({ ...charge, id: newId('pay', now, charge.accountId) }));
    if (wanted.length === 0) return [];
    const rows = wanted.map(({ accountId, id, invoiceId, method, leftMinor, carried, currency }) => ({
      account_id: accountId,
      id,
      invoice_id: invoiceId,
      provider: method.provider,
      amount_minor: leftMinor.toString(),
      carried: carried.map((one) => ({ invoiceId: one.invoiceId, amountMinor: one.leftMinor.toString() })),
      currency,
      method: method.label,
    }));
    const made = new Set((await tx.query<{ id: string }[]>(INSERT, [JSON.stringify(rows), formatInstant(now)])).map(({ id }) => id));
    const begun = wanted.filter(({ id }) => made.has(id));
    await this.audit.recordMany(
      tx,
      begun.map(({ accountId, id, invoiceId, method, leftMinor, carried, currency }) => ({
        actor,
        action: 'payment.begun',
        accountId,
        subjectType: 'payment',
        subjectId: id,
        after: {
          invoiceId,
          amount: formatMoney(leftMinor, currency),
          currency,
          provider: method.provider,
          methodId: method.id,
          carried: carried.map((one) => one.invoiceId),
        },
        reason,
      })),
    );
    for (const { id } of begun) await this.jobs.add(tx, COLLECT, { paymentId: id }, { key: id });
    return begun.map(({ id }) => id);
  }

  /** Everything that an account owes, with the payment method that it has now; what is pending goes on with it. */
  async retryUnpaid(tx: Tx, asked: Asked, accountId: string): Promise<void> {
    const pending = await tx.query<{ id: string }[]>(`select id from payment where account_id = $1 and state = 'pending'`, [accountId]);
    for (const { id } of pending) await this.jobs.add(tx, COLLECT, { paymentId: id }, { key: id });
    await this.begin(tx, asked, await this.invoices.unpaid(tx, accountId));
  }

  /** Closes a pending payment that has no open attempt. The caller has locked it. */
  async close(tx: Tx, actor: Actor, { accountId, id, invoiceId }: Payment, reason: typeof SUPERSEDED | typeof CANCELED): Promise<void> {
    await tx.query(`update payment set state = 'failed', reason = $3, settled_at = $4 where account_id = $1 and id = $2`, [
      accountId,
      id,
      reason,
      formatInstant(this.clock.now()),
    ]);
    await this.audit.record(tx, {
      actor,
      action: `payment.${reason}`,
      accountId,
      subjectType: 'payment',
      subjectId: id,
      before: { state: 'pending' },
      after: { invoiceId, state: 'failed' },
    });
  }
}
