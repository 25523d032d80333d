import { Injectable } from '@nestjs/common';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { accountIdOf, newId } from '../common/ids.js';
import { parseMoney } from '../domain/currency.js';
import { formatInstant, HOUR, type Instant, parseInstant } from '../domain/instant.js';
import { Refusal, refuseAll } from '../domain/refusal.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { BeginPayments } from './begin-payments.js';
import { BookPayment } from './book-payment.js';
import { refuseTried } from './lock-invoice.js';
import { paymentById, pendingPayment, SUPERSEDED } from './payment-records.js';
import type { RecordPaymentDto } from './payments.dto.js';

/** How far ahead of UTC a day begins first. */
const FIRST_ZONE_AHEAD = 14n * HOUR;

/** A wire or cheque that came in. */
@Injectable()
export class RecordPayment {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly invoices: InvoicesService,
    private readonly payments: BeginPayments,
    private readonly booking: BookPayment,
  ) {}

  /**
   * Answers the payment's id. A payment that is pending and was not tried yet gives way, and what is left is collected anew.
   * @throws Refusal `invoice_not_found`, `overpayment`, `invalid_money`, `payment_in_progress`
   */
  async run(tx: Tx, { actor }: Call, { invoice, amount, method, reference, receivedOn }: RecordPaymentDto): Promise<string> {
    const { id: invoiceId, currency, number } = await this.invoices.row(tx, invoice);
    const accountId = accountIdOf(invoiceId) ?? '';
    const amountMinor = parseMoney(amount, currency);
    if (amountMinor <= 0n) throw new Refusal('invalid', 'invalid_money', 'Record an amount above zero.');
    const now = this.clock.now();
    refuseDayAhead(receivedOn, now);
    const { leftMinor } = await this.invoices.settlement(tx, accountId, invoiceId);
    const pending = await pendingPayment(tx, accountId, invoiceId);
    if (pending) await refuseTried(tx, pending);
    if (amountMinor > leftMinor)
      throw new Refusal('conflict', 'overpayment', `More than is due on ${number}: record the amount that is left.`);
    if (pending) await this.payments.close(tx, actor, pending, SUPERSEDED);
    const id = newId('pay', now, accountId);
    await tx.query(
      `insert into payment (account_id, id, invoice_id, provider, state, amount_minor, currency, method, reference, received_on, created_at, settled_at)
       values ($1, $2, $3, 'manual', 'succeeded', $4, $5, $6, $7, $8, $9, $9)`,
      [accountId, id, invoiceId, amountMinor.toString(), currency, method, reference ?? null, receivedOn ?? null, formatInstant(now)],
    );
    await this.booking.run(tx, await paymentById(tx, id));
    await this.audit.record(tx, {
      actor,
      action: 'payment.recorded',
      accountId,
      subjectType: 'payment',
      subjectId: id,
      after: { invoiceId, amount, currency, method },
    });
    if (pending) await this.payments.begin(tx, { actor, reason: `It takes the place of ${pending.id}.` }, [pending]);
    return id;
  }
}

/** No day that has begun nowhere on earth. @throws Refusal `invalid_request` */
function refuseDayAhead(receivedOn: string | undefined, now: Instant): void {
  if (receivedOn !== undefined && parseInstant(`${receivedOn}T00:00:00Z`) > now + FIRST_ZONE_AHEAD)
    refuseAll([{ pointer: '/receivedOn', code: 'day_ahead', detail: 'Must be a day that has begun: record money when it has come in.' }]);
}
