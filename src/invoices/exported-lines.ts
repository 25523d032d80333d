import type { Dataset } from '../common/datasets/dataset.js';
import { NOT_VOID } from './invoice-settlements.js';
import { INVOICE_NUMBERS } from './numbered-documents.js';

const DISCOUNT = `(select coalesce(sum((d ->> 'amountMinor')::bigint), 0)::bigint from jsonb_array_elements(l.discounts) d)`;
const BUYER = `i.snapshot -> 'buyer'`;

/** Lines of issued invoices, and whether these are void by now. */
export const INVOICE_LINES: Dataset = {
  name: 'invoice-lines',
  row: 'a line of an issued invoice',
  columns: [
    { name: 'invoice_number', type: 'text', sql: 'i.number' },
    { name: 'issued_at', type: 'instant', sql: 'i.issued_at' },
    { name: 'account', type: 'code', sql: 'a.key' },
    { name: 'currency', type: 'code', sql: 'i.currency' },
    { name: 'line', type: 'integer', sql: 'l.n' },
    { name: 'kind', type: 'code', sql: 'l.kind' },
    { name: 'subscription', type: 'code', sql: 'l.subscription' },
    { name: 'plan', type: 'code', sql: 'l.plan' },
    { name: 'plan_version', type: 'integer', sql: 'l.plan_version' },
    { name: 'price', type: 'code', sql: 'l.price' },
    { name: 'description', type: 'text', sql: 'l.description' },
    { name: 'quantity', type: 'decimal', sql: 'l.quantity' },
    { name: 'unit_price', type: 'decimal', sql: 'l.unit_price' },
    { name: 'amount', type: 'money', sql: 'l.amount_minor' },
    { name: 'discount', type: 'money', sql: DISCOUNT },
    { name: 'net', type: 'money', sql: `l.amount_minor - ${DISCOUNT}` },
    { name: 'tax_rates', type: 'text', sql: `array_to_string(array(select t ->> 'key' from jsonb_array_elements(l.taxes) t), ' ')` },
    { name: 'service_start', type: 'instant', sql: 'l.service_start' },
    { name: 'service_end', type: 'instant', sql: 'l.service_end' },
    { name: 'proration', type: 'flag', sql: 'l.proration' },
    { name: 'adjusts', type: 'code', sql: 'l.adjusts' },
    { name: 'void', type: 'flag', sql: `not ${NOT_VOID}` },
    { name: 'line_id', type: 'code', sql: 'l.id' },
    { name: 'due_at', type: 'instant', sql: 'i.due_at', hidden: true },
    {
      name: 'product',
      type: 'code',
      sql: `case when l.subscription is null then 'manual' else (select v.content ->> 'product' from plan_version v where v.plan = l.plan and v.version = l.plan_version) end`,
      hidden: true,
    },
    {
      name: 'tax_kinds',
      type: 'text',
      sql: `(select string_agg(distinct case when (t ->> 'inclusive')::boolean then 'inclusive' else 'exclusive' end, ' ') from jsonb_array_elements(l.taxes) t)`,
      hidden: true,
    },
    { name: 'buyer_name', type: 'text', sql: `${BUYER} ->> 'name'`, hidden: true },
    { name: 'buyer_email', type: 'text', sql: `${BUYER} ->> 'email'`, hidden: true },
    { name: 'buyer_address', type: 'json', sql: `${BUYER} -> 'address'`, hidden: true },
  ],
  from: 'invoice i join invoice_line l on l.account_id = i.account_id and l.invoice_id = i.id join account a on a.id = i.account_id',
  instant: 'i.issued_at',
  recorded: INVOICE_NUMBERS,
  order: 'i.series, i.n, l.n',
  totals: ['amount', 'discount', 'net'],
};
