import { Injectable } from '@nestjs/common';
import { SYSTEM } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { formatInstant } from '../domain/instant.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { BeginPayments } from './begin-payments.js';
import { CurrentMethods } from './current-methods.js';
import { lockPayment } from './lock-payment.js';
import { type Attempt, isReplaced, METHOD_COLUMNS, openAttempt, type Payment, type PaymentMethod, SUPERSEDED } from './payment-records.js';

export interface Begun {
  readonly payment: Payment;
  readonly attempt: Attempt;
  readonly method: PaymentMethod;
  /** Whether the provider may have been called for it before. */
  readonly mayHaveBeenSent: boolean;
  /** Whether it waits for the customer's consent, who has given another payment method since. */
  readonly replaced: boolean;
}

/** The attempt by which a pending payment is collected next. It is committed before the provider is called. */
@Injectable()
export class BeginAttempt {
  constructor(
    private readonly clock: Clock,
    private readonly invoices: InvoicesService,
    private readonly methods: CurrentMethods,
    private readonly payments: BeginPayments,
  ) {}

  /**
   * The open attempt of a payment, or a new one. A new one takes exactly what is left to pay, by the payment method that the account has now:
   * where the payment was begun for another amount or provider it is closed, and one for the rest is begun in its place.
   */
  async run(tx: Tx, paymentId: string): Promise<Begun | undefined> {
    const { payment, isDue } = await lockPayment(tx, this.invoices, paymentId);
    if (payment.state !== 'pending') return undefined;
    const current = (await this.methods.of(tx, [payment.accountId])).get(payment.accountId);
    const open = await openAttempt(tx, payment);
    if (open)
      return { payment, attempt: open, method: await methodOf(tx, open), mayHaveBeenSent: true, replaced: isReplaced(open, current) };
    if (!isDue || current?.provider !== payment.provider) {
      await this.payments.close(tx, SYSTEM, payment, SUPERSEDED);
      await this.payments.begin(tx, { actor: SYSTEM, reason: `It takes the place of ${payment.id}.` }, [payment]);
      return undefined;
    }
    const attempt = await this.create(tx, payment, current);
    return { payment, attempt, method: current, mayHaveBeenSent: false, replaced: false };
  }

  /** The open attempt of a payment, if there is one. */
  async open(tx: Tx, paymentId: string): Promise<Attempt | undefined> {
    const { payment } = await lockPayment(tx, this.invoices, paymentId);
    return openAttempt(tx, payment);
  }

  private async create(tx: Tx, { accountId, id: paymentId, invoiceId }: Payment, method: PaymentMethod): Promise<Attempt> {
    const createdAt = this.clock.now();
    const [made] = await tx.query<{ n: number }[]>(
      `insert into payment_attempt (account_id, payment_id, n, invoice_id, method_id, state, created_at)
       select $1, $2, coalesce(max(n), 0) + 1, $3, $4, 'created', $5 from payment_attempt where account_id = $1 and payment_id = $2 returning n`,
      [accountId, paymentId, invoiceId, method.id, formatInstant(createdAt)],
    );
    if (!made) throw new RangeError('an attempt was not stored');
    await tx.query('update payment set method = $3, reason = null where account_id = $1 and id = $2', [accountId, paymentId, method.label]);
    const { id: methodId, provider, customer } = method;
    return { accountId, paymentId, n: made.n, invoiceId, methodId, provider, customer, state: 'created', createdAt };
  }
}

async function methodOf(tx: Tx, { accountId, methodId }: Attempt): Promise<PaymentMethod> {
  const [method] = await tx.query<PaymentMethod[]>(`select ${METHOD_COLUMNS} from payment_method where account_id = $1 and id = $2`, [
    accountId,
    methodId,
  ]);
  if (!method) throw new RangeError(`payment method ${methodId} is gone`);
  return method;
}
