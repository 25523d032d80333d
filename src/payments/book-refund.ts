import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { creditRefundEntry, returnedRefundEntry } from '../domain/correction-entries.js';
import { failedRefundEntry, refundEntry } from '../domain/ledger.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { LedgerService } from '../ledger/ledger.service.js';
import type { Refund } from './refund-records.js';

/**
 * Counts a refund that went through. What its payment left on the balance goes back first: it would otherwise be given twice. A refund of a
 * credit note pays what the note owes.
 */
@Injectable()
export class BookRefund {
  constructor(
    private readonly clock: Clock,
    private readonly invoices: InvoicesService,
    private readonly ledger: LedgerService,
  ) {}

  /** Answers what was taken off the balance, in minor units. */
  async run(tx: Tx, refund: Refund): Promise<bigint> {
    const { accountId, id, paymentId, amountMinor, currency } = refund;
    const at = this.clock.now();
    if (refund.creditNoteId !== null) {
      await this.ledger.post(tx, [{ accountId, at, causeKind: 'refund', causeId: id, entry: creditRefundEntry(amountMinor, currency) }]);
      return 0n;
    }
    const refunds = await tx.query<{ id: string }[]>(
      'select id from refund where account_id = $1 and payment_id = $2 and returned_at is null',
      [accountId, paymentId],
    );
    const refundIds = refunds.map((refund) => refund.id);
    const fromBalanceMinor = await this.invoices.takeSurplusBack(tx, { accountId, paymentId, refundId: id, refundIds, amountMinor, at });
    const entry = refundEntry({ amountMinor, fromBalanceMinor }, currency);
    await this.ledger.post(tx, [{ accountId, at, causeKind: 'refund', causeId: id, entry }]);
    return fromBalanceMinor;
  }

  /**
   * A refund that had gone out came back. What it took off the balance stands there again; what a credit note owes does so now. Answers what was put there,
   * in minor units.
   */
  async cameBack(tx: Tx, { accountId, id, amountMinor, currency, creditNoteId }: Refund): Promise<bigint> {
    const at = this.clock.now();
    const { takenMinor } = await this.invoices.surplusOf(tx, accountId, { paymentIds: [], refundIds: [id] });
    const toBalanceMinor = creditNoteId === null ? takenMinor : amountMinor;
    await this.invoices.returnToBalance(tx, { accountId, refundId: id, amountMinor: toBalanceMinor, at });
    const entry = failedRefundEntry({ amountMinor, toBalanceMinor }, currency);
    await this.ledger.post(tx, [{ accountId, at, causeKind: 'refund', causeId: id, entry }]);
    return toBalanceMinor;
  }

  /** A refund that the provider could not make: what a credit note owes stands on the balance instead. */
  async returned(tx: Tx, { accountId, id, amountMinor, currency, creditNoteId }: Refund): Promise<void> {
    if (creditNoteId === null) return;
    const at = this.clock.now();
    await this.invoices.returnToBalance(tx, { accountId, refundId: id, amountMinor, at });
    await this.ledger.post(tx, [{ accountId, at, causeKind: 'refund', causeId: id, entry: returnedRefundEntry(amountMinor, currency) }]);
  }
}
