import type { Dataset } from '../common/datasets/dataset.js';
import { NOT_VOID } from './invoice-settlements.js';
import { INVOICE_NUMBERS } from './numbered-documents.js';

/** What credit grants paid of an invoice when it was issued. Relies on grant_entry_once. */
const GRANTS_APPLIED = `(select coalesce(-sum(g.amount_minor), 0)::bigint from grant_entry g
  where g.account_id = i.account_id and g.invoice_id = i.id and g.kind = 'applied')`;

/** Issued invoices as they were issued, and whether they are void by now: what was paid since is told by payments. */
export const INVOICES: Dataset = {
  name: 'invoices',
  row: 'an issued invoice',
  columns: [
    { name: 'invoice_number', type: 'text', sql: 'i.number' },
    { name: 'issued_at', type: 'instant', sql: 'i.issued_at' },
    { name: 'due_at', type: 'instant', sql: 'i.due_at' },
    { name: 'account', type: 'code', sql: 'a.key' },
    { name: 'buyer', type: 'text', sql: `i.snapshot -> 'buyer' ->> 'name'` },
    { name: 'seller', type: 'code', sql: `i.snapshot -> 'seller' ->> 'key'` },
    { name: 'currency', type: 'code', sql: 'i.currency' },
    { name: 'period_start', type: 'instant', sql: 'i.period_start' },
    { name: 'period_end', type: 'instant', sql: 'i.period_end' },
    { name: 'subtotal', type: 'money', sql: 'i.subtotal_minor' },
    { name: 'discount', type: 'money', sql: 'i.discount_minor' },
    { name: 'tax', type: 'money', sql: 'i.tax_minor' },
    { name: 'total', type: 'money', sql: 'i.total_minor' },
    { name: 'applied', type: 'money', sql: 'i.applied_minor' },
    { name: 'grants_applied', type: 'money', sql: GRANTS_APPLIED },
    { name: 'balance_applied', type: 'money', sql: `i.applied_minor - ${GRANTS_APPLIED}` },
    { name: 'due', type: 'money', sql: 'i.due_minor' },
    { name: 'credited', type: 'money', sql: 'i.credited_minor' },
    { name: 'void', type: 'flag', sql: `not ${NOT_VOID}` },
    { name: 'invoice_id', type: 'code', sql: 'i.id' },
  ],
  from: 'invoice i join account a on a.id = i.account_id',
  instant: 'i.issued_at',
  recorded: INVOICE_NUMBERS,
  order: 'i.series, i.n',
  totals: ['subtotal', 'discount', 'tax', 'total', 'applied', 'grants_applied', 'balance_applied', 'due', 'credited'],
};
