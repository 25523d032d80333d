import { formatMoney, minorDecimals } from '../../../domain/currency.js';
import { countryName } from '../../../domain/documents/countries.js';
import { percentOf } from '../../../domain/documents/snapshot.js';
import type { BillingDocument, DateRange, IsoDate, PostalAddress, Settled } from '../../../domain/documents/document.js';

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** 1 February 2026. */
export function longDate(date: IsoDate): string {
  const [year = '', month = '', day = ''] = date.split('-');
  return `${String(Number(day))} ${MONTHS[Number(month) - 1] ?? month} ${year}`;
}

const shortDate = (date: IsoDate): string => {
  const [year = '', month = '', day = ''] = date.split('-');
  return `${String(Number(day))} ${(MONTHS[Number(month) - 1] ?? month).slice(0, 3)} ${year}`;
};

/** 1 Jan 2026 – 31 Jan 2026; a single day stands alone. */
export const rangeText = ({ from, to }: DateRange): string => (from === to ? shortDate(from) : `${shortDate(from)} – ${shortDate(to)}`);

/** Groups of three digits before the point: 1,234,567.891. */
export function grouped(decimal: string): string {
  const [whole = '', part] = decimal.split('.');
  const digits = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return part === undefined ? digits : `${digits}.${part}`;
}

/** Money without its currency, always with the currency's own number of decimals. */
export const moneyText = (amountMinor: bigint, currency: string): string => grouped(formatMoney(amountMinor, currency));

/** A price with as many decimals as it needs, and at least those of the currency. */
export function priceText(price: string, currency: string): string {
  const [whole = '', part = ''] = price.split('.');
  const decimals = part.padEnd(minorDecimals(currency), '0');
  return grouped(decimals === '' ? whole : `${whole}.${decimals}`);
}

export const percentText = (rate: string): string => `${percentOf(rate)} %`;

/** What stands above: an invoice with a total below zero says that it gives money back. */
export const titleOf = ({ kind, totalMinor }: BillingDocument): string =>
  kind === 'credit_note' ? 'Credit note' : totalMinor < 0n ? 'Invoice (credit)' : 'Invoice';

/** The lines of an address, with the name of the country. */
export function addressLines({ line1, line2, postalCode, city, region: state, country }: PostalAddress): string[] {
  const town = [postalCode, city].filter((part) => part !== undefined).join(' ');
  return [
    line1,
    line2,
    [town, state].filter((part) => part !== undefined && part !== '').join(', '),
    country === undefined ? undefined : countryName(country),
  ].filter((line): line is string => line !== undefined && line !== '');
}

/** "eu_vat" is "VAT", "us_ein" is "US EIN". */
export function taxIdLabel(type: string): string {
  const [country = '', kind = ''] = type.split('_', 2);
  return kind === 'vat' ? 'VAT no.' : `${country} ${kind}`.toUpperCase();
}

export const SETTLED_WORDS: Readonly<Record<Settled['kind'], string>> = {
  grant: 'Paid from prepaid credit',
  balance: 'Paid from account balance',
  balance_credited: 'Credited to account balance',
  reduces_invoice: 'Taken off what is unpaid',
  refund: 'To be refunded',
  refunded_before: 'Refunded before',
};
