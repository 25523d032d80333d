import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { newId } from '../common/ids.js';
import { smaller } from '../domain/bounds.js';
import { formatMoney, parseMoney } from '../domain/currency.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { InvoiceMoney, type Refundable } from './invoice-money.js';
import { lockPayment } from './lock-payment.js';
import type { Payment } from './payment-records.js';

/** Why money is given back. */
interface Cause {
  readonly actor: Actor;
  readonly reason: string;
  /** The credit note that is settled by it, where there is one. */
  readonly creditNoteId: string | null;
}

/** Notes refunds before any provider is asked for them: never more than was paid, and than credit notes have not given back otherwise. */
@Injectable()
export class RequestRefunds {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly invoices: InvoicesService,
    private readonly money: InvoiceMoney,
  ) {}

  /** Of one payment. Answers the refund's id. @throws Refusal `payment_not_found`, `payment_not_succeeded`, `refund_too_large`, `invalid_money` */
  async ofPayment(tx: Tx, { actor }: Call, paymentId: string, { amount, reason }: { amount?: string; reason: string }): Promise<string> {
    const { payment } = await lockPayment(tx, this.invoices, paymentId);
    if (payment.state !== 'succeeded')
      throw new Refusal('conflict', 'payment_not_succeeded', 'Only a payment that succeeded can be refunded.');
    const left = await this.leftOf(tx, payment);
    const amountMinor = amount === undefined ? left : parseMoney(amount, payment.currency);
    if (amountMinor <= 0n || amountMinor > left)
      throw new Refusal(
        'conflict',
        'refund_too_large',
        `${formatMoney(left, payment.currency)} ${payment.currency} of the payment can be refunded.`,
      );
    return this.note(tx, payment, amountMinor, { actor, reason, creditNoteId: null });
  }

  /** Of several payments, the first ones before the others, which hold enough. Answers the refunds' ids. */
  async ofPayments(tx: Tx, payments: readonly Refundable[], amountMinor: bigint, cause: Cause): Promise<string[]> {
    const ids: string[] = [];
    let left = amountMinor;
    for (const { payment, leftMinor } of payments) {
      const part = smaller(left, leftMinor);
      left -= part;
      if (part > 0n) ids.push(await this.note(tx, payment, part, cause));
    }
    if (left > 0n) throw new RangeError(`${left.toString()} is left to be refunded, and no payment`);
    return ids;
  }

  private async leftOf(tx: Tx, { accountId, id, invoiceId }: Payment): Promise<bigint> {
    const settlement = await this.invoices.settlement(tx, accountId, invoiceId);
    const money = await this.money.of(tx, settlement);
    const leftMinor = money.payments.find(({ payment }) => payment.id === id)?.leftMinor ?? 0n;
    const left = smaller(leftMinor, (await this.invoices.keptMinor(tx, settlement, money)) + money.surplusMinor);
    return left > 0n ? left : 0n;
  }

  private async note(tx: Tx, payment: Payment, amountMinor: bigint, { actor, reason, creditNoteId }: Cause): Promise<string> {
    const { accountId, id: paymentId, currency } = payment;
    const now = this.clock.now();
    const id = newId('ref', now, accountId);
    await tx.query(
      `insert into refund (account_id, id, payment_id, state, amount_minor, currency, reason, credit_note_id, created_at)
       values ($1, $2, $3, 'pending', $4, $5, $6, $7, $8)`,
      [accountId, id, paymentId, amountMinor.toString(), currency, reason, creditNoteId, formatInstant(now)],
    );
    await this.audit.record(tx, {
      actor,
      action: 'refund.requested',
      accountId,
      subjectType: 'refund',
      subjectId: id,
      after: { paymentId, amountMinor, creditNoteId },
      reason,
    });
    return id;
  }
}
