import { Injectable } from '@nestjs/common';
import { SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { formatInstant } from '../domain/instant.js';
import { paymentEntry } from '../domain/ledger.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { LedgerService } from '../ledger/ledger.service.js';
import type { Outcome } from '../providers/port.js';
import { Providers } from '../providers/providers.js';
import { PastDue } from './past-due.js';
import {
  type Attempt,
  attemptKey,
  type AttemptState,
  METHOD_COLUMNS,
  openAttempt,
  type Payment,
  paymentById,
  type PaymentMethod,
} from './payment-records.js';

interface Begun {
  readonly payment: Payment;
  readonly attempt: Attempt;
  readonly method: PaymentMethod;
  /** Whether the provider may have been called for it before. */
  readonly mayHaveBeenSent: boolean;
}

const STATE_OF: Readonly<Record<Outcome['kind'], AttemptState>> = {
  succeeded: 'succeeded',
  processing: 'pending',
  requires_action: 'requires_action',
  declined: 'declined',
  not_attempted: 'not_attempted',
  unknown: 'unknown',
};

/**
 * Collects a payment. The attempt is committed before the provider is called; its key is the same however often it is repeated. Whoever finds an
 * attempt without an outcome asks the provider what became of it. So a process may be killed at any point, and any number may try at once:
 * the money moves once.
 */
@Injectable()
export class Collect {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly providers: Providers,
    private readonly invoices: InvoicesService,
    private readonly ledger: LedgerService,
    private readonly audit: Audit,
    private readonly pastDue: PastDue,
  ) {}

  async run(paymentId: string): Promise<void> {
    const begun = await this.database.transaction((tx) => this.begin(tx, paymentId));
    if (!begun) return;
    const outcome = await this.outcomeOf(begun);
    await this.database.transaction((tx) => this.resolve(tx, begun.attempt, outcome));
  }

  /** Notes what became of an attempt; a state that is final stays. */
  async resolve(tx: Tx, attempt: Pick<Attempt, 'paymentId' | 'n'>, outcome: Outcome): Promise<void> {
    const payment = await paymentById(tx, attempt.paymentId, { locked: true });
    const open = await openAttempt(tx, payment);
    if (open?.n !== attempt.n) return;
    const now = formatInstant(this.clock.now());
    const state = STATE_OF[outcome.kind];
    const reason = 'reason' in outcome ? outcome.reason : null;
    const reference = 'reference' in outcome ? outcome.reference : null;
    await tx.query(
      `update payment_attempt set state = $4, decline = $5, reason = $6, reference = $7, resolved_at = case when $4 in ('pending', 'unknown') then null else $8::timestamptz end
       where account_id = $1 and payment_id = $2 and n = $3`,
      [payment.accountId, payment.id, attempt.n, state, 'decline' in outcome ? outcome.decline : null, reason, reference, now],
    );
    if (state === 'pending' || state === 'unknown') return;
    const succeeded = state === 'succeeded';
    await tx.query('update payment set state = $3, reason = $4, reference = $5, settled_at = $6 where account_id = $1 and id = $2', [
      payment.accountId,
      payment.id,
      succeeded ? 'succeeded' : 'failed',
      state === 'requires_action' ? 'The bank asks the customer to confirm the payment.' : reason,
      reference,
      now,
    ]);
    await this.audit.record(tx, {
      actor: SYSTEM,
      action: succeeded ? 'payment.succeeded' : 'payment.failed',
      accountId: payment.accountId,
      subjectType: 'payment',
      subjectId: payment.id,
      after: { invoiceId: payment.invoiceId, attempt: attempt.n, state },
      ...(reason === null ? {} : { reason }),
    });
    if (succeeded) await this.book(tx, payment);
    else await this.pastDue.paymentFailed(tx, payment.accountId);
  }

  /** Counts a payment that succeeded: the invoice is settled, the ledger knows. */
  async book(tx: Tx, { accountId, id, invoiceId, amountMinor, currency }: Payment): Promise<void> {
    const at = this.clock.now();
    await this.invoices.recordPayment(tx, { accountId, invoiceId, amountMinor, at });
    await this.ledger.post(tx, [{ accountId, at, causeKind: 'payment', causeId: id, entry: paymentEntry(amountMinor, currency) }]);
    await this.pastDue.paymentCame(tx, accountId);
  }

  private async begin(tx: Tx, paymentId: string): Promise<Begun | undefined> {
    const payment = await paymentById(tx, paymentId, { locked: true });
    if (payment.state !== 'pending') return undefined;
    const open = await openAttempt(tx, payment);
    const attempt = open ?? (await this.newAttempt(tx, payment));
    const [method] = await tx.query<PaymentMethod[]>(`select ${METHOD_COLUMNS} from payment_method where account_id = $1 and id = $2`, [
      payment.accountId,
      attempt.methodId,
    ]);
    if (!method) throw new RangeError(`payment method ${attempt.methodId} is gone`);
    return { payment, attempt, method, mayHaveBeenSent: open !== undefined };
  }

  private async newAttempt(tx: Tx, payment: Payment): Promise<Attempt> {
    const [attempt] = await tx.query<Attempt[]>(
      `insert into payment_attempt (account_id, payment_id, n, invoice_id, method_id, state, created_at)
       select $1, $2, coalesce(max(a.n), 0) + 1, $3, (select m.id from payment_method m where m.account_id = $1 order by m.created_at desc, m.id desc limit 1), 'created', $4
       from payment_attempt a where a.account_id = $1 and a.payment_id = $2
       returning account_id as "accountId", payment_id as "paymentId", n, invoice_id as "invoiceId", method_id as "methodId", state`,
      [payment.accountId, payment.id, payment.invoiceId, formatInstant(this.clock.now())],
    );
    if (!attempt) throw new RangeError('an attempt was not stored');
    return attempt;
  }

  /** A key that the provider never saw may be sent again: it is the same attempt. Any other is not sent, but looked up. */
  private async outcomeOf({ payment, attempt, method, mayHaveBeenSent }: Begun): Promise<Outcome> {
    const provider = this.providers.named(payment.provider);
    const key = attemptKey(attempt);
    if (mayHaveBeenSent) {
      const known = await provider.lookUp(key);
      if (known.kind !== 'not_attempted') return known;
    }
    const { amountMinor, currency } = payment;
    return provider.charge({
      key,
      customer: method.customer,
      method: method.reference,
      amountMinor,
      currency,
      description: payment.invoiceId,
    });
  }
}
