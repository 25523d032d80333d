import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { defineFact, Hooks } from '../common/hooks.js';
import { newId } from '../common/ids.js';
import { balanceAppliedOf } from '../domain/billing/draft.js';
import { grouped } from '../domain/billing/slot.js';
import { formatMoney } from '../domain/currency.js';
import { DAY, formatInstant, type Instant } from '../domain/instant.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { insertBalanceChanges } from './balances.js';
import { deleteDrafts } from './drafts/draft-records.js';
import { insertGrantEntries, type NewGrantEntry } from './grants/grant-entries.js';
import { booksOf } from './invoice-books.js';
import { documentRecord, type InvoiceContent, type InvoiceDocument, plainDocument } from './invoice-records.js';
import { insertLines, type NewLine } from './new-lines.js';
import { type SeriesNumber, takeNumbers } from './number-series.js';
import { type Seller, SellersService, seriesAt } from './sellers/sellers.service.js';

/** Invoices that were finalized just now, and what is left to collect of each. */
export interface FinalizedInvoice {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly currency: string;
  readonly dueMinor: bigint;
}

export const invoicesFinalized = defineFact<{ readonly invoices: readonly FinalizedInvoice[] }>('invoices.finalized');

/** A bill, and whose it is. */
export interface Issue extends Omit<InvoiceContent, 'seller' | 'document'> {
  /** The clock's time at which the bill was made. */
  readonly billedAt: Instant;
  /** The draft that it finalizes, or what a person said of it. */
  readonly document?: InvoiceDocument;
}

interface Made extends Issue, InvoiceContent {
  readonly document: InvoiceDocument;
  readonly id: string;
  readonly lines: readonly NewLine[];
}

interface Numbered extends Made, SeriesNumber {
  readonly series: string;
  readonly issuedAt: Instant;
}

/** Everything that bears the instant of issue but the entries: one statement, while the series is held. */
const INSERT_INVOICES = `
  with i as materialized (
    select * from jsonb_to_recordset($1::jsonb) as i(account_id uuid, id text, type text, series text, n bigint, number text, currency text, as_of timestamptz,
      issued_at timestamptz, due_at timestamptz, period_start timestamptz, period_end timestamptz, subtotal_minor bigint, discount_minor bigint,
      tax_minor bigint, total_minor bigint, applied_minor bigint, due_minor bigint, credited_minor bigint, taxes jsonb, snapshot jsonb)),
  numbers as (insert into invoice_number (series, n, account_id, invoice_id) select series, n, account_id, id from i),
  settled as (
    update invoice_settlement s set paid_at = i.issued_at from i
    where i.due_minor = 0 and s.account_id = i.account_id and s.invoice_id = i.id)
  insert into invoice (account_id, id, type, series, n, number, currency, as_of, issued_at, due_at, period_start, period_end,
    subtotal_minor, discount_minor, tax_minor, total_minor, applied_minor, due_minor, credited_minor, taxes, snapshot, seal)
  select account_id, id, type, series, n, number, currency, as_of, issued_at, due_at, period_start, period_end,
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
    const sellerOf = await this.sellers.of(
      tx,
      issues.map(({ profile }) => profile),
    );
    const made = issues.map((issue) => madeOf(issue, sellerOf(issue.profile), now));
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
    await deleteDrafts(
      tx,
      made.filter((_one, i) => issues[i]?.document !== undefined),
    );
    await this.record(tx, await numbered(tx, made, now));
    return made.map(({ id }) => id);
  }

  /** One instant for an invoice, its entries, what it does to the balance and how it is settled: no month takes one without the other. */
  private async record(tx: Tx, invoices: readonly Numbered[]): Promise<void> {
    await tx.query(INSERT_INVOICES, [JSON.stringify(invoices.map(invoiceRecord))]);
    await insertBalanceChanges(
      tx,
      invoices.map(({ profile, id, draft, issuedAt }) => ({
        accountId: profile.id,
        at: issuedAt,
        amountMinor: draft.creditedMinor - balanceAppliedOf(draft),
        causeKind: 'invoice',
        causeId: id,
      })),
    );
    const books = invoices.map(({ profile, id, seller, draft, lines, issuedAt }) =>
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

/** One series after the other, in the order of their prefixes: of two transactions that take numbers of the same ones, none waits in a circle. */
async function numbered(tx: Tx, made: readonly Made[], now: Instant): Promise<Numbered[]> {
  const invoices: Numbered[] = [];
  const bySeller = [...grouped(made, ({ seller }) => seller.key).values()].flatMap((own) => {
    const [first] = own;
    return first ? [{ own, wanted: seriesAt(first.seller, 'invoice', now) }] : [];
  });
  for (const { own, wanted } of bySeller.sort((a, b) => (a.wanted.prefix < b.wanted.prefix ? -1 : 1))) {
    const { series, issuedAt, numbers } = await takeNumbers(tx, wanted, own.length, now);
    invoices.push(...own.flatMap((one, i) => (numbers[i] ? [{ ...one, ...numbers[i], series, issuedAt }] : [])));
  }
  return invoices;
}

function madeOf(issue: Issue, seller: Seller, now: Instant): Made {
  const accountId = issue.profile.id;
  const document = issue.document ?? plainDocument(accountId, now);
  const { id } = document;
  const lines = issue.draft.lines.map((line, i) => ({ ...line, accountId, invoiceId: id, id: newId('line', now, accountId), n: i + 1 }));
  return { ...issue, seller, document, id, lines };
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

const invoiceRecord = (invoice: Numbered): object => ({
  ...documentRecord(invoice),
  series: invoice.series,
  n: invoice.n.toString(),
  number: invoice.number,
  issued_at: formatInstant(invoice.issuedAt),
  due_at: formatInstant(invoice.issuedAt + BigInt(termsOf(invoice)) * DAY),
});

/** Days until an invoice is due: its own terms, or else the account's, or else the seller's. */
const termsOf = ({ document, profile, seller }: Made): number =>
  document.paymentTermsDays ?? profile.paymentTermsDays ?? seller.paymentTermsDays;
