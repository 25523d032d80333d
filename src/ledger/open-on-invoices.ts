import type { LedgerAccount } from '../domain/ledger.js';

/**
 * SQL for what stands on a ledger account for each invoice, up to and with the instant: seller, account_id, invoice_id, currency, open_minor.
 * That of `accounts_receivable` is what is owed.
 */
export const openOnInvoicesSql = (ledgerAccount: LedgerAccount, asOf: string): string => `
  select e.seller, e.account_id, e.invoice_id, e.currency, sum(p.amount_minor)::bigint as open_minor
  from journal_entry e join posting p on p.account_id = e.account_id and p.entry_id = e.id
  where p.ledger_account = '${ledgerAccount}' and e.at <= ${asOf}
  group by e.seller, e.account_id, e.invoice_id, e.currency having sum(p.amount_minor) <> 0`;
