import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { Outbox } from '../../common/events/outbox.js';
import { newId } from '../../common/ids.js';
import { creditable } from '../../domain/billing/creditable.js';
import { type CreditAsked, type CreditedInvoice, creditNote, type CreditNoteDraft } from '../../domain/billing/credit-note.js';
import { type CreditRoom, type CreditSettlement, settleCredit, type Settle } from '../../domain/billing/credit-settlement.js';
import { formatMoney } from '../../domain/currency.js';
import { latest } from '../../domain/instant.js';
import { LedgerService } from '../../ledger/ledger.service.js';
import { insertBalanceChanges } from '../balances.js';
import { billedLines } from '../billed-lines.js';
import { creditNoteBooks } from './credit-note-books.js';
import { type CreditNoteRow, creditNotesOf, insertCreditNote, insertCreditNoteLines, storedTax, taxOf } from './credit-note-rows.js';
import type { InvoiceRow } from '../invoice-view.js';
import { buyerSnapshot, sellerSnapshot } from '../invoice-records.js';
import { takeNumbers } from '../number-series.js';
import { SellersService, seriesAt } from '../sellers/sellers.service.js';
import { type InvoiceSettlement, settle as settleInvoice } from '../invoice-settlements.js';

/** What somebody wants to be credited, and why. */
export interface CreditOrder {
  readonly actor: Actor;
  readonly asked: CreditAsked;
  readonly reason: string;
  readonly settle: Settle;
}

/** What came in for an invoice and went back, as payments know it. In minor units. */
export interface CreditMoney {
  /** What can be refunded of its payments. */
  readonly refundableMinor: bigint;
  /** Refunded without a credit note, or about to be, without what came off the balance for it. */
  readonly refundedMinor: bigint;
  /** Of that, what went through. */
  readonly refundedForSureMinor: bigint;
}

/** A credit note that has no number yet. */
export interface PreparedCreditNote {
  readonly id: string;
  readonly invoice: InvoiceRow;
  readonly order: CreditOrder;
  readonly draft: CreditNoteDraft;
  readonly settlement: CreditSettlement;
  readonly invoiceSeq: number;
}

/** Issues credit notes. The caller has locked the settlement of the invoice and the billing of its account. */
@Injectable()
export class IssueCreditNotes {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly audit: Audit,
    private readonly ledger: LedgerService,
    private readonly outbox: Outbox,
    private readonly sellers: SellersService,
  ) {}

  /** All but what needs the number. @throws Refusal as `creditNote` and `settleCredit` do */
  async prepare(
    tx: Tx,
    { invoice, settlement }: { invoice: InvoiceRow; settlement: InvoiceSettlement },
    order: CreditOrder,
    money: CreditMoney,
  ) {
    const { accountId, currency } = invoice;
    const before = await creditNotesOf(tx, accountId, invoice.id);
    const draft = creditNote(await this.credited(tx, invoice, before), order.asked);
    const room = roomOf(invoice, settlement, before, money);
    const settled = settleCredit(draft.totalMinor, order.settle, room, currency);
    const [at, { reducedMinor, recoveredMinor }] = [this.clock.now(), settled];
    const id = newId('cn', at, accountId);
    await settleInvoice(tx, settlement, { paidMinor: 0n, creditedMinor: reducedMinor + recoveredMinor, recoveredMinor }, at);
    await insertCreditNoteLines(tx, accountId, id, draft.lines);
    await this.audit.record(tx, {
      actor: order.actor,
      action: 'credit_note.issued',
      accountId,
      subjectType: 'credit_note',
      subjectId: id,
      after: { invoiceId: invoice.id, currency, total: formatMoney(draft.totalMinor, currency), settle: order.settle },
      reason: order.reason,
    });
    return { id, invoice, order, draft, settlement: settled, invoiceSeq: before.length + 1 } satisfies PreparedCreditNote;
  }

  /** The number, and all that bears the instant of issue: the last step of the transaction. */
  async number(tx: Tx, prepared: PreparedCreditNote): Promise<void> {
    const { id, invoice, order, draft, settlement, invoiceSeq } = prepared;
    const { accountId, currency } = invoice;
    const seller = await this.sellers.byKey(tx, String(invoice.snapshot.seller['key']));
    const profile = (await this.accounts.profiles(tx, [accountId])).get(accountId);
    const snapshot = { seller: sellerSnapshot(seller), buyer: profile ? buyerSnapshot(profile) : invoice.snapshot.buyer };
    const now = latest(this.clock.now(), invoice.issuedAt);
    const { series, issuedAt, numbers } = await takeNumbers(tx, seriesAt(seller, 'credit_note', now), 1, now);
    const [taken] = numbers;
    if (!taken) throw new RangeError('no number was taken');
    const note = {
      ...draft,
      ...settlement,
      ...taken,
      accountId,
      id,
      series,
      invoiceId: invoice.id,
      invoiceSeq,
      currency,
      issuedAt,
      reason: order.reason,
      settle: order.settle,
      taxes: draft.taxes.map(storedTax),
      snapshot: snapshot as InvoiceRow['snapshot'],
    };
    await insertCreditNote(tx, note);
    await insertBalanceChanges(tx, [
      { accountId, at: issuedAt, amountMinor: settlement.balanceMinor, causeKind: 'credit_note', causeId: id },
    ]);
    const { entries, revenue } = creditNoteBooks(note, await this.ledger.revenueOf(tx, accountId, invoice.id));
    await this.ledger.post(tx, entries);
    await this.ledger.recordRevenue(tx, revenue);
    const data = { creditNote: id, number: taken.number, invoice: invoice.id, currency, total: formatMoney(draft.totalMinor, currency) };
    await this.outbox.add(tx, [{ accountId, type: 'credit_note.issued', data }]);
  }

  /** What the domain must know of the invoice and of the credit notes before. */
  private async credited(tx: Tx, invoice: InvoiceRow, before: readonly CreditNoteRow[]): Promise<CreditedInvoice> {
    const lines = (await billedLines(tx, [invoice.accountId])).get(invoice.accountId)?.lines ?? [];
    const left = creditable(lines, invoice.id);
    const creditedBefore = before.flatMap((note) => note.lines);
    return {
      currency: invoice.currency,
      taxes: invoice.taxes.map(taxOf),
      creditedTaxes: before.flatMap(({ taxes }) => taxes.map(taxOf)),
      leftMinor: invoice.totalMinor - before.reduce((total, note) => total + note.totalMinor, 0n),
      lines: lines.flatMap((line) => {
        const leftMinor = left.get(line.id);
        if (leftMinor === undefined) return [];
        const { id, description, taxes, creditNotedMinor: creditedMinor } = line;
        const revenues = creditedBefore.filter((one) => one.line === id).map(({ revenueMinor }) => revenueMinor);
        const creditedRevenueMinor = revenues.reduce((total, revenueMinor) => total + revenueMinor, 0n);
        return [{ id, description, taxes, creditedMinor, creditedRevenueMinor, leftMinor }];
      }),
    };
  }
}

/** What was paid, by the balance too, less all that credit notes and refunds gave back. */
export const keptOf = (
  { appliedMinor }: Pick<InvoiceRow, 'appliedMinor'>,
  { paidMinor }: Pick<InvoiceSettlement, 'paidMinor'>,
  before: readonly CreditSettlement[],
  { refundedMinor }: Pick<CreditMoney, 'refundedMinor'>,
): bigint => before.reduce((kept, note) => kept - note.balanceMinor - note.refundMinor, appliedMinor + paidMinor - refundedMinor);

function roomOf(invoice: InvoiceRow, settlement: InvoiceSettlement, before: readonly CreditSettlement[], money: CreditMoney): CreditRoom {
  const { openMinor, leftMinor } = settlement;
  return {
    openMinor,
    writtenOffMinor: leftMinor - openMinor,
    refundedMinor: before.reduce((left, note) => left - note.coveredMinor, money.refundedForSureMinor),
    keptMinor: keptOf(invoice, settlement, before, money),
    refundableMinor: money.refundableMinor,
  };
}
