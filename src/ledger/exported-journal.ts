import type { Dataset } from '../common/datasets/dataset.js';
import { JOURNAL_CHAIN, SEALED_ENTRIES } from './sealed-entries.js';

/** Postings of the journal, entry by entry. Entries of no account in particular, as those of recognition, name none. */
export const JOURNAL: Dataset = {
  name: 'journal',
  row: 'a posting of a journal entry',
  columns: [
    { name: 'entry', type: 'code', sql: 'e.id' },
    { name: 'seller', type: 'code', sql: 'e.seller' },
    { name: 'at', type: 'instant', sql: 'e.at' },
    { name: 'event_at', type: 'instant', sql: 'coalesce(e.event_at, e.at)' },
    { name: 'accounting_period', type: 'code', sql: `to_char(e.at at time zone 'UTC', 'YYYY-MM')` },
    { name: 'purpose', type: 'code', sql: 'e.purpose' },
    { name: 'cause_kind', type: 'code', sql: 'e.cause_kind' },
    { name: 'cause', type: 'code', sql: 'e.cause_id' },
    { name: 'account', type: 'code', sql: 'a.key' },
    { name: 'invoice_number', type: 'text', sql: 'i.number' },
    { name: 'posting', type: 'integer', sql: 'p.n' },
    { name: 'ledger_account', type: 'code', sql: 'p.ledger_account' },
    { name: 'currency', type: 'code', sql: 'e.currency' },
    { name: 'debit', type: 'money', sql: 'greatest(p.amount_minor, 0)' },
    { name: 'credit', type: 'money', sql: 'greatest(-p.amount_minor, 0)' },
    { name: 'seal_number', type: 'integer', sql: 'c.seq' },
    { name: 'seal_hash', type: 'code', sql: 'c.hash' },
    { name: 'account_name', type: 'text', sql: 'a.name', hidden: true },
  ],
  from: `${SEALED_ENTRIES} join posting p on p.account_id = e.account_id and p.entry_id = e.id left join account a on a.id = e.account_id
    left join invoice i on i.account_id = e.account_id and i.id = e.invoice_id`,
  instant: 'e.at',
  recorded: JOURNAL_CHAIN,
  order: 'e.at, e.id, p.n',
  totals: ['debit', 'credit'],
};
