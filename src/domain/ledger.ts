import { roundHalfAwayFromZero, ZERO } from './decimal.js';
import type { Draft } from './billing/draft.js';
import type { CreditSettlement } from './billing/credit-settlement.js';
import type { Line } from './billing/line.js';
import { taxBase } from './billing/tax.js';

/** The chart of accounts. */
export const LEDGER_ACCOUNTS = {
  accounts_receivable: 'What accounts owe on issued invoices (asset)',
  bad_debt: 'Written off, because nobody will pay it (expense)',
  cash: 'What providers collected, by hand or by card (asset)',
  customer_balance: 'Credit that accounts hold with us (liability)',
  deferred_revenue: 'Paid in advance, not yet earned (liability)',
  revenue: 'Earned (income)',
  opening_balances: 'What accounts brought along from another system (equity)',
  refunds_payable: 'Credited by notes, on its way back to those who paid (liability)',
  refunds: 'Paid back without a credit note (contra income)',
  tax_payable: 'Tax charged for the authorities (liability)',
} as const;

export type LedgerAccount = keyof typeof LEDGER_ACCOUNTS;

/** Debit above zero, credit below, in minor units. */
export interface Posting {
  readonly ledgerAccount: LedgerAccount;
  readonly amountMinor: bigint;
}

export type EntryPurpose =
  | 'invoice_issued'
  | 'balance_applied'
  | 'invoice_voided'
  | 'invoice_written_off'
  | 'credit_note_issued'
  | 'payment_received'
  | 'payment_refunded'
  | 'refund_returned'
  | 'balance_opened';

/** One business event in double entry: its postings sum to zero. */
export interface Entry {
  readonly purpose: EntryPurpose;
  readonly currency: string;
  readonly postings: readonly Posting[];
}

/** What a finalized invoice means to the ledger: none where it comes to nothing at all. */
export function invoiceEntries(invoice: Draft): Entry[] {
  const { currency, totalMinor, appliedMinor, creditedMinor, taxMinor } = invoice;
  const { deferred, earned } = revenueOf(invoice);
  return [
    entry('invoice_issued', currency, [
      { ledgerAccount: 'accounts_receivable', amountMinor: totalMinor > 0n ? totalMinor : 0n },
      { ledgerAccount: 'customer_balance', amountMinor: -creditedMinor },
      { ledgerAccount: 'deferred_revenue', amountMinor: -deferred },
      { ledgerAccount: 'revenue', amountMinor: -earned },
      { ledgerAccount: 'tax_payable', amountMinor: -taxMinor },
    ]),
    entry('balance_applied', currency, [
      { ledgerAccount: 'customer_balance', amountMinor: appliedMinor },
      { ledgerAccount: 'accounts_receivable', amountMinor: -appliedMinor },
    ]),
  ].filter((made) => made.postings.length > 0);
}

/** Takes back all that an invoice meant to the ledger, posting by posting. */
export function voidEntry(issued: readonly Posting[], currency: string): Entry {
  const sums = new Map<LedgerAccount, bigint>();
  for (const { ledgerAccount, amountMinor } of issued) sums.set(ledgerAccount, (sums.get(ledgerAccount) ?? 0n) - amountMinor);
  return entry(
    'invoice_voided',
    currency,
    [...sums].map(([ledgerAccount, amountMinor]) => ({ ledgerAccount, amountMinor })),
  );
}

/** What nobody will pay, with its tax: that stays payable until a credit note takes it back. */
export const writeOffEntry = (amountMinor: bigint, currency: string): Entry =>
  entry('invoice_written_off', currency, [
    { ledgerAccount: 'bad_debt', amountMinor },
    { ledgerAccount: 'accounts_receivable', amountMinor: -amountMinor },
  ]);

/** What a credit note is made of, and how it is settled. In minor units. */
export interface CreditNoteAmounts extends CreditSettlement {
  readonly deferredMinor: bigint;
  readonly earnedMinor: bigint;
  readonly taxMinor: bigint;
}

/** Revenue and tax are taken back; against them stands how the credit note is settled. */
export const creditNoteEntry = (note: CreditNoteAmounts, currency: string): Entry =>
  entry('credit_note_issued', currency, [
    { ledgerAccount: 'deferred_revenue', amountMinor: note.deferredMinor },
    { ledgerAccount: 'revenue', amountMinor: note.earnedMinor },
    { ledgerAccount: 'tax_payable', amountMinor: note.taxMinor },
    { ledgerAccount: 'accounts_receivable', amountMinor: -note.reducedMinor },
    { ledgerAccount: 'bad_debt', amountMinor: -note.recoveredMinor },
    { ledgerAccount: 'refunds', amountMinor: -note.coveredMinor },
    { ledgerAccount: 'customer_balance', amountMinor: -note.balanceMinor },
    { ledgerAccount: 'refunds_payable', amountMinor: -note.refundMinor },
  ]);

/** Money that came in: it settles what is due, then what was written off, and what is more than that stands on the account's balance. */
export const paymentEntry = (
  { settledMinor, recoveredMinor, surplusMinor }: Record<'settledMinor' | 'recoveredMinor' | 'surplusMinor', bigint>,
  currency: string,
): Entry =>
  entry('payment_received', currency, [
    { ledgerAccount: 'cash', amountMinor: settledMinor + recoveredMinor + surplusMinor },
    { ledgerAccount: 'accounts_receivable', amountMinor: -settledMinor },
    { ledgerAccount: 'bad_debt', amountMinor: -recoveredMinor },
    { ledgerAccount: 'customer_balance', amountMinor: -surplusMinor },
  ]);

/** Money given back: first what of it stood on the account's balance. */
export const refundEntry = (
  { amountMinor, fromBalanceMinor }: { readonly amountMinor: bigint; readonly fromBalanceMinor: bigint },
  currency: string,
): Entry =>
  entry('payment_refunded', currency, [
    { ledgerAccount: 'customer_balance', amountMinor: fromBalanceMinor },
    { ledgerAccount: 'refunds', amountMinor: amountMinor - fromBalanceMinor },
    { ledgerAccount: 'cash', amountMinor: -amountMinor },
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

/** Credit that an account brought along. */
export const openingBalanceEntry = (amountMinor: bigint, currency: string): Entry =>
  entry('balance_opened', currency, [
    { ledgerAccount: 'opening_balances', amountMinor },
    { ledgerAccount: 'customer_balance', amountMinor: -amountMinor },
  ]);

/** Postings of nothing are left out; the rest must sum to zero. */
function entry(purpose: EntryPurpose, currency: string, all: readonly Posting[]): Entry {
  const postings = all.filter((posting) => posting.amountMinor !== 0n);
  const difference = postings.reduce((total, posting) => total + posting.amountMinor, 0n);
  if (difference !== 0n) throw new RangeError(`postings of ${purpose} are ${difference.toString()} apart`);
  return { purpose, currency, postings };
}

/** Net revenue of an invoice without taxes: what was due before its service began is deferred, all else is earned. */
function revenueOf({ lines, totalMinor, taxMinor }: Draft): { deferred: bigint; earned: bigint } {
  const exactDeferred = lines.filter(isInAdvance).reduce((total, line) => total.add(taxBase(line)), ZERO);
  const deferred = roundHalfAwayFromZero(exactDeferred);
  return { deferred, earned: totalMinor - taxMinor - deferred };
}

/** Whether a line was charged before its service began, so that its revenue is deferred. */
export const isInAdvance = (line: Pick<Line, 'kind' | 'dueAt' | 'servicePeriod'>): boolean =>
  line.kind === 'recurring' && line.dueAt <= line.servicePeriod.start;
