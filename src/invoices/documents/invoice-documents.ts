import { Injectable } from '@nestjs/common';
import type { Tx } from '../../common/database/database.js';
import { accountIdOf } from '../../common/ids.js';
import { sumOf } from '../../domain/billing/grants.js';
import type { InvoicedLine } from '../../domain/billing/creditable.js';
import { creditNoteDocument } from '../../domain/documents/credit-note-document.js';
import type { BillingDocument } from '../../domain/documents/document.js';
import { invoiceDocument } from '../../domain/documents/invoice-document.js';
import type { Instant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { LINE_COLUMNS, lineOf, type LineRow } from '../billed-lines.js';
import { taxOf } from '../credit-notes/credit-note-rows.js';
import { CreditNotesService } from '../credit-notes/credit-notes.service.js';
import { draftsWhere } from '../drafts/draft-records.js';
import { applicationsTo } from '../grants/grant-entries.js';
import { InvoicesService } from '../invoices.service.js';

/** An invoice as tables know it. */
interface InvoiceKey {
  readonly accountId: string;
  readonly id: string;
}

/* Relies on invoice_line_pk and invoice_pk. */
const CORRECTED = `
  select distinct i.number, i.issued_at as "issuedAt"
  from invoice_line l
  join invoice_line o on o.account_id = l.account_id and o.id = l.adjusts
  join invoice i on i.account_id = o.account_id and i.id = o.invoice_id
  where l.account_id = $1 and l.invoice_id = $2 and o.invoice_id <> $2 order by 2, 1`;

/** Invoices and credit notes as they are printed and sent: from final rows alone, so that each says the same for ever. */
@Injectable()
export class InvoiceDocuments {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly notes: CreditNotesService,
  ) {}

  /** By id or number. @throws Refusal `invoice_not_found`, `draft_has_no_document` */
  async invoice(tx: Tx, idOrNumber: string): Promise<BillingDocument> {
    await refuseDraft(tx, idOrNumber);
    const row = await this.invoices.row(tx, idOrNumber);
    const lines = await linesOf(tx, row);
    const grantsAppliedMinor = sumOf(await applicationsTo(tx, [row]));
    const corrects = await tx.query<{ number: string; issuedAt: Instant }[]>(CORRECTED, [row.accountId, row.id]);
    const { memo = null, purchaseOrder = null } = row.snapshot;
    return invoiceDocument({ ...row, memo, purchaseOrder, lines, taxes: row.taxes.map(taxOf), grantsAppliedMinor, corrects });
  }

  /** By id or number. @throws Refusal `credit_note_not_found` */
  async creditNote(tx: Tx, idOrNumber: string): Promise<BillingDocument> {
    const note = await this.notes.row(tx, idOrNumber);
    const invoice = await this.invoices.row(tx, note.invoiceId);
    const lines = await linesOf(tx, invoice);
    return creditNoteDocument({ ...note, taxes: note.taxes.map(taxOf), invoice: { ...invoice, lines } });
  }
}

/** What may still change is not printed. */
async function refuseDraft(tx: Tx, id: string): Promise<void> {
  const accountId = accountIdOf(id);
  if (accountId === undefined) return;
  const [draft] = await draftsWhere(tx, 'where i.account_id = $1 and i.id = $2', [accountId, id]);
  if (draft) throw new Refusal('conflict', 'draft_has_no_document', `${id} is a draft: finalize it, and it has a document.`);
}

async function linesOf(tx: Tx, { accountId, id }: InvoiceKey): Promise<InvoicedLine[]> {
  const sql = `select ${LINE_COLUMNS} from invoice_line where account_id = $1 and invoice_id = $2 order by n`;
  return (await tx.query<LineRow[]>(sql, [accountId, id])).map(lineOf);
}
