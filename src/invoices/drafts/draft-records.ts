import type { Tx } from '../../common/database/database.js';
import type { GrantApplication } from '../../domain/billing/grants.js';
import type { LineTax } from '../../domain/billing/line.js';
import type { ManualLine } from '../../domain/billing/manual.js';
import { formatInstant, type Instant, parseInstant } from '../../domain/instant.js';
import { LINE_COLUMNS, type LineRow } from '../billed-lines.js';
import { documentRecord, type InvoiceContent, type InvoiceDocument } from '../invoice-records.js';
import { DOCUMENT_COLUMNS, type DocumentRow } from '../invoice-view.js';
import { LINE_RECORD, lineRecord } from '../new-lines.js';

/** An invoice that is not finalized, as it is kept. */
export interface DraftRow extends DocumentRow {
  readonly grantsApplied: readonly GrantApplication[];
  readonly manualLines: readonly ManualLine[];
  /** When it finalizes by itself; null for one that a person finalizes. */
  readonly heldUntil: Instant | null;
  readonly createdAt: Instant;
}

interface StoredLine extends Omit<ManualLine, 'taxes' | 'servicePeriod'> {
  readonly taxes: readonly LineTax[] | null;
  readonly servicePeriod: { readonly start: string; readonly end: string } | null;
}

type StoredDraft = Omit<DraftRow, 'grantsApplied' | 'manualLines'> & {
  readonly grantsApplied: readonly (Omit<GrantApplication, 'amountMinor'> & { readonly amountMinor: string })[];
  readonly manualLines: readonly StoredLine[];
};

const SELECT = `
  select ${DOCUMENT_COLUMNS}, i.grants_applied as "grantsApplied", i.manual_lines as "manualLines", i.held_until as "heldUntil",
    i.created_at as "createdAt"
  from invoice_draft i`;

/** Those that the rest of the statement names, of draft `i`. */
export async function draftsWhere(tx: Tx, rest: string, values: readonly unknown[]): Promise<DraftRow[]> {
  const rows = await tx.query<StoredDraft[]>(`${SELECT} ${rest}`, [...values]);
  return rows.map(({ grantsApplied, manualLines, ...row }) => ({
    ...row,
    grantsApplied: grantsApplied.map((one) => ({ ...one, amountMinor: BigInt(one.amountMinor) })),
    manualLines: manualLines.map(({ servicePeriod, ...line }) => ({
      ...line,
      servicePeriod: servicePeriod && { start: parseInstant(servicePeriod.start), end: parseInstant(servicePeriod.end) },
    })),
  }));
}

/** The drafts of what subscriptions owe. Relies on invoice_draft_of_subscriptions. */
export const draftsOfSubscriptions = (tx: Tx, accountIds: readonly string[]): Promise<DraftRow[]> =>
  draftsWhere(tx, `where i.account_id = any($1::uuid[]) and i.type = 'subscription'`, [accountIds]);

/** The lines of drafts, in their order; they have no ids. */
export const linesOfDrafts = (tx: Tx, drafts: readonly Pick<DraftRow, 'accountId' | 'id'>[]): Promise<LineRow[]> =>
  tx.query<LineRow[]>(
    `select ${LINE_COLUMNS} from (
       select l.* from invoice_draft d cross join lateral jsonb_to_recordset(d.lines) as l(${LINE_RECORD})
       where d.account_id = any($1::uuid[]) and d.id = any($2::text[])) l order by n`,
    [drafts.map(({ accountId }) => accountId), drafts.map(({ id }) => id)],
  );

/** What a draft says by now. */
export interface NewDraft extends InvoiceContent {
  readonly manualLines: readonly ManualLine[];
  readonly heldUntil: Instant | null;
  readonly createdAt: Instant;
}

/** Stores drafts, in the place of what they said before. The transaction has claimed their accounts. */
export async function saveDrafts(tx: Tx, drafts: readonly NewDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  await deleteDrafts(tx, drafts);
  await tx.query('insert into invoice_draft select * from jsonb_populate_recordset(null::invoice_draft, $1)', [
    JSON.stringify(drafts.map(recordOf)),
  ]);
}

/** They become invoices, or nothing is left of them. */
export async function deleteDrafts(
  tx: Tx,
  drafts: readonly { readonly profile: { readonly id: string }; readonly document: Pick<InvoiceDocument, 'id'> }[],
): Promise<void> {
  if (drafts.length === 0) return;
  await tx.query('delete from invoice_draft where account_id = any($1::uuid[]) and id = any($2::text[])', [
    drafts.map(({ profile }) => profile.id),
    drafts.map(({ document }) => document.id),
  ]);
}

function recordOf(content: NewDraft): object {
  const { draft, profile, document, manualLines, heldUntil, createdAt } = content;
  return {
    ...documentRecord(content),
    grants_applied: draft.grantsApplied.map((one) => ({ ...one, amountMinor: one.amountMinor.toString() })),
    lines: draft.lines.map((line, i) => lineRecord({ ...line, accountId: profile.id, invoiceId: document.id, id: null, n: i + 1 })),
    manual_lines: manualLines.map(({ servicePeriod, ...line }): StoredLine => ({
      ...line,
      servicePeriod: servicePeriod && { start: formatInstant(servicePeriod.start), end: formatInstant(servicePeriod.end) },
    })),
    held_until: heldUntil === null ? null : formatInstant(heldUntil),
    created_at: formatInstant(createdAt),
  };
}

/** What a draft is called, and what was said of it. */
export const documentOf = ({
  id,
  type,
  snapshot: { memo = null, purchaseOrder = null, paymentTermsDays = null },
}: DraftRow): InvoiceDocument => ({
  id,
  type,
  memo,
  purchaseOrder,
  paymentTermsDays,
});
