import { JOURNAL } from '../../ledger/exported-journal.js';
import { codeOf } from '../mappings/mapping-content.js';
import { ledgerDaySql, type Layout, mapped, missing, said } from './layout.js';

/** A general journal, posting by posting, under the headings of QuickBooks Online's import of journal entries. */
export const GENERAL_JOURNAL: Layout = {
  name: 'general-journal',
  dataset: JOURNAL.name,
  columns: [
    said('*JournalNo', 'r.entry'),
    said('*JournalDate', ledgerDaySql('at', 'YYYY-MM-DD')),
    said('*AccountName', mapped('ledgerAccounts', 'r.ledger_account')),
    { name: '*Debits', type: 'money', sql: 'nullif(r.debit, 0)' },
    { name: '*Credits', type: 'money', sql: 'nullif(r.credit, 0)' },
    said('Description', `r.purpose || ' ' || r.cause`),
    said('Name', 'r.account_name'),
    { name: 'Currency', type: 'code', sql: 'r.currency' },
  ],
  needs: ['ledger_account'],
  problems: (rows, { ledgerAccounts }) =>
    rows.flatMap(([account]) =>
      codeOf(ledgerAccounts, account ?? '') === undefined
        ? [missing('ledgerAccounts', account ?? '', `Nothing says which account of the books "${account ?? ''}" is.`)]
        : [],
    ),
};
