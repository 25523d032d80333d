import { Injectable } from '@nestjs/common';
import { requireScope } from '../common/actor.js';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import type { CreditAsked } from '../domain/billing/credit-note.js';
import { parseMoney } from '../domain/currency.js';
import { refuseAll } from '../domain/refusal.js';
import { refuseClosed } from '../invoices/close-invoices.js';
import type { CreateCreditNoteDto } from '../invoices/credit-notes/credit-notes.dto.js';
import { IssueCreditNotes } from '../invoices/credit-notes/issue-credit-notes.js';
import { LockInvoice } from './lock-invoice.js';
import { InvoiceMoney } from './invoice-money.js';
import { RequestRefunds } from './request-refunds.js';

/** A credit note that was issued, and the refunds that are to be sent for it. */
export interface CreditedByNote {
  readonly id: string;
  readonly refundIds: readonly string[];
}

/** An invoice is credited because somebody asks: the note, what it takes off, what it gives back. */
@Injectable()
export class CreditInvoice {
  constructor(
    private readonly locking: LockInvoice,
    private readonly money: InvoiceMoney,
    private readonly issuing: IssueCreditNotes,
    private readonly refunds: RequestRefunds,
  ) {}

  /**
   * The number is taken last.
   * @throws Refusal `invoice_void`, `missing_scope`, and as `LockInvoice.take` and `IssueCreditNotes.prepare` do
   */
  async run(tx: Tx, { actor }: Call, idOrNumber: string, body: CreateCreditNoteDto): Promise<CreditedByNote> {
    const { reason, settle } = body;
    if (settle === 'refund') requireScope(actor, 'payments:write');
    const locked = await this.locking.take(tx, actor, idOrNumber);
    refuseClosed(locked);
    const money = await this.money.of(tx, locked.settlement);
    const order = { actor, asked: askedBy(body, locked.settlement.currency), reason, settle };
    const prepared = await this.issuing.prepare(tx, locked, order, money);
    const { id, settlement } = prepared;
    const refundIds = await this.refunds.ofPayments(tx, money.payments, settlement.refundMinor, { actor, reason, creditNoteId: id });
    await this.locking.release(tx, actor, locked);
    await this.issuing.number(tx, prepared);
    return { id, refundIds };
  }
}

function askedBy({ lines, amount }: CreateCreditNoteDto, currency: string): CreditAsked {
  if (lines !== undefined && amount !== undefined)
    refuseAll([
      { pointer: '/amount', code: 'one_of', detail: 'Send lines, or an amount over the invoice, or neither for all that is left.' },
    ]);
  if (amount !== undefined) return { amountMinor: parseMoney(amount, currency) };
  if (lines === undefined) return 'all';
  return {
    lines: lines.map(({ line, amount: part }) => (part === undefined ? { line } : { line, amountMinor: parseMoney(part, currency) })),
  };
}
