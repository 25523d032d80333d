import { TARGET, invoiceLayout } from './invoice-layout.js';
import { daySql, said, TAX_CODE } from './layout.js';

/** NetSuite's import of invoices: lines of one External ID are one invoice. */
export const NETSUITE = invoiceLayout('netsuite', [
  said('External ID', 'r.invoice_number'),
  said('Customer', 'r.buyer_name'),
  said('Date', daySql('issued_at', 'MM/DD/YYYY')),
  said('Due Date', daySql('due_at', 'MM/DD/YYYY')),
  { name: 'Currency', type: 'code', sql: 'r.currency' },
  said('Memo', 'r.account'),
  said('Item', TARGET),
  said('Description', 'r.description'),
  { name: 'Quantity', type: 'code', sql: `'1'` },
  { name: 'Rate', type: 'money', sql: 'r.net' },
  { name: 'Amount', type: 'money', sql: 'r.net' },
  said('Tax Code', TAX_CODE),
]);
