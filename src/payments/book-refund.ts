import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { refundEntry } from '../domain/ledger.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { LedgerService } from '../ledger/ledger.service.js';
import type { Refund } from './refund-records.js';

/** Counts a refund that went through. What its payment left on the balance goes back first: it would otherwise be given twice. */
@Injectable()
export class BookRefund {
  constructor(
    private readonly clock: Clock,
    private readonly invoices: InvoicesService,
    private readonly ledger: LedgerService,
  ) {}

  /** Answers what was taken off the balance, in minor units. */
  async run(tx: Tx, { accountId, id, paymentId, amountMinor, currency }: Refund): Promise<bigint> {
    const at = this.clock.now();
    const refunds = await tx.query<{ id: string }[]>('select id from refund where account_id = $1 and payment_id = $2', [
      accountId,
      paymentId,
    ]);
    const refundIds = refunds.map((refund) => refund.id);
    const fromBalanceMinor = await this.invoices.takeSurplusBack(tx, { accountId, paymentId, refundId: id, refundIds, amountMinor, at });
    const entry = refundEntry({ amountMinor, fromBalanceMinor }, currency);
    await this.ledger.post(tx, [{ accountId, at, causeKind: 'refund', causeId: id, entry }]);
    return fromBalanceMinor;
  }
}
