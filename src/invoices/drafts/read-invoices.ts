import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Tx } from '../../common/database/database.js';
import { newestFirstKey } from '../../common/database/newest-first.js';
import { type Page, page } from '../../common/http/page.js';
import { accountIdFor, accountIdOf } from '../../common/ids.js';
import { formatInstant, type Instant, parseInstant } from '../../domain/instant.js';
import { draftView } from '../invoice-view.js';
import type { InvoicesQuery, InvoiceView } from '../invoices.dto.js';
import { InvoicesService } from '../invoices.service.js';
import { type DraftRow, draftsWhere, linesOfDrafts } from './draft-records.js';

interface Placed {
  /** When it was issued; of a draft, when it was made. */
  readonly at: Instant;
  readonly view: InvoiceView;
}

/** Invoices and drafts, as they are read. */
@Injectable()
export class ReadInvoices {
  constructor(
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
  ) {}

  /** By id, or number where it has one. @throws Refusal `invoice_not_found` */
  async one(tx: Tx, idOrNumber: string): Promise<InvoiceView> {
    const accountId = accountIdOf(idOrNumber);
    const drafts = accountId === undefined ? [] : await draftsWhere(tx, 'where i.account_id = $1 and i.id = $2', [accountId, idOrNumber]);
    const [placed] = await this.placed(tx, drafts);
    return placed ? placed.view : this.invoices.one(tx, idOrNumber);
  }

  /** Newest first: drafts stand where they were made. None of them was issued, so that bounds of issue leave them out. */
  async list(tx: Tx, query: InvoicesQuery): Promise<Page<InvoiceView>> {
    const { status, from, to, limit } = query;
    const drafts =
      (status === undefined || status === 'draft') && from === undefined && to === undefined ? await this.drafts(tx, query) : [];
    const issued = status === 'draft' ? [] : (await this.invoices.list(tx, { ...query, limit: limit + 1 })).data;
    const all = [...drafts, ...issued.map((view): Placed => ({ at: parseInstant(view.issuedAt), view }))].sort(newestFirst);
    const { data, nextCursor } = page(all, limit, ({ at, view }) => [formatInstant(at), view.id]);
    return { data: data.map(({ view }) => view), nextCursor };
  }

  /** One more than the limit. Relies on invoice_draft_newest, or invoice_draft_pk for one account. */
  private async drafts(tx: Tx, { account, cursor, limit }: InvoicesQuery): Promise<Placed[]> {
    const after = newestFirstKey(cursor);
    const rows = await draftsWhere(
      tx,
      `where ($1::uuid is null or i.account_id = $1) and ($2::timestamptz is null or (i.created_at, i.id) < ($2, $3))
       order by i.created_at desc, i.id desc limit $4`,
      [account === undefined ? null : accountIdFor(account), after?.createdAt ?? null, after?.key ?? null, limit + 1],
    );
    return this.placed(tx, rows);
  }

  private async placed(tx: Tx, rows: readonly DraftRow[]): Promise<Placed[]> {
    if (rows.length === 0) return [];
    const keys = await this.accounts.keys(
      tx,
      rows.map(({ accountId }) => accountId),
    );
    const lines = await linesOfDrafts(tx, rows);
    return rows.map((row) => ({
      at: row.createdAt,
      view: draftView(row, {
        account: keys.get(row.accountId) ?? '',
        lines: lines.filter(({ invoiceId }) => invoiceId === row.id),
        grantsApplied: row.grantsApplied,
      }),
    }));
  }
}

const newestFirst = (a: Placed, b: Placed): number => (a.at === b.at ? (a.view.id < b.view.id ? 1 : -1) : a.at < b.at ? 1 : -1);
