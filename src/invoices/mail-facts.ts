import type { AccountProfile } from '../accounts/account-profile.js';
import { formatMoney } from '../domain/currency.js';
import type { MailFacts } from '../domain/mail/templates.js';
import type { InvoiceRow } from './invoice-view.js';

/** What mails about an invoice say of it, and of whom they go to: as the account is now, and the seller was when it was issued. */
export const mailFacts = (
  { number, currency, snapshot }: InvoiceRow,
  { name, timeZone, openMinor }: Pick<AccountProfile, 'name' | 'timeZone'> & { readonly openMinor: bigint },
): MailFacts => ({
  seller: String(snapshot.seller['name']),
  name,
  number,
  amount: `${formatMoney(openMinor, currency)} ${currency}`,
  timeZone,
});
