import { Injectable } from '@nestjs/common';
import { Audit } from '../common/audit/audit.service.js';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { BeginPayments } from './begin-payments.js';
import { lockPayment } from './lock-payment.js';
import { CANCELED, openAttempt } from './payment-records.js';

/** Gives up a payment that is pending, on purpose. */
@Injectable()
export class CancelPayment {
  constructor(
    private readonly audit: Audit,
    private readonly invoices: InvoicesService,
    private readonly payments: BeginPayments,
  ) {}

  /** Notes the wish, and closes a payment without an attempt at once; an open attempt is left to its provider. @throws Refusal `payment_not_found` */
  async request(tx: Tx, { actor }: Call, id: string): Promise<void> {
    const { payment } = await lockPayment(tx, this.invoices, id);
    if (payment.state !== 'pending') return;
    const { accountId, invoiceId } = payment;
    await this.audit.record(tx, {
      actor,
      action: 'payment.cancel_requested',
      accountId,
      subjectType: 'payment',
      subjectId: id,
      after: { invoiceId },
    });
    if (!(await openAttempt(tx, payment))) await this.payments.close(tx, actor, payment, CANCELED);
  }
}
