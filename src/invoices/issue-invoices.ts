import { Injectable } from '@nestjs/common';
import type { AccountProfile } from '../accounts/account-profile.js';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { defineFact, Hooks } from '../common/hooks.js';
import { newId } from '../common/ids.js';
import { balanceAppliedOf, type Draft } from '../domain/billing/draft.js';
import type { Line } from '../domain/billing/line.js';
import type { PlanVersion } from '../domain/catalog.js';
import { formatMoney } from '../domain/currency.js';
import { DAY, earliest, formatInstant, type Instant, latest } from '../domain/instant.js';
import { versionKey } from '../domain/subscription/history.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { insertBalanceChanges } from './balances.js';
import { insertLines, type NewLine } from './billed-lines.js';
import { storedTax } from './credit-notes/credit-note-rows.js';
import { insertGrantEntries, type NewGrantEntry } from './grants/grant-entries.js';
import { booksOf } from './invoice-books.js';
import { type SeriesNumber, takeNumbers } from './number-series.js';
import { type Seller, SellersService } from './sellers/sellers.service.js';

/** Invoices that were finalized just now, and what is left to collect of each. */
export interface FinalizedInvoice {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly currency: string;
  readonly dueMinor: bigint;
}

export const invoicesFinalized = defineFact<{ readonly invoices: readonly FinalizedInvoice[] }>('invoices.finalized');

/** A draft, and whose it is. */
export interface Issue {
  readonly profile: AccountProfile;
  readonly draft: Draft;
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly asOf: Instant;
  /** The clock's time at which the draft was made. */
  readonly billedAt: Instant;
}

interface Made extends Issue {
  readonly id: string;
  readonly lines: readonly NewLine[];
}

/** Everything that bears the instant of issue but the entries: one statement, while the series is held. */
const INSERT_INVOICES = `
  with i as materialized (
    select * from jsonb_to_recordset($1::jsonb) as i(account_id uuid, id text, series text, n bigint, number text, currency text, as_of timestamptz,
      issued_at timestamptz, due_at timestamptz, period_start timestamptz, period_end timestamptz, subtotal_minor bigint, discount_minor bigint,
      tax_minor bigint, total_minor bigint, applied_minor bigint, due_minor bigint, credited_minor bigint, taxes jsonb, snapshot jsonb)),
  numbers as (insert into invoice_number (series, n, account_id, invoice_id) select series, n, account_id, id from i),
  settled as (
    update invoice_settlement s set paid_at = i.issued_at from i
    where i.due_minor = 0 and s.account_id = i.account_id and s.invoice_id = i.id)
  insert into invoice (account_id, id, series, n, number, currency, as_of, issued_at, due_at, period_start, period_end,
    subtotal_minor, discount_minor, tax_minor, total_minor, applied_minor, due_minor, credited_minor, taxes, snapshot, seal)
  select account_id, id, series, n, number, currency, as_of, issued_at, due_at, period_start, period_end,
    subtotal_minor, discount_minor, tax_minor, total_minor, applied_minor, due_minor, credited_minor, taxes, snapshot, invoice_seal(taxes, snapshot) from i`;

/* Before the invoices: what is told of their finalizing begins to collect them. */
const INSERT_SETTLEMENTS = `
  insert into invoice_settlement (account_id, invoice_id, due_minor) select * from unnest($1::uuid[], $2::text[], $3::bigint[])`;

/** Finalizes drafts: freezes what they rest on, posts them, numbers them. */
@Injectable()
export class IssueInvoices {
  constructor(
    private readonly clock: Clock,
    private readonly hooks: Hooks,
    private readonly ledger: LedgerService,
    private readonly sellers: SellersService,
    private readonly audit: Audit,
  ) {}

  /**
   * In the order given, which is the order of their numbers. The counter is taken last, so that it is held shortly; what bears the instant
   * of issue, which only the counter knows, is written after it. Answers the invoices' ids.
   */
  async run(tx: Tx, issues: readonly Issue[], actor: Actor): Promise<string[]> {
    if (issues.length === 0) return [];
    const now = this.clock.now();
    const made = issues.map((issue) => madeOf(issue, now));
    const seller = await this.sellers.standard(tx);
    await insertLines(
      tx,
      made.flatMap(({ lines }) => lines),
    );
    await insertGrantEntries(tx, made.flatMap(applicationsOf));
    const finalized = made.map(({ profile, id, draft }) => ({
      accountId: profile.id,
      invoiceId: id,
      currency: draft.currency,
      dueMinor: draft.dueMinor,
    }));
    await tx.query(INSERT_SETTLEMENTS, [
      finalized.map(({ accountId }) => accountId),
      finalized.map(({ invoiceId }) => invoiceId),
      finalized.map(({ dueMinor }) => dueMinor.toString()),
    ]);
    await this.hooks.tell(tx, invoicesFinalized, { invoices: finalized });
    await this.audit.recordMany(
      tx,
      made.map(({ profile, id, draft }) => ({
        actor,
        action: 'invoice.finalized',
        accountId: profile.id,
        subjectType: 'invoice',
        subjectId: id,
        after: { currency: draft.currency, total: formatMoney(draft.totalMinor, draft.currency) },
      })),
    );
    await this.number(tx, made, { seller, now });
    return made.map(({ id }) => id);
  }

  /** One instant for an invoice, its entries, what it does to the balance and how it is settled: no month takes one without the other. */
  private async number(tx: Tx, made: readonly Made[], { seller, now }: { readonly seller: Seller; readonly now: Instant }): Promise<void> {
    const { issuedAt, numbers } = await takeNumbers(tx, seller.series, made.length, now);
    const rows = made.flatMap((one, i) => {
      const taken = numbers[i];
      return taken ? [invoiceRow(one, { seller, issuedAt, ...taken })] : [];
    });
    await tx.query(INSERT_INVOICES, [JSON.stringify(rows)]);
    await insertBalanceChanges(
      tx,
      made.map(({ profile, id, draft }) => ({
        accountId: profile.id,
        at: issuedAt,
        amountMinor: draft.creditedMinor - balanceAppliedOf(draft),
        causeKind: 'invoice',
        causeId: id,
      })),
    );
    const books = made.map(({ profile, id, draft, lines }) =>
      booksOf({ ...draft, accountId: profile.id, id, seller: seller.key, issuedAt, timeZone: profile.timeZone, lines }),
    );
    await this.ledger.post(
      tx,
      books.flatMap(({ entries }) => entries),
    );
    await this.ledger.recordRevenue(
      tx,
      books.flatMap(({ revenue }) => revenue),
    );
  }
}

function madeOf(issue: Issue, now: Instant): Made {
  const accountId = issue.profile.id;
  const id = newId('inv', now, accountId);
  const lines = issue.draft.lines.map((line, i) => ({ ...line, accountId, invoiceId: id, id: newId('line', now, accountId), n: i + 1 }));
  return { ...issue, id, lines };
}

/** A grant is burnt down at the moment in which that was decided, which is before its expiry; the number may come later. */
const applicationsOf = ({ profile, draft, id, billedAt }: Made): NewGrantEntry[] =>
  draft.grantsApplied.map(({ grant, amountMinor }) => ({
    accountId: profile.id,
    grant,
    at: billedAt,
    kind: 'applied',
    amountMinor: -amountMinor,
    invoiceId: id,
    reason: null,
  }));

interface Numbering extends SeriesNumber {
  readonly seller: Seller;
  readonly issuedAt: Instant;
}

function invoiceRow({ profile, draft, versions, asOf, id }: Made, { seller, issuedAt, n, number }: Numbering): object {
  const bounds = draft.lines.map((line) => line.servicePeriod);
  return {
    account_id: profile.id,
    id,
    series: seller.series,
    n: n.toString(),
    number,
    currency: draft.currency,
    as_of: formatInstant(asOf),
    issued_at: formatInstant(issuedAt),
    due_at: formatInstant(issuedAt + BigInt(seller.paymentTermsDays) * DAY),
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
    snapshot: { seller: sellerSnapshot(seller), buyer: buyerSnapshot(profile), plans: plansOf(draft.lines, versions) },
  };
}

/** Who bought, as invoices and credit notes keep it. */
export const buyerSnapshot = ({ pastDueSince: _pastDueSince, ...buyer }: AccountProfile): object => buyer;

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
  const keys = new Set(lines.map((line) => versionKey(line.plan, line.planVersion)));
  return [...keys].flatMap((key) => versions.get(key) ?? []);
}
