import { type BilledLine, discountOf } from '../domain/billing/line.js';
import type { TaxTotal } from '../domain/billing/tax.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { appliedView } from './applied-view.js';
import { lineOf, type LineRow } from './billed-lines.js';
import type { InvoiceApplication } from './grants/grant-entries.js';
import { type Closed, LEFT_MINOR, OPEN_MINOR, STATUS } from './invoice-settlements.js';
import type { InvoiceLineView, InvoiceTaxView, InvoiceView } from './invoices.dto.js';

/** An invoice as it is kept, with its settlement. */
export interface InvoiceRow {
  readonly accountId: string;
  readonly id: string;
  readonly number: string;
  readonly currency: string;
  readonly asOf: Instant;
  readonly issuedAt: Instant;
  readonly dueAt: Instant;
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
  readonly snapshot: { readonly seller: Record<string, unknown>; readonly buyer: Record<string, unknown> };
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

export const INVOICE_COLUMNS = `
  i.account_id as "accountId", i.id, i.number, i.currency, i.as_of as "asOf", i.issued_at as "issuedAt", i.due_at as "dueAt",
  i.period_start as "periodStart", i.period_end as "periodEnd", i.subtotal_minor as "subtotalMinor", i.discount_minor as "discountMinor",
  i.tax_minor as "taxMinor", i.total_minor as "totalMinor", i.applied_minor as "appliedMinor", i.due_minor as "dueMinor",
  i.credited_minor as "creditedMinor", i.taxes, i.snapshot`;

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

export function invoiceView(row: InvoiceRow, { account, lines, grantsApplied }: InvoiceParts): InvoiceView {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, row.currency);
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    account,
    currency: row.currency,
    asOf: formatInstant(row.asOf),
    issuedAt: formatInstant(row.issuedAt),
    dueAt: formatInstant(row.dueAt),
    periodStart: formatInstant(row.periodStart),
    periodEnd: formatInstant(row.periodEnd),
    lines: lines.map((line) => lineView(lineOf(line), row.currency)),
    subtotal: money(row.subtotalMinor),
    discount: money(row.discountMinor),
    taxes: row.taxes.map((tax) => taxView(tax, row.currency)),
    tax: money(row.taxMinor),
    total: money(row.totalMinor),
    amountApplied: money(row.appliedMinor),
    applied: appliedView({ ...row, grantsApplied }),
    amountDue: money(row.dueMinor),
    amountPaid: money(row.paidMinor),
    amountCredited: money(row.creditNotedMinor),
    amountUncollectible: money(row.leftMinor > row.openMinor ? row.leftMinor - row.openMinor : 0n),
    amountOpen: money(row.openMinor),
    balanceCredited: money(row.creditedMinor),
    paidAt: instant(row.paidAt),
    voidedAt: instant(row.status === 'void' ? row.closedAt : null),
    markedUncollectibleAt: instant(row.status === 'uncollectible' ? row.closedAt : null),
    sentAt: instant(row.sentAt),
    seller: row.snapshot.seller,
    buyer: row.snapshot.buyer,
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
