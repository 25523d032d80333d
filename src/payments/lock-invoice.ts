import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { Tx } from '../common/database/database.js';
import { Refusal } from '../domain/refusal.js';
import type { ClosingInvoice } from '../invoices/close-invoices.js';
import { CreditNotesService } from '../invoices/credit-notes/credit-notes.service.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { BeginPayments } from './begin-payments.js';
import { PastDue } from './past-due.js';
import { openAttempt, type Payment, pendingPayment, SUPERSEDED } from './payment-records.js';

/** An invoice that nobody else touches until the transaction ends, and the payment that gave way. */
export interface LockedInvoice extends ClosingInvoice {
  readonly gaveWay: Payment | undefined;
}

/** What is done to an invoice that was finalized begins and ends here: its payments, its account and its billing wait meanwhile. */
@Injectable()
export class LockInvoice {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly notes: CreditNotesService,
    private readonly payments: BeginPayments,
    private readonly pastDue: PastDue,
  ) {}

  /** A payment that is pending and was not tried yet gives way. @throws Refusal `invoice_not_found`, `credit_note_final`, `payment_in_progress` */
  async take(tx: Tx, actor: Actor, idOrNumber: string): Promise<LockedInvoice> {
    await this.notes.refuseAsInvoice(tx, idOrNumber);
    const { accountId, id } = await this.invoices.row(tx, idOrNumber);
    const settlement = await this.invoices.settlement(tx, accountId, id);
    const gaveWay = await pendingPayment(tx, accountId, id);
    if (gaveWay) {
      await refuseTried(tx, gaveWay);
      await this.payments.close(tx, actor, gaveWay, SUPERSEDED);
    }
    await this.invoices.holdBilling(tx, accountId);
    return { invoice: await this.invoices.row(tx, id), settlement, gaveWay };
  }

  /** What is still asked for is collected anew; who owes nothing any more is no longer past due. */
  async release(tx: Tx, actor: Actor, { settlement: { accountId, invoiceId }, gaveWay }: LockedInvoice): Promise<void> {
    const { openMinor, currency } = await this.invoices.settlement(tx, accountId, invoiceId);
    if (gaveWay && openMinor > 0n)
      await this.payments.begin(tx, { actor, reason: `It takes the place of ${gaveWay.id}.` }, [{ accountId, invoiceId, currency }]);
    await this.pastDue.lessIsOwed(tx, accountId);
  }
}

/** @throws Refusal `payment_in_progress` */
export async function refuseTried(tx: Tx, pending: Payment): Promise<void> {
  if (await openAttempt(tx, pending))
    throw new Refusal(
      'conflict',
      'payment_in_progress',
      `The provider is collecting this invoice: wait for the outcome of ${pending.id}, or give it up first with POST /v2/payments/${pending.id}/cancel.`,
    );
}
