import { larger } from './bounds.js';
import type { CreditSettlement } from './billing/credit-settlement.js';
import { balanceAppliedOf } from './billing/draft.js';
import { type Entry, entry, type InvoiceAmounts, revenuePostings } from './ledger.js';
import type { RevenueLine } from './revenue.js';

/*
 * What the ledger knows of an invoice after it was issued, but for payments. Revenue comes as lines below zero, which say how it is taken back.
 */

/** Takes back what an invoice meant to the ledger, but for what grants paid of it: that is released to them. Nothing for one that came to nothing. */
export function voidEntry(invoice: InvoiceAmounts, revenue: readonly RevenueLine[]): Entry {
  const { currency, totalMinor, creditedMinor, taxMinor } = invoice;
  const balanceMinor = balanceAppliedOf(invoice);
  return entry('invoice_voided', currency, [
    { ledgerAccount: 'accounts_receivable', amountMinor: balanceMinor - larger(totalMinor, 0n) },
    { ledgerAccount: 'customer_balance', amountMinor: creditedMinor - balanceMinor },
    ...revenuePostings(revenue),
    { ledgerAccount: 'tax_payable', amountMinor: taxMinor },
  ]);
}

/** What nobody will pay, with its tax: that stays payable until a credit note takes it back. */
export const writeOffEntry = (amountMinor: bigint, currency: string): Entry =>
  entry('invoice_written_off', currency, [
    { ledgerAccount: 'bad_debt', amountMinor },
    { ledgerAccount: 'accounts_receivable', amountMinor: -amountMinor },
  ]);

/** How a credit note is settled, and what of it is tax. In minor units. */
export interface CreditNoteAmounts extends CreditSettlement {
  readonly currency: string;
  readonly taxMinor: bigint;
}

/** Revenue and tax are taken back; against them stands how the credit note is settled. */
export const creditNoteEntry = (note: CreditNoteAmounts, revenue: readonly RevenueLine[]): Entry =>
  entry('credit_note_issued', note.currency, [
    ...revenuePostings(revenue),
    { ledgerAccount: 'tax_payable', amountMinor: note.taxMinor },
    { ledgerAccount: 'accounts_receivable', amountMinor: -note.reducedMinor },
    { ledgerAccount: 'bad_debt', amountMinor: -note.recoveredMinor },
    { ledgerAccount: 'refunds', amountMinor: -note.coveredMinor },
    { ledgerAccount: 'customer_balance', amountMinor: -note.balanceMinor },
    { ledgerAccount: 'refunds_payable', amountMinor: -note.refundMinor },
  ]);

/** Money given back because of a credit note. */
export const creditRefundEntry = (amountMinor: bigint, currency: string): Entry =>
  entry('payment_refunded', currency, [
    { ledgerAccount: 'refunds_payable', amountMinor },
    { ledgerAccount: 'cash', amountMinor: -amountMinor },
  ]);

/** A refund of a credit note that the provider could not make: the money stands on the account's balance instead. */
export const returnedRefundEntry = (amountMinor: bigint, currency: string): Entry =>
  entry('refund_returned', currency, [
    { ledgerAccount: 'refunds_payable', amountMinor },
    { ledgerAccount: 'customer_balance', amountMinor: -amountMinor },
  ]);
