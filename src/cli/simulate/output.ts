import { discountOf, type BilledLine } from '../../domain/billing/line.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant, type Stretch } from '../../domain/instant.js';
import type { SimulatedInvoice } from '../../domain/simulation.js';
import { appliedView } from '../../invoices/applied-view.js';

export interface PeriodView {
  readonly start: string;
  readonly end: string;
}

/** A simulated invoice as the file format writes it: amounts as strings in major units, instants in UTC. */
export function invoiceView(invoice: SimulatedInvoice) {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, invoice.currency);
  return {
    at: formatInstant(invoice.at),
    currency: invoice.currency,
    lines: invoice.lines.map((line) => lineView(line, invoice.currency)),
    subtotal: money(invoice.subtotalMinor),
    discount: money(invoice.discountMinor),
    taxes: invoice.taxes.map((tax) => ({
      taxRate: tax.key,
      rate: tax.rate,
      taxable: money(tax.taxableMinor),
      amount: money(tax.amountMinor),
    })),
    tax: money(invoice.taxMinor),
    total: money(invoice.totalMinor),
    amountApplied: money(invoice.appliedMinor),
    applied: appliedView(invoice),
    amountDue: money(invoice.dueMinor),
    balanceCredited: money(invoice.creditedMinor),
  };
}

export type InvoiceView = ReturnType<typeof invoiceView>;

function lineView(line: BilledLine, currency: string) {
  return {
    id: line.id,
    subscription: line.subscription,
    plan: line.plan,
    planVersion: line.planVersion,
    price: line.price,
    kind: line.kind,
    description: line.description,
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    amount: formatMoney(line.amountMinor, currency),
    discount: formatMoney(discountOf(line), currency),
    servicePeriod: periodView(line.servicePeriod),
    proration: line.proration,
    ...(line.adjusts === null ? {} : { adjusts: line.adjusts }),
    ...(line.groups === null ? {} : { groups: line.groups }),
    breakdown: line.breakdown,
  };
}

export const periodView = ({ start, end }: Stretch): PeriodView => ({ start: formatInstant(start), end: formatInstant(end) });
