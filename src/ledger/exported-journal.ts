import type { Dataset } from '../common/datasets/dataset.js';

/** Postings of the journal, entry by entry. */
export const JOURNAL: Dataset = {
  name: 'journal',
  row: 'a posting of a journal entry',
  columns: [
    { name: 'entry', type: 'code', sql: 'e.id' },
    { name: 'at', type: 'instant', sql: 'e.at' },
    { name: 'purpose', type: 'code', sql: 'e.purpose' },
    { name: 'cause_kind', type: 'code', sql: 'e.cause_kind' },
    { name: 'cause', type: 'code', sql: 'e.cause_id' },
    { name: 'account', type: 'code', sql: 'a.key' },
    { name: 'posting', type: 'integer', sql: 'p.n' },
    { name: 'ledger_account', type: 'code', sql: 'p.ledger_account' },
    { name: 'currency', type: 'code', sql: 'e.currency' },
    { name: 'debit', type: 'money', sql: 'greatest(p.amount_minor, 0)' },
    { name: 'credit', type: 'money', sql: 'greatest(-p.amount_minor, 0)' },
    { name: 'account_name', type: 'text', sql: 'a.name', hidden: true },
  ],
  from: 'journal_entry e join posting p on p.account_id = e.account_id and p.entry_id = e.id join account a on a.id = e.account_id',
  instant: 'e.at',
  recorded: 'e.recorded_xid',
  order: 'e.at, e.id, p.n',
  totals: ['debit', 'credit'],
};
