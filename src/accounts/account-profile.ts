import type { AccountKind, TaxRate } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';

/** The payment provider that collects for an account. */
export const PROVIDERS = ['manual', 'sandbox'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

export interface Address {
  readonly line1: string;
  readonly line2?: string;
  readonly city: string;
  readonly region?: string;
  readonly postalCode?: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
}

export interface TaxId {
  /** Country or union and kind of number, such as `eu_vat` or `us_ein`. */
  readonly type: string;
  readonly value: string;
}

/** Who is billed, as invoices need it: with the tax rates themselves instead of their keys. */
export interface AccountProfile {
  readonly id: string;
  readonly key: string;
  readonly kind: AccountKind;
  readonly name: string;
  readonly email: string | null;
  readonly currency: string;
  readonly timeZone: string;
  readonly address: Address | null;
  readonly taxIds: readonly TaxId[];
  readonly taxRates: readonly (TaxRate & { readonly exemptionReason?: string })[];
  readonly provider: ProviderName;
  readonly dunningPolicy: string | null;
  readonly pastDueSince: Instant | null;
  readonly metadata: Readonly<Record<string, string>>;
}
