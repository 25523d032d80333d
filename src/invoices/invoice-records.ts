import type { AccountProfile } from '../accounts/account-profile.js';
import { newId } from '../common/ids.js';
import type { Draft, InvoiceType } from '../domain/billing/draft.js';
import type { Line } from '../domain/billing/line.js';
import type { PlanVersion } from '../domain/catalog.js';
import { earliest, formatInstant, type Instant, latest } from '../domain/instant.js';
import { versionKey } from '../domain/subscription/history.js';
import { storedTax } from './credit-notes/credit-note-rows.js';
import type { InvoiceTerms } from './invoice-view.js';
import type { Seller } from './sellers/sellers.service.js';

/** An invoice as it is named, and what a person said of it. */
export interface InvoiceDocument extends InvoiceTerms {
  readonly id: string;
  readonly type: InvoiceType;
}

/** What an invoice says, finalized or not. */
export interface InvoiceContent {
  readonly profile: AccountProfile;
  readonly seller: Seller;
  readonly document: InvoiceDocument;
  readonly draft: Draft;
  /** Those that the lines are of, and maybe others. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly asOf: Instant;
}

/** An invoice of which nobody said anything. */
export const plainDocument = (accountId: string, at: Instant): InvoiceDocument => ({
  id: newId('inv', at, accountId),
  type: 'subscription',
  memo: null,
  purchaseOrder: null,
  paymentTermsDays: null,
});

/** The columns that an invoice and a draft have in common. */
export function documentRecord({ profile, seller, document, draft, versions, asOf }: InvoiceContent) {
  const { id, type, memo, purchaseOrder, paymentTermsDays } = document;
  const bounds = draft.lines.map((line) => line.servicePeriod);
  return {
    account_id: profile.id,
    id,
    type,
    currency: draft.currency,
    as_of: formatInstant(asOf),
    period_start: formatInstant(bounds.map(({ start }) => start).reduce(earliest)),
    period_end: formatInstant(bounds.map(({ end }) => end).reduce(latest)),
    subtotal_minor: draft.subtotalMinor.toString(),
    discount_minor: draft.discountMinor.toString(),
    tax_minor: draft.taxMinor.toString(),
    total_minor: draft.totalMinor.toString(),
    applied_minor: draft.appliedMinor.toString(),
    due_minor: draft.dueMinor.toString(),
    credited_minor: draft.creditedMinor.toString(),
    taxes: draft.taxes.map(storedTax),
    snapshot: {
      seller: sellerSnapshot(seller),
      buyer: buyerSnapshot(profile),
      plans: plansOf(draft.lines, versions),
      memo,
      purchaseOrder,
      paymentTermsDays,
    },
  };
}

/** Who bought, as invoices and credit notes keep it. */
export const buyerSnapshot = ({
  pastDueSince: _pastDueSince,
  dunningPolicy: _dunningPolicy,
  seller: _seller,
  paymentTermsDays: _paymentTermsDays,
  usageGrace: _usageGrace,
  ...buyer
}: AccountProfile): object => buyer;

/** Who sold, as invoices and credit notes keep it. */
export const sellerSnapshot = ({
  key,
  name,
  address,
  taxIds,
  registrationNumber,
  email,
  iban,
  bic,
  paymentTerms,
  bankDetails,
}: Seller): object => ({
  key,
  name,
  address,
  taxIds,
  registrationNumber,
  email,
  iban,
  bic,
  paymentTerms,
  bankDetails,
});

/** The plan versions that the lines are of. */
function plansOf(lines: readonly Line[], versions: ReadonlyMap<string, PlanVersion>): PlanVersion[] {
  const keys = new Set(lines.map((line) => versionKey(line.plan ?? '', line.planVersion ?? 0)));
  return [...keys].flatMap((key) => versions.get(key) ?? []);
}
