import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Tx } from '../../common/database/database.js';
import { newestFirstKey } from '../../common/database/newest-first.js';
import { type Page, page } from '../../common/http/page.js';
import { accountIdFor, accountIdOf } from '../../common/ids.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant, parseInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { type CreditNoteRow, creditNotesWhere } from './credit-note-rows.js';
import type { CreditNotesQuery, CreditNoteView } from './credit-notes.dto.js';
import { taxView } from '../invoice-view.js';

/** Credit notes as they are read. */
@Injectable()
export class CreditNotesService {
  constructor(private readonly accounts: AccountsService) {}

  /** By id or number. @throws Refusal `credit_note_not_found` */
  async one(tx: Tx, idOrNumber: string): Promise<CreditNoteView> {
    const [view] = await this.views(tx, [await this.row(tx, idOrNumber)]);
    if (!view) throw new RangeError('a credit note without a view');
    return view;
  }

  /** As it is kept, by id or number. @throws Refusal `credit_note_not_found` */
  async row(tx: Tx, idOrNumber: string): Promise<CreditNoteRow> {
    const [row] = await this.found(tx, idOrNumber);
    if (!row) throw new Refusal('not_found', 'credit_note_not_found', `There is no credit note "${idOrNumber}".`);
    return row;
  }

  /** Newest first. Relies on credit_note_newest, or credit_note_pk for one account. */
  async list(tx: Tx, { account, invoice, from, to, cursor, limit }: CreditNotesQuery): Promise<Page<CreditNoteView>> {
    const after = newestFirstKey(cursor);
    const rows = await creditNotesWhere(
      tx,
      `where ($1::uuid is null or c.account_id = $1) and ($2::text is null or c.invoice_id = $2)
         and ($3::timestamptz is null or c.issued_at >= $3) and ($4::timestamptz is null or c.issued_at < $4)
         and ($5::timestamptz is null or (c.issued_at, c.id) < ($5, $6))
       order by c.issued_at desc, c.id desc limit $7`,
      [
        account === undefined ? (accountIdOf(invoice ?? '') ?? null) : accountIdFor(account),
        invoice ?? null,
        from === undefined ? null : formatInstant(parseInstant(from)),
        to === undefined ? null : formatInstant(parseInstant(to)),
        after?.createdAt ?? null,
        after?.key ?? null,
        limit + 1,
      ],
    );
    const { data, nextCursor } = page(rows, limit, (row) => [formatInstant(row.issuedAt), row.id]);
    return { data: await this.views(tx, data), nextCursor };
  }

  /** What is done to invoices is not done to a credit note: it is final. @throws Refusal `credit_note_final` */
  async refuseAsInvoice(tx: Tx, idOrNumber: string): Promise<void> {
    const [note] = await this.found(tx, idOrNumber);
    if (note)
      throw new Refusal(
        'conflict',
        'credit_note_final',
        `${note.number} is a credit note, which is final: what it gave back too much is charged anew, and what is still to be given back is credited on ${note.invoiceNumber}.`,
      );
  }

  private found(tx: Tx, idOrNumber: string): Promise<CreditNoteRow[]> {
    const accountId = accountIdOf(idOrNumber);
    return accountId === undefined
      ? creditNotesWhere(tx, 'where c.number = $1 order by c.issued_at limit 1', [idOrNumber])
      : creditNotesWhere(tx, 'where c.account_id = $1 and c.id = $2', [accountId, idOrNumber]);
  }

  private async views(tx: Tx, rows: readonly CreditNoteRow[]): Promise<CreditNoteView[]> {
    const keys = await this.accounts.keys(
      tx,
      rows.map((row) => row.accountId),
    );
    return rows.map((row) => view(row, keys.get(row.accountId) ?? ''));
  }
}

function view(row: CreditNoteRow, account: string): CreditNoteView {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, row.currency);
  return {
    id: row.id,
    number: row.number,
    invoice: row.invoiceId,
    invoiceNumber: row.invoiceNumber,
    account,
    currency: row.currency,
    issuedAt: formatInstant(row.issuedAt),
    reason: row.reason,
    settle: row.settle,
    lines: row.lines.map(({ line, description, amountMinor }) => ({ line, description, amount: money(amountMinor) })),
    subtotal: money(row.subtotalMinor),
    taxes: row.taxes.map((tax) => taxView(tax, row.currency)),
    tax: money(row.taxMinor),
    total: money(row.totalMinor),
    amountReduced: money(row.reducedMinor),
    amountRecovered: money(row.recoveredMinor),
    refundedBefore: money(row.coveredMinor),
    balanceCredited: money(row.balanceMinor),
    amountRefunded: money(row.refundMinor),
    seller: row.snapshot.seller,
    buyer: row.snapshot.buyer,
  };
}
