import type { LedgerAccount } from '../../domain/ledger.js';
import { amountsCheck, inLedger, owedToAccountsSql } from '../../ledger/compare-amounts.js';
import { openOnInvoicesSql } from '../../ledger/open-on-invoices.js';
import { OPEN_MINOR, WRITTEN_OFF_MINOR } from '../invoice-settlements.js';

/* What stands on a ledger account for each invoice, where it differs from what its settlement `s` says. */
const ofInvoices = (ledgerAccount: LedgerAccount, wanted: string): string => `
  select coalesce(i.number, o.invoice_id, '${ledgerAccount} without an invoice') as subject, coalesce(o.currency, i.currency) as currency,
    coalesce(o.open_minor, 0)::bigint as "isMinor", coalesce(w.wanted, 0)::bigint as "shouldMinor"
  from (${openOnInvoicesSql(ledgerAccount, `'infinity'`)}) o
  full join (select s.account_id, s.invoice_id, ${wanted} as wanted from invoice_settlement s where ${wanted} > 0) w
    on w.account_id = o.account_id and w.invoice_id = o.invoice_id
  left join invoice i on i.account_id = coalesce(o.account_id, w.account_id) and i.id = coalesce(o.invoice_id, w.invoice_id)
  where coalesce(o.open_minor, 0) <> coalesce(w.wanted, 0) and ($1::uuid is null or coalesce(o.account_id, w.account_id) = $1)
  order by 1`;

/** What is left to collect of each invoice is what its receivable comes to. */
export const receivablesCheck = amountsCheck('receivables', ofInvoices('accounts_receivable', OPEN_MINOR), inLedger('left to collect'));

/** What was written off of each invoice, and has neither come in nor been credited since, is what it is of bad debt. */
export const badDebtCheck = amountsCheck('bad debt', ofInvoices('bad_debt', WRITTEN_OFF_MINOR), inLedger('written off'));

/** What stands on each account's balance is what the ledger says that we owe it. */
export const balancesCheck = amountsCheck(
  'balances',
  owedToAccountsSql('customer_balance', 'select account_id, sum(amount_minor) as wanted from balance_entry group by account_id'),
  inLedger('on the balance'),
);

/** What is left of each account's paid grants is what the ledger says that it has prepaid. */
export const grantsCheck = amountsCheck(
  'credit grants',
  owedToAccountsSql(
    'prepaid_credits',
    `select account_id, sum(remaining_minor) as wanted from credit_grant where kind = 'paid' group by account_id`,
  ),
  inLedger('left of grants that were paid for'),
);
