import type { Check } from '../common/checks.js';
import { formatMoney } from '../domain/currency.js';
import type { LedgerAccount } from '../domain/ledger.js';

interface ComparedRow {
  readonly subject: string;
  readonly currency: string;
  readonly isMinor: bigint;
  readonly shouldMinor: bigint;
}

/** Tells what is wrong with two amounts. */
type Says = (is: string, should: string, currency: string) => string;

/** A check by one query: subject, currency, isMinor and shouldMinor of what differs; $1 is an account to look at alone, or null. */
export function amountsCheck(name: string, sql: string, says: Says): Check {
  return {
    name,
    group: 'ledger',
    narrows: true,
    run: async (tx, { accountId }) => {
      const rows = await tx.query<ComparedRow[]>(sql, [accountId ?? null]);
      return rows.map(({ subject, currency, isMinor, shouldMinor }) => ({
        subject,
        detail: says(formatMoney(isMinor, currency), formatMoney(shouldMinor, currency), currency),
      }));
    },
  };
}

/** For amounts that the ledger should know. */
export const inLedger =
  (what: string): Says =>
  (is, should, currency) =>
    `${is} ${currency} in the ledger, but ${should} ${what}`;

/** SQL for what we owe accounts by a ledger account, where it differs from what a query says: account_id, wanted. */
export const owedToAccountsSql = (ledgerAccount: LedgerAccount, wanted: string): string => `
  select a.key as subject, a.currency, coalesce(l.booked, 0)::bigint as "isMinor", coalesce(w.wanted, 0)::bigint as "shouldMinor"
  from (
    select e.account_id, -sum(p.amount_minor) as booked from posting p join journal_entry e on e.account_id = p.account_id and e.id = p.entry_id
    where p.ledger_account = '${ledgerAccount}' group by e.account_id) l
  full join (${wanted}) w on w.account_id = l.account_id
  join account a on a.id = coalesce(l.account_id, w.account_id)
  where coalesce(l.booked, 0) <> coalesce(w.wanted, 0) and ($1::uuid is null or a.id = $1) order by 1`;
