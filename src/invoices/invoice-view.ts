import { type BilledLine, discountOf } from '../domain/billing/line.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { appliedView } from './applied-view.js';
import { lineOf, type LineRow } from './billed-lines.js';
import type { InvoiceApplication } from './grants/grant-entries.js';
import type { InvoiceLineView, InvoiceView } from './invoices.dto.js';

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
    taxableMinor: string;
    amountMinor: string;
  }[];
  readonly snapshot: { readonly seller: Record<string, unknown>; readonly buyer: Record<string, unknown> };
  readonly paidMinor: bigint;
  readonly paidAt: Instant | null;
}

export const INVOICE_COLUMNS = `
  i.account_id as "accountId", i.id, i.number, i.currency, i.as_of as "asOf", i.issued_at as "issuedAt", i.due_at as "dueAt",
  i.period_start as "periodStart", i.period_end as "periodEnd", i.subtotal_minor as "subtotalMinor", i.discount_minor as "discountMinor",
  i.tax_minor as "taxMinor", i.total_minor as "totalMinor", i.applied_minor as "appliedMinor", i.due_minor as "dueMinor",
  i.credited_minor as "creditedMinor", i.taxes, i.snapshot`;

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
    status: row.paidMinor === row.dueMinor ? 'paid' : 'finalized',
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
    taxes: row.taxes.map(({ key, name, rate, category, inclusive, taxableMinor, amountMinor }) => ({
      taxRate: key,
      name,
      rate,
      category,
      inclusive,
      taxable: money(BigInt(taxableMinor)),
      amount: money(BigInt(amountMinor)),
    })),
    tax: money(row.taxMinor),
    total: money(row.totalMinor),
    amountApplied: money(row.appliedMinor),
    applied: appliedView({ ...row, grantsApplied }),
    amountDue: money(row.dueMinor),
    amountPaid: money(row.paidMinor),
    balanceCredited: money(row.creditedMinor),
    paidAt: row.paidAt === null ? null : formatInstant(row.paidAt),
    seller: row.snapshot.seller,
    buyer: row.snapshot.buyer,
  };
}

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
