import { TARGET, invoiceLayout } from './invoice-layout.js';
import { daySql, said, TAX_CODE } from './layout.js';

/** QuickBooks Online's import of invoices, with tax codes and currencies. */
export const QUICKBOOKS = invoiceLayout('quickbooks', [
  said('*InvoiceNo', 'r.invoice_number'),
  said('*Customer', 'r.buyer_name'),
  said('*InvoiceDate', daySql('issued_at', 'MM/DD/YYYY')),
  said('*DueDate', daySql('due_at', 'MM/DD/YYYY')),
  said('Memo', 'r.account'),
  said('Item(Product/Service)', TARGET),
  said('ItemDescription', 'r.description'),
  { name: 'ItemQuantity', type: 'code', sql: `'1'` },
  { name: 'ItemRate', type: 'money', sql: 'r.net' },
  { name: '*ItemAmount', type: 'money', sql: 'r.net' },
  said('*ItemTaxCode', TAX_CODE),
  { name: 'Currency', type: 'code', sql: 'r.currency' },
  said('Service Date', daySql('service_start', 'MM/DD/YYYY')),
]);
