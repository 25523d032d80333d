import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { newestFirstKey } from '../common/database/newest-first.js';
import type { Call } from '../common/http/call.js';
import { type Page, page } from '../common/http/page.js';
import { accountIdFor, accountIdOf, newId } from '../common/ids.js';
import { formatMoney, parseMoney } from '../domain/currency.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { Collect } from './collect.js';
import { type Payment, PAYMENT_COLUMNS, paymentById } from './payment-records.js';
import type { PaymentsQuery, PaymentView, RecordPaymentDto, RefundView } from './payments.dto.js';
import { type Refund, Refunds } from './refunds.js';

@Injectable()
export class PaymentsService {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly refunds: Refunds,
    private readonly collect: Collect,
  ) {}

  /** @throws Refusal `payment_not_found` */
  async one(tx: Tx, id: string): Promise<PaymentView> {
    const [view] = await this.views(tx, [await paymentById(tx, id)]);
    if (!view) throw new RangeError('a payment without a view');
    return view;
  }

  /** Newest first. */
  async list(tx: Tx, { account, invoice, state, cursor, limit }: PaymentsQuery): Promise<Page<PaymentView>> {
    const after = newestFirstKey(cursor);
    const rows = await tx.query<Payment[]>(
      `select ${PAYMENT_COLUMNS} from payment
       where ($1::uuid is null or account_id = $1) and ($2::text is null or invoice_id = $2) and ($3::text is null or state = $3)
         and ($4::timestamptz is null or (created_at, id) < ($4, $5))
       order by created_at desc, id desc limit $6`,
      [
        account === undefined ? null : accountIdFor(account),
        invoice ?? null,
        state ?? null,
        after?.createdAt ?? null,
        after?.key ?? null,
        limit + 1,
      ],
    );
    const { data, nextCursor } = page(rows, limit, (row) => [formatInstant(row.createdAt), row.id]);
    return { data: await this.views(tx, data), nextCursor };
  }

  /** A wire or cheque that came in. @throws Refusal `invoice_not_found`, `overpayment`, `invalid_money` */
  async record(tx: Tx, call: Call, { invoice, amount, method, reference, receivedOn }: RecordPaymentDto): Promise<PaymentView> {
    const { id: invoiceId, currency } = await this.invoices.one(tx, invoice);
    const accountId = accountIdOf(invoiceId) ?? '';
    const amountMinor = parseMoney(amount, currency);
    if (amountMinor <= 0n) throw new Refusal('invalid', 'invalid_money', 'Record an amount above zero.');
    const now = this.clock.now();
    const id = newId('pay', now, accountId);
    await tx.query(
      `insert into payment (account_id, id, invoice_id, provider, state, amount_minor, currency, method, reference, received_on, created_at, settled_at)
       values ($1, $2, $3, 'manual', 'succeeded', $4, $5, $6, $7, $8, $9, $9)`,
      [accountId, id, invoiceId, amountMinor.toString(), currency, method, reference ?? null, receivedOn ?? null, formatInstant(now)],
    );
    await this.collect.book(tx, await paymentById(tx, id));
    await this.audit.record(tx, {
      actor: call.actor,
      action: 'payment.recorded',
      accountId,
      subjectType: 'payment',
      subjectId: id,
      after: { invoiceId, amount, currency, method },
    });
    return this.one(tx, id);
  }

  private async views(tx: Tx, payments: readonly Payment[]): Promise<PaymentView[]> {
    const keys = await this.accounts.keys(
      tx,
      payments.map((payment) => payment.accountId),
    );
    const refunds: Refund[] = [];
    for (const accountId of new Set(payments.map((payment) => payment.accountId))) {
      const own = payments.filter((payment) => payment.accountId === accountId);
      refunds.push(
        ...(await this.refunds.list(
          tx,
          accountId,
          own.map((payment) => payment.id),
        )),
      );
    }
    return payments.map((payment) => ({
      id: payment.id,
      account: keys.get(payment.accountId) ?? '',
      invoice: payment.invoiceId,
      provider: payment.provider,
      state: payment.state,
      amount: formatMoney(payment.amountMinor, payment.currency),
      currency: payment.currency,
      method: payment.method,
      reference: payment.reference,
      receivedOn: payment.receivedOn,
      reason: payment.reason,
      createdAt: formatInstant(payment.createdAt),
      settledAt: payment.settledAt === null ? null : formatInstant(payment.settledAt),
      refunds: refunds.filter((refund) => refund.paymentId === payment.id).map(refundView),
    }));
  }
}

export const refundView = ({ id, paymentId, state, amountMinor, currency, reason, failure, createdAt }: Refund): RefundView => ({
  id,
  payment: paymentId,
  state,
  amount: formatMoney(amountMinor, currency),
  currency,
  reason,
  failure,
  createdAt: formatInstant(createdAt),
});
