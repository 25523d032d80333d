import { exact, shown } from '../decimal.js';
import { DAY, formatInstant, type Instant, type Stretch } from '../instant.js';
import { isTimeZone, localDay } from '../period.js';
import type { TaxTotal } from '../billing/tax.js';
import type { DateRange, DocumentTax, IsoDate, Party, PostalAddress, SellingParty, TaxNumber } from './document.js';

/** What an invoice or a credit note froze of who sold and who bought. */
export interface Snapshot {
  readonly seller: Readonly<Record<string, unknown>>;
  readonly buyer: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, unknown>>;

const text = (fields: Fields, name: string): string | null => {
  const value = fields[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
};

function partyOf(fields: Fields): Party {
  return {
    name: text(fields, 'name') ?? '',
    address: addressOf(fields['address']),
    taxIds: taxIdsOf(fields['taxIds']),
    email: text(fields, 'email'),
  };
}

export const buyerOf = ({ buyer }: Snapshot): Party => partyOf(buyer);

export const sellerOf = ({ seller }: Snapshot): SellingParty => ({
  ...partyOf(seller),
  registrationNumber: text(seller, 'registrationNumber'),
  iban: text(seller, 'iban')?.replaceAll(' ', '') ?? null,
  bic: text(seller, 'bic'),
  bankDetails: text(seller, 'bankDetails'),
  paymentTerms: text(seller, 'paymentTerms'),
});

function addressOf(value: unknown): PostalAddress | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Fields;
  const known = ['line1', 'line2', 'city', 'region', 'postalCode', 'country'].flatMap((name) => {
    const found = text(fields, name);
    return found === null ? [] : [[name, found] as const];
  });
  return known.length === 0 ? null : Object.fromEntries(known);
}

function taxIdsOf(value: unknown): TaxNumber[] {
  return Array.isArray(value) ? (value as TaxNumber[]).map(({ type, value: number }) => ({ type, value: number })) : [];
}

/** The taxes with the reasons for charging none: those that were frozen with them, else the first that the snapshots have for the rate's key. */
export function taxesOf(taxes: readonly TaxTotal[], snapshots: readonly Snapshot[]): DocumentTax[] {
  const rates = snapshots.flatMap(({ buyer }) => (Array.isArray(buyer['taxRates']) ? (buyer['taxRates'] as Fields[]) : []));
  return taxes.map((tax) => {
    const reasons = rates.filter((rate) => rate['key'] === tax.key).map((rate) => text(rate, 'exemptionReason'));
    return { ...tax, exemptionReason: tax.exemptionReason ?? reasons.find((reason) => reason !== null) ?? null };
  });
}

/** The buyer's time zone, in which periods are told: UTC where the snapshot names none. */
export function timeZoneOf({ buyer }: Snapshot): string {
  const name = text(buyer, 'timeZone');
  return name !== null && isTimeZone(name) ? name : 'UTC';
}

/** The day of the books in which an instant lies. */
export const utcDate = (at: Instant): IsoDate => formatInstant(at).slice(0, 10);

/** The local days of a period, of which the last still belongs to it. */
export function datesOf({ start, end }: Stretch, timeZone: string): DateRange {
  const date = (at: Instant): IsoDate => utcDate(localDay(at, timeZone) * DAY);
  return { from: date(start), to: date(end > start ? end - 1n : end) };
}

/** "0.19" is "19": a rate as a percentage, without trailing zeros. */
export const percentOf = (rate: string): string => shown(exact(rate).mul(100), 10);
