import { Injectable } from '@nestjs/common';
import { SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant } from '../domain/instant.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import type { Outcome } from '../providers/port.js';
import { BookPayment } from './book-payment.js';
import { OpenCases } from './dunning/open-cases.js';
import { lockPayment } from './lock-payment.js';
import { PastDue } from './past-due.js';
import { type Attempt, attemptByNumber, type AttemptState, isOpen, type Payment, paymentById } from './payment-records.js';

const STATE_OF: Readonly<Record<Outcome['kind'], AttemptState>> = {
  succeeded: 'succeeded',
  processing: 'pending',
  requires_action: 'requires_action',
  declined: 'declined',
  not_attempted: 'not_attempted',
  unknown: 'unknown',
};

const CONSENT = 'The bank asks the customer to confirm the payment.';

interface News {
  readonly attempt: Attempt;
  readonly state: AttemptState;
  readonly reason: string | null;
  readonly reference: string | null;
}

/** Notes what became of an attempt. A state that is final stays, whoever says otherwise later; but money that came in is always counted. */
@Injectable()
export class ResolveAttempt {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly invoices: InvoicesService,
    private readonly booking: BookPayment,
    private readonly pastDue: PastDue,
    private readonly dunning: OpenCases,
  ) {}

  /** `goesOn`: the payment stays pending for another attempt where this one came to nothing. @throws Refusal `payment_not_found` */
  async run(
    tx: Tx,
    { paymentId, n, provider }: Pick<Attempt, 'paymentId' | 'n' | 'provider'>,
    outcome: Outcome,
    { goesOn = false } = {},
  ): Promise<void> {
    const { payment } = await lockPayment(tx, this.invoices, paymentId);
    const attempt = await attemptByNumber(tx, payment, n);
    if (attempt?.provider !== provider) return; // another provider's, which knows nothing of it
    const state = STATE_OF[outcome.kind];
    if (state === attempt.state || (state === 'unknown' && attempt.state !== 'created')) return; // nothing new
    if (!isOpen(attempt.state) && state !== 'succeeded') return;
    const news = {
      attempt,
      state,
      reason: state === 'requires_action' ? CONSENT : 'reason' in outcome ? outcome.reason : null,
      reference: 'reference' in outcome ? outcome.reference : null,
    };
    await this.note(tx, news, 'decline' in outcome ? outcome.decline : null);
    if (!isOpen(attempt.state)) await this.late(tx, payment, news);
    else if (isOpen(state)) await this.wait(tx, payment, news);
    else if (state !== 'succeeded' && goesOn) await this.record(tx, payment, 'payment.attempt_ended', news);
    else await this.close(tx, payment, news);
  }

  private async note(tx: Tx, { attempt, state, reason, reference }: News, decline: string | null): Promise<void> {
    await tx.query(
      `update payment_attempt set state = $4, decline = $5, reason = $6, reference = coalesce($7, reference), resolved_at = $8::timestamptz
       where account_id = $1 and payment_id = $2 and n = $3`,
      [
        attempt.accountId,
        attempt.paymentId,
        attempt.n,
        state,
        decline,
        reason,
        reference,
        isOpen(state) ? null : formatInstant(this.clock.now()),
      ],
    );
  }

  /** The outcome is still to come: the payment stays pending, and says what it waits for. */
  private async wait(tx: Tx, payment: Payment, news: News): Promise<void> {
    const { accountId, id } = payment;
    const waitsForCustomer = news.state === 'requires_action';
    await tx.query('update payment set reason = $3 where account_id = $1 and id = $2', [accountId, id, waitsForCustomer ? CONSENT : null]);
    await this.record(tx, payment, `payment.${news.state}`, news);
    if (!waitsForCustomer) return;
    await this.pastDue.paymentFailed(tx, accountId);
    await this.dunning.attemptFailed(tx, news.attempt, 'requires_action');
  }

  private async close(tx: Tx, payment: Payment, news: News): Promise<void> {
    const succeeded = news.state === 'succeeded';
    await tx.query('update payment set state = $3, reason = $4, reference = $5, settled_at = $6 where account_id = $1 and id = $2', [
      payment.accountId,
      payment.id,
      succeeded ? 'succeeded' : 'failed',
      news.reason,
      news.reference,
      formatInstant(this.clock.now()),
    ]);
    if (succeeded) return this.count(tx, payment, news);
    await this.record(tx, payment, 'payment.failed', news);
    await this.pastDue.paymentFailed(tx, payment.accountId);
    await this.dunning.attemptFailed(tx, news.attempt, news.state === 'declined' ? 'declined' : 'not_attempted');
  }

  /** The charge went through after its attempt had been given up or declined: a payment of its own, beside what has become of the first. */
  private async late(tx: Tx, payment: Payment, news: News): Promise<void> {
    const beside = await this.beside(tx, payment, news.reference);
    await this.count(tx, { ...beside, carried: payment.carried }, news);
  }

  /** A payment that has come in, as another one has. */
  private async beside(tx: Tx, payment: Payment, reference: string | null): Promise<Payment> {
    const now = this.clock.now();
    const id = newId('pay', now, payment.accountId);
    await tx.query(
      `insert into payment (account_id, id, invoice_id, provider, state, amount_minor, currency, method, reference, created_at, settled_at)
       values ($1, $2, $3, $4, 'succeeded', $5, $6, $7, $8, $9, $9)`,
      [
        payment.accountId,
        id,
        payment.invoiceId,
        payment.provider,
        payment.amountMinor.toString(),
        payment.currency,
        payment.method,
        reference,
        formatInstant(now),
      ],
    );
    return paymentById(tx, id);
  }

  private async count(tx: Tx, payment: Payment, news: News): Promise<void> {
    const surplus = formatMoney(await this.booking.run(tx, payment), payment.currency);
    await this.record(tx, payment, 'payment.succeeded', news, { surplus });
    for (const { invoiceId, amountMinor } of payment.carried)
      await this.count(tx, await this.beside(tx, { ...payment, invoiceId, amountMinor: BigInt(amountMinor) }, news.reference), news);
  }

  private record(tx: Tx, payment: Payment, action: string, { attempt, state, reason }: News, more: object = {}): Promise<void> {
    return this.audit.record(tx, {
      actor: SYSTEM,
      action,
      accountId: payment.accountId,
      subjectType: 'payment',
      subjectId: payment.id,
      before: { state: attempt.state },
      after: { invoiceId: payment.invoiceId, attempt: `${attempt.paymentId}:${String(attempt.n)}`, state, ...more },
      ...(reason === null ? {} : { reason }),
    });
  }
}
