import type { Dataset } from '../common/datasets/dataset.js';
import { JOURNAL_CHAIN, SEALED_ENTRIES } from '../ledger/sealed-entries.js';

/** Money that moved: payments that came in, and refunds with a minus; one that came back stands there with a plus, too. Each is there once its journal entry is, which is made once and never changes. */
export const PAYMENTS: Dataset = {
  name: 'payments',
  row: 'a payment that came in, or a refund that went out or came back',
  columns: [
    { name: 'booked_at', type: 'instant', sql: 'e.at' },
    { name: 'kind', type: 'code', sql: 'e.cause_kind' },
    { name: 'payment', type: 'code', sql: 'p.id' },
    { name: 'refund', type: 'code', sql: 'f.id' },
    { name: 'account', type: 'code', sql: 'a.key' },
    { name: 'invoice_number', type: 'text', sql: 'i.number' },
    { name: 'provider', type: 'code', sql: 'p.provider' },
    { name: 'method', type: 'text', sql: 'p.method' },
    { name: 'reference', type: 'text', sql: 'p.reference' },
    { name: 'received_on', type: 'day', sql: 'p.received_on' },
    { name: 'reason', type: 'text', sql: 'f.reason' },
    { name: 'currency', type: 'code', sql: 'e.currency' },
    {
      name: 'amount',
      type: 'money',
      sql: `case when e.purpose = 'refund_failed' then f.amount_minor else coalesce(-f.amount_minor, p.amount_minor) end`,
    },
    { name: 'entry', type: 'code', sql: 'e.id' },
  ],
  from: `${SEALED_ENTRIES}
    left join refund f on f.account_id = e.account_id and f.id = e.cause_id
    join payment p on p.account_id = e.account_id and p.id = coalesce(f.payment_id, e.cause_id)
    join account a on a.id = e.account_id
    left join invoice i on i.account_id = p.account_id and i.id = p.invoice_id`,
  where: `e.purpose in ('payment_received', 'payment_refunded', 'refund_failed')`,
  instant: 'e.at',
  recorded: JOURNAL_CHAIN,
  order: 'e.at, e.id',
  totals: ['amount'],
};
