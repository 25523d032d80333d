import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import type { CreditMoney } from '../invoices/credit-notes/issue-credit-notes.js';
import { type Payment, PAYMENT_COLUMNS } from './payment-records.js';
import { type Refund, REFUND_COLUMNS } from './refund-records.js';

/** A payment, and what of it was not refunded, nor is about to be. */
export interface Refundable {
  readonly payment: Payment;
  readonly leftMinor: bigint;
}

/** What came in for an invoice and went back. */
export interface MoneyOfInvoice extends CreditMoney {
  /** Payments that succeeded, newest first. */
  readonly payments: readonly Refundable[];
  /** What of them stands, or stood, on the balance because it was more than was due, and was not refunded. */
  readonly surplusMinor: bigint;
}

/** The caller has locked the settlement: no payment of the invoice begins, ends or is refunded meanwhile. */
@Injectable()
export class InvoiceMoney {
  constructor(private readonly invoices: InvoicesService) {}

  async of(tx: Tx, { accountId, invoiceId }: { readonly accountId: string; readonly invoiceId: string }): Promise<MoneyOfInvoice> {
    const payments = await tx.query<Payment[]>(
      `select ${PAYMENT_COLUMNS} from payment where account_id = $1 and invoice_id = $2 and state = 'succeeded' order by created_at desc, id desc`,
      [accountId, invoiceId],
    );
    const paymentIds = payments.map(({ id }) => id);
    const refunds = await tx.query<Refund[]>(
      `select ${REFUND_COLUMNS} from refund where account_id = $1 and payment_id = any($2::text[]) and state <> 'failed'`,
      [accountId, paymentIds],
    );
    const plain = refunds.filter(({ creditNoteId }) => creditNoteId === null);
    const { putMinor, takenMinor } = await this.invoices.surplusOf(tx, accountId, { paymentIds, refundIds: plain.map(({ id }) => id) });
    const refundable = payments.map((payment): Refundable => ({
      payment,
      leftMinor: payment.amountMinor - sumOf(refunds.filter(({ paymentId }) => paymentId === payment.id)),
    }));
    return {
      payments: refundable,
      refundableMinor: refundable.reduce((total, { leftMinor }) => total + leftMinor, 0n),
      refundedMinor: sumOf(plain) - takenMinor,
      refundedForSureMinor: sumOf(plain.filter(({ state }) => state === 'succeeded')) - takenMinor,
      surplusMinor: putMinor - takenMinor,
    };
  }
}

const sumOf = (refunds: readonly Refund[]): bigint => refunds.reduce((total, { amountMinor }) => total + amountMinor, 0n);
