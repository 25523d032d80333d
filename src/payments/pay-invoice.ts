import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { accountIdOf } from '../common/ids.js';
import { formatMoney } from '../domain/currency.js';
import { Refusal } from '../domain/refusal.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { Providers } from '../providers/providers.js';
import { BeginPayments } from './begin-payments.js';
import { CurrentMethods } from './current-methods.js';
import { isReplaced, openAttempt, type Payment, pendingPayment } from './payment-records.js';

/** One invoice is collected because somebody asks. */
@Injectable()
export class PayInvoice {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly payments: BeginPayments,
    private readonly methods: CurrentMethods,
    private readonly providers: Providers,
  ) {}

  /**
   * Answers the id of the payment that is pending, or of a new one.
   * @throws Refusal `invoice_not_found`, `nothing_due`, `no_payment_method`, `below_minimum`, `payment_in_progress`
   */
  async run(tx: Tx, { actor }: Call, idOrNumber: string): Promise<string> {
    const { id: invoiceId } = await this.invoices.row(tx, idOrNumber);
    const accountId = accountIdOf(invoiceId) ?? '';
    const { leftMinor, currency, number } = await this.invoices.settlement(tx, accountId, invoiceId);
    if (leftMinor === 0n) throw new Refusal('conflict', 'nothing_due', `Nothing is left to pay on ${number}.`);
    const pending = await pendingPayment(tx, accountId, invoiceId);
    if (pending) {
      await this.refuseStuck(tx, pending);
      return pending.id;
    }
    const [id] = await this.payments.begin(tx, { actor, reason: 'Somebody asked for it.' }, [{ accountId, invoiceId, currency }]);
    if (id === undefined) throw await this.notBegun(tx, accountId, `${formatMoney(leftMinor, currency)} ${currency}`);
    return id;
  }

  private async notBegun(tx: Tx, accountId: string, amount: string): Promise<Refusal> {
    if ((await this.methods.of(tx, [accountId])).has(accountId))
      return new Refusal(
        'conflict',
        'below_minimum',
        `The provider does not charge ${amount} by itself: it is collected with the account's next invoice, or record what came in by hand.`,
      );
    return new Refusal(
      'conflict',
      'no_payment_method',
      'The account has no payment method that its provider can charge: add one, or record what came in by hand.',
    );
  }

  /** A new payment method takes the place of one whose charge waits for the customer only where that charge can be given up. */
  private async refuseStuck(tx: Tx, pending: Payment): Promise<void> {
    const open = await openAttempt(tx, pending);
    const current = (await this.methods.of(tx, [pending.accountId])).get(pending.accountId);
    if (open && isReplaced(open, current) && !this.providers.named(open.provider).capabilities.cancels)
      throw new Refusal(
        'conflict',
        'payment_in_progress',
        `${pending.id} waits for the customer to confirm it and cannot be given up here: let the customer confirm it, or cancel it with the provider.`,
      );
  }
}
