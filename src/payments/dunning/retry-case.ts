import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import type { InvoiceSettlement } from '../../invoices/invoice-settlements.js';
import { BeginPayments, COLLECT } from '../begin-payments.js';
import { pendingPayment } from '../payment-records.js';
import { changeCase, DUNNING, type DunningCase } from './case-records.js';
import { FinishCase } from './finish-case.js';
import { whenDue } from './when-due.js';

/** An invoice is collected again, because its policy says so. */
@Injectable()
export class RetryCase {
  constructor(
    private readonly clock: Clock,
    private readonly jobs: Jobs,
    private readonly payments: BeginPayments,
    private readonly finishing: FinishCase,
  ) {}

  /**
   * A payment that waits for its customer goes on with the method that the account has now; where there is none, a new one is begun. Who collects
   * charges it. The caller has locked the settlement and the case.
   */
  async run(tx: Tx, found: DunningCase, { currency }: InvoiceSettlement): Promise<void> {
    const { accountId, invoiceId } = found;
    const waiting = await pendingPayment(tx, accountId, invoiceId);
    if (waiting) await this.jobs.add(tx, COLLECT, { paymentId: waiting.id }, { key: waiting.id });
    const asked = { actor: DUNNING, reason: 'The dunning policy tries again.' };
    const begun = await this.payments.begin(tx, asked, [{ accountId, invoiceId, currency }]);
    if (!waiting && begun.length === 0)
      return this.finishing.close(tx, found, { actor: DUNNING, reason: 'Less is left to pay than the provider charges.' });
    await changeCase(tx, found, { nextStep: 'wait', dueAt: whenDue({ kind: 'wait' }, this.clock.now()) });
  }
}
