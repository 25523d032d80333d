import { formatMoney } from '../../domain/currency.js';
import { formatInstant } from '../../domain/instant.js';
import { appliedView } from '../applied-view.js';
import { lineView, taxView } from '../invoice-view.js';
import { type PreviewedBill, previewIds } from './preview-bill.js';
import type { InvoicePreviewView } from './previews.dto.js';

/** A bill that was not stored, as callers see it. */
export function previewView({ at, draft }: PreviewedBill, bill: 'now' | 'next'): InvoicePreviewView {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, draft.currency);
  const ids = previewIds(draft, bill);
  return {
    at: formatInstant(at),
    currency: draft.currency,
    lines: draft.lines.map((line, i) => lineView({ ...line, id: ids[i] ?? '', creditNotedMinor: 0n }, draft.currency)),
    subtotal: money(draft.subtotalMinor),
    discount: money(draft.discountMinor),
    taxes: draft.taxes.map((tax) => taxView(tax, draft.currency)),
    tax: money(draft.taxMinor),
    total: money(draft.totalMinor),
    amountApplied: money(draft.appliedMinor),
    applied: appliedView(draft),
    amountDue: money(draft.dueMinor),
    balanceCredited: money(draft.creditedMinor),
  };
}
