/** SQL for what is owed on each invoice by the ledger, up to and with the instant: seller, account_id, invoice_id, currency, open_minor. */
export const openReceivablesSql = (asOf: string): string => `
  select e.seller, e.account_id, e.invoice_id, e.currency, sum(p.amount_minor)::bigint as open_minor
  from journal_entry e join posting p on p.account_id = e.account_id and p.entry_id = e.id
  where p.ledger_account = 'accounts_receivable' and e.at <= ${asOf}
  group by e.seller, e.account_id, e.invoice_id, e.currency having sum(p.amount_minor) <> 0`;
