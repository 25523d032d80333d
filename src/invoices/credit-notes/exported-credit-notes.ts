import type { Dataset } from '../../common/datasets/dataset.js';
import { CREDIT_NOTE_NUMBERS } from '../numbered-documents.js';

/** Credit notes as they were issued; what of their refunds could not be made is told by the journal. */
export const CREDIT_NOTES: Dataset = {
  name: 'credit-notes',
  row: 'an issued credit note',
  columns: [
    { name: 'credit_note_number', type: 'text', sql: 'c.number' },
    { name: 'issued_at', type: 'instant', sql: 'c.issued_at' },
    { name: 'invoice_number', type: 'text', sql: 'i.number' },
    { name: 'account', type: 'code', sql: 'a.key' },
    { name: 'buyer', type: 'text', sql: `c.snapshot -> 'buyer' ->> 'name'` },
    { name: 'seller', type: 'code', sql: `c.snapshot -> 'seller' ->> 'key'` },
    { name: 'reason', type: 'text', sql: 'c.reason' },
    { name: 'currency', type: 'code', sql: 'c.currency' },
    { name: 'subtotal', type: 'money', sql: 'c.subtotal_minor' },
    { name: 'tax', type: 'money', sql: 'c.tax_minor' },
    { name: 'total', type: 'money', sql: 'c.total_minor' },
    { name: 'reduced', type: 'money', sql: 'c.reduced_minor' },
    { name: 'recovered', type: 'money', sql: 'c.recovered_minor' },
    { name: 'refunded_before', type: 'money', sql: 'c.covered_minor' },
    { name: 'balance_credited', type: 'money', sql: 'c.balance_minor' },
    { name: 'refunded', type: 'money', sql: 'c.refund_minor' },
    { name: 'credit_note_id', type: 'code', sql: 'c.id' },
    { name: 'invoice_id', type: 'code', sql: 'i.id' },
  ],
  from: 'credit_note c join invoice i on i.account_id = c.account_id and i.id = c.invoice_id join account a on a.id = c.account_id',
  instant: 'c.issued_at',
  recorded: CREDIT_NOTE_NUMBERS,
  order: 'c.series, c.n',
  totals: ['subtotal', 'tax', 'total', 'reduced', 'recovered', 'refunded_before', 'balance_credited', 'refunded'],
};
