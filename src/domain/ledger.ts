import { lastInstantOf } from './books.js';
import { balanceAppliedOf, type Draft } from './billing/draft.js';
import { type GrantApplication, type GrantKind, sumOf as sumOfGrants } from './billing/grants.js';
import { earliest, type Instant } from './instant.js';
import type { RecognitionMethod, RevenueLine } from './revenue.js';

/** The chart of accounts. */
export const LEDGER_ACCOUNTS = {
  accounts_receivable: 'What accounts owe on issued invoices (asset)',
  bad_debt: 'Written off, because nobody will pay it (expense)',
  cash: 'What providers collected, by hand or by card (asset)',
  grant_clearing: 'Paid for credit grants outside of this service, to be matched with what came in (asset)',
  customer_balance: 'Credit that accounts hold with us (liability)',
  prepaid_credits: 'Paid credit grants, as far as nothing was bought with them (liability)',
  deferred_revenue: 'Paid in advance, not yet earned (liability)',
  revenue: 'Earned (income)',
  breakage_revenue: 'Paid credit grants that expired (income)',
  promotional_credits: 'What promotional credit grants paid (contra income)',
  opening_balances: 'What accounts brought along from another system (equity)',
  refunds_payable: 'Credited by notes, on its way back to those who paid (liability)',
  refunds: 'Paid back without a credit note (contra income)',
  tax_payable: 'Tax charged for the authorities (liability)',
  unbilled_revenue: 'Earned before it was billed (asset)',
} as const;

export type LedgerAccount = keyof typeof LEDGER_ACCOUNTS;

/** Debit above zero, credit below, in minor units. */
export interface Posting {
  readonly ledgerAccount: LedgerAccount;
  readonly amountMinor: bigint;
}

/** In whose books an entry stands where nothing else is said. */
export const STANDARD_SELLER = 'default';

/** What entries may be caused by. */
export const CAUSE_KINDS = [
  'invoice',
  'service',
  'recognition',
  'credit_note',
  'payment',
  'refund',
  'import',
  'credit_grant',
  'grant_entry',
] as const;

export type CauseKind = (typeof CAUSE_KINDS)[number];

export type EntryPurpose =
  | 'invoice_issued'
  | 'grants_applied'
  | 'grants_released'
  | 'balance_applied'
  | 'revenue_earned'
  | 'revenue_recognized'
  | 'invoice_voided'
  | 'invoice_written_off'
  | 'credit_note_issued'
  | 'payment_received'
  | 'payment_refunded'
  | 'refund_failed'
  | 'refund_returned'
  | 'balance_opened'
  | 'grant_funded'
  | 'grant_expired'
  | 'grant_voided';

/** One business event in double entry: its postings sum to zero. */
export interface Entry {
  readonly purpose: EntryPurpose;
  readonly currency: string;
  readonly postings: readonly Posting[];
}

/** The amounts of an invoice that move something in the books, in minor units. */
export type InvoiceAmounts = Pick<Draft, 'currency' | 'totalMinor' | 'taxMinor' | 'appliedMinor' | 'grantsApplied' | 'creditedMinor'>;

/** What a finalized invoice means to the ledger: none where it comes to nothing at all. The revenue is that of its lines. */
export function invoiceEntries(invoice: InvoiceAmounts, revenue: readonly RevenueLine[]): Entry[] {
  const { currency, totalMinor, creditedMinor, taxMinor } = invoice;
  const balanceMinor = balanceAppliedOf(invoice);
  return [
    entry('invoice_issued', currency, [
      { ledgerAccount: 'accounts_receivable', amountMinor: totalMinor > 0n ? totalMinor : 0n },
      { ledgerAccount: 'customer_balance', amountMinor: -creditedMinor },
      ...revenuePostings(revenue),
      { ledgerAccount: 'tax_payable', amountMinor: -taxMinor },
    ]),
    entry('grants_applied', currency, grantPostings(invoice.grantsApplied)),
    entry('balance_applied', currency, [
      { ledgerAccount: 'customer_balance', amountMinor: balanceMinor },
      { ledgerAccount: 'accounts_receivable', amountMinor: -balanceMinor },
    ]),
  ].filter(isSomething);
}

/** Revenue of a service that ended before it was billed: earned on its last day. */
export interface EarnedRevenue {
  /** The end of that day in the books, or the instant of issue where that is earlier. */
  readonly at: Instant;
  readonly day: number;
  readonly entry: Entry;
}

/** One entry for each last day of service. */
export function earnedEntries(revenue: readonly RevenueLine[], currency: string, issuedAt: Instant): EarnedRevenue[] {
  const earned = revenue.filter((line) => line.method === 'at_service_end');
  const days = [...new Set(earned.map((line) => line.firstDay))].sort((a, b) => a - b);
  return days
    .map((day) => ({ day, amountMinor: sumOf(earned.filter((line) => line.firstDay === day)) }))
    .map(({ day, amountMinor }) => ({
      at: earliest(lastInstantOf(day), issuedAt),
      day,
      entry: entry('revenue_earned', currency, [
        { ledgerAccount: 'unbilled_revenue', amountMinor },
        { ledgerAccount: 'revenue', amountMinor: -amountMinor },
      ]),
    }))
    .filter((made) => isSomething(made.entry));
}

/** What a day makes of deferred revenue. */
export const recognitionEntry = (amountMinor: bigint, currency: string): Entry =>
  entry('revenue_recognized', currency, [
    { ledgerAccount: 'deferred_revenue', amountMinor },
    { ledgerAccount: 'revenue', amountMinor: -amountMinor },
  ]);

/** What grants had paid of an invoice is owed again, and theirs again. */
export const grantsReleasedEntry = (released: readonly GrantApplication[], currency: string): Entry =>
  entry(
    'grants_released',
    currency,
    grantPostings(released).map(({ ledgerAccount, amountMinor }) => ({ ledgerAccount, amountMinor: -amountMinor })),
  );

/** A grant that was paid for is a liability from then on; a promotional one is nothing before it pays for something. */
export const grantFundedEntry = (amountMinor: bigint, currency: string): Entry =>
  entry('grant_funded', currency, [
    { ledgerAccount: 'grant_clearing', amountMinor },
    { ledgerAccount: 'prepaid_credits', amountMinor: -amountMinor },
  ]);

/** What was left of a paid grant at its end: earned where it expired, given back where it was voided. */
export const grantEndedEntry = (end: 'expired' | 'voided', amountMinor: bigint, currency: string): Entry =>
  entry(`grant_${end}`, currency, [
    { ledgerAccount: 'prepaid_credits', amountMinor },
    { ledgerAccount: end === 'expired' ? 'breakage_revenue' : 'grant_clearing', amountMinor: -amountMinor },
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

/** A refund that went out came back: what it took off the balance stands there again, and the rest was not given back after all. */
export const failedRefundEntry = (
  { amountMinor, toBalanceMinor }: { readonly amountMinor: bigint; readonly toBalanceMinor: bigint },
  currency: string,
): Entry =>
  entry('refund_failed', currency, [
    { ledgerAccount: 'cash', amountMinor },
    { ledgerAccount: 'customer_balance', amountMinor: -toBalanceMinor },
    { ledgerAccount: 'refunds', amountMinor: toBalanceMinor - amountMinor },
  ]);

/** Credit that an account brought along. */
export const openingBalanceEntry = (amountMinor: bigint, currency: string): Entry =>
  entry('balance_opened', currency, [
    { ledgerAccount: 'opening_balances', amountMinor },
    { ledgerAccount: 'customer_balance', amountMinor: -amountMinor },
  ]);

function grantPostings(applied: readonly GrantApplication[]): Posting[] {
  const paidBy = (wanted: GrantKind): bigint => sumOfGrants(applied.filter(({ kind }) => kind === wanted));
  return [
    { ledgerAccount: 'prepaid_credits', amountMinor: paidBy('paid') },
    { ledgerAccount: 'promotional_credits', amountMinor: paidBy('promotional') },
    { ledgerAccount: 'accounts_receivable', amountMinor: -sumOfGrants(applied) },
  ];
}

/** Postings of nothing are left out; the rest must sum to zero. */
export function entry(purpose: EntryPurpose, currency: string, all: readonly Posting[]): Entry {
  const postings = all.filter((posting) => posting.amountMinor !== 0n);
  const difference = postings.reduce((total, posting) => total + posting.amountMinor, 0n);
  if (difference !== 0n) throw new RangeError(`postings of ${purpose} are ${difference.toString()} apart`);
  return { purpose, currency, postings };
}

const isSomething = ({ postings }: Entry): boolean => postings.length > 0;

/** Where the revenue of lines stands when they are billed; it is taken back there where it is below zero. */
export const revenuePostings = (revenue: readonly RevenueLine[]): Posting[] => [
  { ledgerAccount: 'deferred_revenue', amountMinor: -revenueBy('daily', revenue) },
  { ledgerAccount: 'unbilled_revenue', amountMinor: -revenueBy('at_service_end', revenue) },
  { ledgerAccount: 'revenue', amountMinor: -revenueBy('at_once', revenue) },
];

const revenueBy = (method: RecognitionMethod, revenue: readonly RevenueLine[]): bigint =>
  sumOf(revenue.filter((line) => line.method === method));

const sumOf = (lines: readonly RevenueLine[]): bigint => lines.reduce((total, line) => total + line.amountMinor, 0n);
