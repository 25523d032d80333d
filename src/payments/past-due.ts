import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { RecoveredCases } from './dunning/recovered-cases.js';
import { SUPERSEDED } from './payment-records.js';

/**
 * An account is past due from the first payment that failed until no invoice is left unpaid whose payment failed or waits for the customer's
 * consent. An invoice that was written off is still unpaid.
 */
@Injectable()
export class PastDue {
  constructor(
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly cases: RecoveredCases,
  ) {}

  async paymentFailed(tx: Tx, accountId: string): Promise<void> {
    await this.accounts.setPastDue(tx, accountId, true);
  }

  /** A payment came in, or an invoice need not be paid any more. */
  async lessIsOwed(tx: Tx, accountId: string): Promise<void> {
    const unpaid = (await this.invoices.unpaid(tx, accountId, { writtenOff: true })).map(({ invoiceId }) => invoiceId);
    await this.cases.lookAgain(tx, accountId, unpaid);
    const [failed] = await tx.query<{ one: number }[]>(
      `select 1 as one from payment p where account_id = $1 and invoice_id = any($2::text[])
         and (state = 'failed' and reason is distinct from $3 or state = 'pending' and exists (
           select from payment_attempt a where a.account_id = p.account_id and a.payment_id = p.id and a.state = 'requires_action')) limit 1`,
      [accountId, unpaid, SUPERSEDED],
    );
    if (!failed) await this.accounts.setPastDue(tx, accountId, false);
  }
}
