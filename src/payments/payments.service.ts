import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import { newestFirstKey } from '../common/database/newest-first.js';
import { type Page, page } from '../common/http/page.js';
import { accountIdFor } from '../common/ids.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant } from '../domain/instant.js';
import { type Payment, PAYMENT_COLUMNS, paymentById } from './payment-records.js';
import type { PaymentsQuery, PaymentView, RefundView } from './payments.dto.js';
import type { Refund } from './refund-records.js';
import { Refunds } from './refunds.js';

@Injectable()
export class PaymentsService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly refunds: Refunds,
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
      carried: payment.carried.map(({ invoiceId, amountMinor }) => ({
        invoice: invoiceId,
        amount: formatMoney(BigInt(amountMinor), payment.currency),
      })),
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

export const refundView = ({
  id,
  paymentId,
  state,
  amountMinor,
  currency,
  reason,
  creditNoteId,
  failure,
  createdAt,
}: Refund): RefundView => ({
  id,
  payment: paymentId,
  state,
  amount: formatMoney(amountMinor, currency),
  currency,
  reason,
  creditNote: creditNoteId,
  failure,
  createdAt: formatInstant(createdAt),
});
