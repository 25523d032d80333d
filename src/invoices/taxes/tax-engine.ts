import type { AccountProfile } from '../../accounts/account-profile.js';
import type { UntaxedLine } from '../../domain/billing/draft.js';
import type { LineTax } from '../../domain/billing/line.js';
import type { Instant } from '../../domain/instant.js';

/** A new charge whose taxes are asked for, and the rates that the own table has for it. */
export interface TaxableLine {
  readonly line: UntaxedLine;
  readonly rates: readonly LineTax[];
}

/** An invoice that has no number yet: who buys, and its new charges. Lines that adjust others bear the taxes of those. */
export interface TaxableInvoice {
  readonly buyer: AccountProfile;
  readonly currency: string;
  readonly billedAt: Instant;
  readonly lines: readonly TaxableLine[];
}

/** The taxes of each line, in their order; or why they cannot be told, for whoever must mend it. */
export type TaxAssessment = { readonly taxes: readonly (readonly LineTax[])[] } | { readonly refused: string };

/**
 * Says which taxes charges bear. It is asked for many invoices in one call, before any number is taken, and for previews, too: it must store
 * nothing, and answer the same for the same. It answers an assessment for each invoice, in their order; it rejects within seconds where it
 * cannot answer. What a rate comes to is not its matter: that is calculated for each rate on the sum of its lines.
 */
export interface TaxEngine {
  assess(invoices: readonly TaxableInvoice[]): Promise<readonly TaxAssessment[]>;
}

export const TAX_ENGINE = Symbol('tax engine');
