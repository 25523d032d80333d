import { type BilledLine, discountOf } from '../domain/billing/line.js';
import type { TaxTotal } from '../domain/billing/tax.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { appliedView } from './applied-view.js';
import { lineOf, type LineRow } from './billed-lines.js';
import type { InvoiceType } from '../domain/billing/draft.js';
import type { GrantApplication } from '../domain/billing/grants.js';
import type { InvoiceApplication } from './grants/grant-entries.js';
import { type Closed, LEFT_MINOR, OPEN_MINOR, STATUS } from './invoice-settlements.js';
import type { InvoiceLineView, InvoiceTaxView, InvoiceView } from './invoices.dto.js';

/** What a person may say of an invoice. */
export interface InvoiceTerms {
  readonly memo: string | null;
  readonly purchaseOrder: string | null;
  /** Days from issue until it is due; null for the account's, or else the seller's. */
  readonly paymentTermsDays: number | null;
}

/** What invoices and drafts have in common, as it is kept. */
export interface DocumentRow {
  readonly accountId: string;
  readonly id: string;
  readonly type: InvoiceType;
  readonly currency: string;
  readonly asOf: Instant;
  readonly periodStart: Instant;
  readonly periodEnd: Instant;
  readonly subtotalMinor: bigint;
  readonly discountMinor: bigint;
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
  readonly appliedMinor: bigint;
  readonly dueMinor: bigint;
  readonly creditedMinor: bigint;
  readonly taxes: readonly {
    key: string;
    name: string;
    rate: string;
    category: string;
    inclusive: boolean;
    exemptionReason?: string;
    taxableMinor: string;
    amountMinor: string;
  }[];
  readonly snapshot: Partial<InvoiceTerms> & { readonly seller: Record<string, unknown>; readonly buyer: Record<string, unknown> };
}

/** An invoice as it is kept, with its settlement. */
export interface InvoiceRow extends DocumentRow {
  readonly number: string;
  readonly issuedAt: Instant;
  readonly dueAt: Instant;
  readonly status: 'finalized' | 'paid' | Closed;
  readonly paidMinor: bigint;
  readonly paidAt: Instant | null;
  readonly openMinor: bigint;
  readonly leftMinor: bigint;
  readonly closedAt: Instant | null;
  /** By credit notes. */
  readonly creditNotedMinor: bigint;
  readonly sentAt: Instant | null;
}

/* Of the invoice, or the draft, `i`. */
export const DOCUMENT_COLUMNS = `
  i.account_id as "accountId", i.id, i.type, i.currency, i.as_of as "asOf", i.period_start as "periodStart", i.period_end as "periodEnd", i.subtotal_minor as "subtotalMinor", i.discount_minor as "discountMinor",
  i.tax_minor as "taxMinor", i.total_minor as "totalMinor", i.applied_minor as "appliedMinor", i.due_minor as "dueMinor",
  i.credited_minor as "creditedMinor", i.taxes, i.snapshot`;

export const INVOICE_COLUMNS = `${DOCUMENT_COLUMNS}, i.number, i.issued_at as "issuedAt", i.due_at as "dueAt"`;

/* What became of it: of the invoice `i` and its settlement `s`. Relies on credit_note_one_by_one and invoice_sending_by_invoice. */
export const SETTLEMENT_COLUMNS = `
  ${STATUS} as status, s.paid_minor as "paidMinor", s.paid_at as "paidAt", ${OPEN_MINOR} as "openMinor", ${LEFT_MINOR} as "leftMinor",
  s.closed_at as "closedAt",
  (select coalesce(sum(c.total_minor), 0)::bigint from credit_note c where c.account_id = i.account_id and c.invoice_id = i.id) as "creditNotedMinor",
  (select max(m.at) from invoice_sending m where m.account_id = i.account_id and m.invoice_id = i.id) as "sentAt"`;

/** What is kept beside an invoice. */
export interface InvoiceParts {
  /** The account's key. */
  readonly account: string;
  readonly lines: readonly LineRow[];
  readonly grantsApplied: readonly InvoiceApplication[];
}

/** An invoice that was finalized. */
export type IssuedInvoiceView = InvoiceView & { readonly number: string; readonly issuedAt: string; readonly dueAt: string };

export function invoiceView(row: InvoiceRow, { account, lines, grantsApplied }: InvoiceParts): IssuedInvoiceView {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, row.currency);
  return {
    ...documentView(row, { account, grantsApplied, lines: lines.map((line) => lineView(lineOf(line), row.currency)) }),
    number: row.number,
    status: row.status,
    issuedAt: formatInstant(row.issuedAt),
    dueAt: formatInstant(row.dueAt),
    finalizesAt: null,
    amountPaid: money(row.paidMinor),
    amountCredited: money(row.creditNotedMinor),
    amountUncollectible: money(row.leftMinor > row.openMinor ? row.leftMinor - row.openMinor : 0n),
    amountOpen: money(row.openMinor),
    paidAt: instant(row.paidAt),
    voidedAt: instant(row.status === 'void' ? row.closedAt : null),
    markedUncollectibleAt: instant(row.status === 'uncollectible' ? row.closedAt : null),
    sentAt: instant(row.sentAt),
  };
}

/** A draft is asked for by nobody. Its lines have no ids: they are made anew until it is finalized. */
export function draftView(
  row: DocumentRow & { readonly heldUntil: Instant | null },
  { account, lines, grantsApplied }: Omit<InvoiceParts, 'grantsApplied'> & { readonly grantsApplied: readonly GrantApplication[] },
): InvoiceView {
  const nothing = formatMoney(0n, row.currency);
  return {
    ...documentView(row, { account, grantsApplied, lines: lines.map((line) => ({ ...lineView(lineOf(line), row.currency), id: null })) }),
    number: null,
    status: 'draft',
    issuedAt: null,
    dueAt: null,
    finalizesAt: instant(row.heldUntil),
    amountPaid: nothing,
    amountCredited: nothing,
    amountUncollectible: nothing,
    amountOpen: nothing,
    paidAt: null,
    voidedAt: null,
    markedUncollectibleAt: null,
    sentAt: null,
  };
}

interface DocumentParts {
  readonly account: string;
  readonly lines: InvoiceLineView[];
  readonly grantsApplied: readonly GrantApplication[];
}

/** What only an invoice that was finalized has. */
type OfIssued =
  | 'number'
  | 'status'
  | 'issuedAt'
  | 'dueAt'
  | 'finalizesAt'
  | 'amountPaid'
  | 'amountCredited'
  | 'amountUncollectible'
  | 'amountOpen'
  | 'paidAt'
  | 'voidedAt'
  | 'markedUncollectibleAt'
  | 'sentAt';

function documentView(row: DocumentRow, { account, lines, grantsApplied }: DocumentParts): Omit<InvoiceView, OfIssued> {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, row.currency);
  const { seller, buyer, memo = null, purchaseOrder = null, paymentTermsDays = null } = row.snapshot;
  return {
    id: row.id,
    type: row.type,
    account,
    currency: row.currency,
    asOf: formatInstant(row.asOf),
    periodStart: formatInstant(row.periodStart),
    periodEnd: formatInstant(row.periodEnd),
    memo,
    purchaseOrder,
    paymentTermsDays,
    lines,
    subtotal: money(row.subtotalMinor),
    discount: money(row.discountMinor),
    taxes: row.taxes.map((tax) => taxView(tax, row.currency)),
    tax: money(row.taxMinor),
    total: money(row.totalMinor),
    amountApplied: money(row.appliedMinor),
    applied: appliedView({ ...row, grantsApplied }),
    amountDue: money(row.dueMinor),
    balanceCredited: money(row.creditedMinor),
    seller,
    buyer,
  };
}

export function taxView(
  { key, name, rate, category, inclusive, exemptionReason, taxableMinor, amountMinor }: TaxTotal | InvoiceRow['taxes'][number],
  currency: string,
): InvoiceTaxView {
  const money = (minor: string | bigint): string => formatMoney(BigInt(minor), currency);
  return {
    taxRate: key,
    name,
    rate,
    category,
    inclusive,
    exemptionReason: exemptionReason ?? null,
    taxable: money(taxableMinor),
    amount: money(amountMinor),
  };
}

const instant = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

export function lineView(line: BilledLine, currency: string): InvoiceLineView {
  return {
    id: line.id,
    kind: line.kind,
    subscription: line.subscription,
    plan: line.plan,
    planVersion: line.planVersion,
    price: line.price,
    description: line.description,
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    amount: formatMoney(line.amountMinor, currency),
    discount: formatMoney(discountOf(line), currency),
    servicePeriod: { start: formatInstant(line.servicePeriod.start), end: formatInstant(line.servicePeriod.end) },
    proration: line.proration,
    adjusts: line.adjusts,
    groups: line.groups,
    breakdown: line.breakdown.map((step) => ({ ...step })),
    taxRates: line.taxes.map((tax) => tax.key),
  };
}
