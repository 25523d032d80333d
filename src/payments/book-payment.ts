import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { paymentEntry } from '../domain/ledger.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { PastDue } from './past-due.js';
import type { Payment } from './payment-records.js';

/**
 * Counts a payment that succeeded: the invoice is settled, also one that was written off, what is more stands on the balance, the ledger knows. It
 * never refuses: the money is there.
 */
@Injectable()
export class BookPayment {
  constructor(
    private readonly clock: Clock,
    private readonly invoices: InvoicesService,
    private readonly ledger: LedgerService,
    private readonly pastDue: PastDue,
  ) {}

  /** Answers what was more than was due, in minor units. */
  async run(tx: Tx, { accountId, id, invoiceId, amountMinor, currency }: Payment): Promise<bigint> {
    const at = this.clock.now();
    const counted = await this.invoices.recordPayment(tx, { accountId, invoiceId, paymentId: id, amountMinor, at });
    if (counted.recoveredMinor > 0n) await noteRecovered(tx, { accountId, id }, counted.recoveredMinor);
    await this.ledger.post(tx, [{ accountId, at, causeKind: 'payment', causeId: id, invoiceId, entry: paymentEntry(counted, currency) }]);
    await this.pastDue.lessIsOwed(tx, accountId);
    return counted.surplusMinor;
  }
}

const noteRecovered = (tx: Tx, { accountId, id }: Pick<Payment, 'accountId' | 'id'>, recoveredMinor: bigint): Promise<unknown> =>
  tx.query('update payment set recovered_minor = $3 where account_id = $1 and id = $2', [accountId, id, recoveredMinor.toString()]);
