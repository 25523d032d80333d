import type { AccountKind, Duration, TaxRate } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';

/** The payment provider that collects for an account. */
export const PROVIDERS = ['manual', 'recurly', 'sandbox', 'stripe'] as const;
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

/** How long invoices with metered lines wait for usage that comes late; a count of 0 is not at all. */
export type Grace = Duration;

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
  readonly taxRates: readonly TaxRate[];
  readonly provider: ProviderName;
  readonly dunningPolicy: string | null;
  readonly pastDueSince: Instant | null;
  /** Key of who sells to it; null for the default seller. */
  readonly seller: string | null;
  /** Days from issue until its invoices are due; null for the seller's. */
  readonly paymentTermsDays: number | null;
  /** How long its metered invoices are drafts; null for the service's. */
  readonly usageGrace: Grace | null;
  readonly metadata: Readonly<Record<string, string>>;
}
