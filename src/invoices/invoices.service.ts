import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import { newestFirstKey } from '../common/database/newest-first.js';
import { type Page, page } from '../common/http/page.js';
import { accountIdFor, accountIdOf } from '../common/ids.js';
import type { InvoicedLine } from '../domain/billing/creditable.js';
import { smaller } from '../domain/bounds.js';
import { formatInstant, type Instant, parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { balancesOf, insertBalanceChanges } from './balances.js';
import { LINE_COLUMNS, lineOf, type LineRow } from './billed-lines.js';
import { claimOne } from './billing-state.js';
import { creditNotesOf } from './credit-notes/credit-note-rows.js';
import { applicationsTo } from './grants/grant-entries.js';
import { type InvoiceSettlement, LEFT_MINOR, lockSettlement, openOf, settle, STATUS, unpaidOf } from './invoice-settlements.js';
import { INVOICE_COLUMNS, type InvoiceRow, invoiceView, type IssuedInvoiceView, SETTLEMENT_COLUMNS } from './invoice-view.js';
import type { InvoicesQuery } from './invoices.dto.js';
import { type CreditMoney, keptOf } from './credit-notes/issue-credit-notes.js';

const SELECT = `
  select ${INVOICE_COLUMNS}, ${SETTLEMENT_COLUMNS}
  from invoice i join invoice_settlement s on s.account_id = i.account_id and s.invoice_id = i.id`;

@Injectable()
export class InvoicesService {
  constructor(private readonly accounts: AccountsService) {}

  /** A final one by id or number, with its lines. @throws Refusal `invoice_not_found` */
  async one(tx: Tx, idOrNumber: string): Promise<IssuedInvoiceView> {
    const [view] = await this.views(tx, [existing(idOrNumber, await this.find(tx, idOrNumber))]);
    if (!view) throw new RangeError('an invoice without a view');
    return view;
  }

  /** As it is kept, by id or number, for what is done to final invoices. @throws Refusal `invoice_not_found`, `invoice_is_draft` */
  async row(tx: Tx, idOrNumber: string): Promise<InvoiceRow> {
    const row = await this.find(tx, idOrNumber);
    if (!row && (await isDraft(tx, idOrNumber)))
      throw new Refusal(
        'conflict',
        'invoice_is_draft',
        `It is a draft, of which nothing is asked yet: POST /v2/invoices/${idOrNumber}/finalize first.`,
      );
    return existing(idOrNumber, row);
  }

  private async find(tx: Tx, idOrNumber: string): Promise<InvoiceRow | undefined> {
    const accountId = accountIdOf(idOrNumber);
    const rows =
      accountId === undefined
        ? await tx.query<InvoiceRow[]>(`${SELECT} where i.number = $1 order by i.issued_at limit 1`, [idOrNumber])
        : await tx.query<InvoiceRow[]>(`${SELECT} where i.account_id = $1 and i.id = $2`, [accountId, idOrNumber]);
    return rows[0];
  }

  /** One line of an invoice, as if no credit note were issued against it. @throws Refusal `line_not_found` */
  async line(tx: Tx, { accountId, id, number }: InvoiceRow, lineId: string): Promise<InvoicedLine> {
    const [row] = await tx.query<LineRow[]>(
      `select ${LINE_COLUMNS} from invoice_line where account_id = $1 and id = $2 and invoice_id = $3`,
      [accountId, lineId, id],
    );
    if (!row) throw new Refusal('not_found', 'line_not_found', `${number} has no line "${lineId}".`);
    return lineOf(row);
  }

  /** The invoice that a line stands on; `undefined` for what is on none. */
  async ofLine(tx: Tx, accountId: string, lineId: string): Promise<{ readonly id: string; readonly number: string } | undefined> {
    const [row] = await tx.query<{ id: string; number: string }[]>(
      `select i.id, i.number from invoice_line l join invoice i on i.account_id = l.account_id and i.id = l.invoice_id
       where l.account_id = $1 and l.id = $2`,
      [accountId, lineId],
    );
    return row;
  }

  /** Final ones, newest first, with their lines. Relies on invoice_newest, or invoice_pk for one account. */
  async list(tx: Tx, { account, status, from, to, cursor, limit }: InvoicesQuery): Promise<Page<IssuedInvoiceView>> {
    const after = newestFirstKey(cursor);
    const rows = await tx.query<InvoiceRow[]>(
      `${SELECT}
       where ($1::uuid is null or i.account_id = $1) and ($2::text is null or ${STATUS} = $2)
         and ($3::timestamptz is null or i.issued_at >= $3) and ($4::timestamptz is null or i.issued_at < $4)
         and ($5::timestamptz is null or (i.issued_at, i.id) < ($5, $6))
       order by i.issued_at desc, i.id desc limit $7`,
      [
        account === undefined ? null : accountIdFor(account),
        status ?? null,
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

  /** Locked until the transaction ends. @throws Refusal `invoice_not_found` */
  settlement(tx: Tx, accountId: string, invoiceId: string): Promise<InvoiceSettlement> {
    return lockSettlement(tx, accountId, invoiceId);
  }

  /** What an account still owes, oldest first; with `writtenOff` also what nobody is expected to pay any more. */
  unpaid(tx: Tx, accountId: string, options?: { readonly writtenOff: boolean }): Promise<InvoiceSettlement[]> {
    return unpaidOf(tx, accountId, options);
  }

  /** What many accounts are asked for and have not paid, oldest first. One query at most. */
  async openOf(tx: Tx, accountIds: readonly string[]): Promise<InvoiceSettlement[]> {
    return accountIds.length === 0 ? [] : await openOf(tx, accountIds);
  }

  /**
   * What is left to pay of each invoice, what was written off included, by its id. They are locked in the order of their keys until the transaction ends, also those that are
   * being finalized in it.
   */
  async lockLeft(tx: Tx, invoices: readonly { readonly accountId: string; readonly invoiceId: string }[]): Promise<Map<string, bigint>> {
    const rows = await tx.query<{ invoiceId: string; leftMinor: bigint }[]>(
      `select s.invoice_id as "invoiceId", ${LEFT_MINOR} as "leftMinor" from invoice_settlement s
       where (account_id, invoice_id) in (select * from unnest($1::uuid[], $2::text[])) order by account_id, invoice_id for update`,
      [invoices.map(({ accountId }) => accountId), invoices.map(({ invoiceId }) => invoiceId)],
    );
    return new Map(rows.map(({ invoiceId, leftMinor }) => [invoiceId, leftMinor]));
  }

  /**
   * Counts money that came in. It is there, so none of it is refused: it settles what is open, then what was written off, and what is more
   * stands on the account's balance.
   */
  async recordPayment(
    tx: Tx,
    {
      accountId,
      invoiceId,
      paymentId,
      amountMinor,
      at,
    }: {
      readonly accountId: string;
      readonly invoiceId: string;
      readonly paymentId: string;
      readonly amountMinor: bigint;
      readonly at: Instant;
    },
  ): Promise<{ settledMinor: bigint; recoveredMinor: bigint; surplusMinor: bigint }> {
    const settlement = await this.settlement(tx, accountId, invoiceId);
    const { openMinor, leftMinor } = settlement;
    const settledMinor = smaller(amountMinor, openMinor);
    const recoveredMinor = smaller(amountMinor - settledMinor, leftMinor - openMinor);
    const surplusMinor = amountMinor - settledMinor - recoveredMinor;
    await settle(tx, settlement, { paidMinor: settledMinor + recoveredMinor, creditedMinor: 0n, recoveredMinor }, at);
    await insertBalanceChanges(tx, [{ accountId, at, amountMinor: surplusMinor, causeKind: 'payment', causeId: paymentId }]);
    return { settledMinor, recoveredMinor, surplusMinor };
  }

  /**
   * Holds back bill runs of the account, and all else that changes its balance, until the transaction ends: what is billed, credited or
   * voided is decided one at a time. The account is locked before its billing is, as everywhere.
   */
  async holdBilling(tx: Tx, accountId: string): Promise<void> {
    await this.accounts.lock(tx, accountId);
    await claimOne(tx, accountId);
  }

  /** What was paid of an invoice, by the balance too, less all that credit notes and refunds gave back. In minor units. */
  async keptMinor(tx: Tx, settlement: InvoiceSettlement, money: Pick<CreditMoney, 'refundedMinor'>): Promise<bigint> {
    const { accountId, invoiceId } = settlement;
    const notes = await creditNotesOf(tx, accountId, invoiceId);
    return keptOf(await this.row(tx, invoiceId), settlement, notes, money);
  }

  /** What payments of an invoice left on the balance, and how much of that refunds of them took off it again. In minor units. */
  async surplusOf(
    tx: Tx,
    accountId: string,
    { paymentIds, refundIds }: { readonly paymentIds: readonly string[]; readonly refundIds: readonly string[] },
  ): Promise<{ readonly putMinor: bigint; readonly takenMinor: bigint }> {
    const [row] = await tx.query<{ putMinor: bigint; takenMinor: bigint }[]>(
      `select coalesce(sum(amount_minor) filter (where cause_kind = 'payment'), 0)::bigint as "putMinor",
         coalesce(-sum(amount_minor) filter (where cause_kind = 'refund'), 0)::bigint as "takenMinor"
       from balance_entry where account_id = $1 and (cause_kind = 'payment' and cause_id = any($2::text[]) or cause_kind = 'refund' and cause_id = any($3::text[]))`,
      [accountId, paymentIds, refundIds],
    );
    return row ?? { putMinor: 0n, takenMinor: 0n };
  }

  /** What stands on an account's balance, in minor units. */
  async balance(tx: Tx, accountId: string): Promise<bigint> {
    return (await balancesOf(tx, [accountId])).get(accountId) ?? 0n;
  }

  /** What could not be refunded stands on the account's balance. */
  returnToBalance(
    tx: Tx,
    { accountId, refundId, amountMinor, at }: { accountId: string; refundId: string; amountMinor: bigint; at: Instant },
  ): Promise<void> {
    return insertBalanceChanges(tx, [{ accountId, at, amountMinor, causeKind: 'returned_refund', causeId: refundId }]);
  }

  /**
   * Takes what a payment left on the balance off it again, as far as it still stands there and none was taken before, because that much is given
   * back. Answers how much that is. The account is locked against a bill run, which would apply it.
   */
  async takeSurplusBack(
    tx: Tx,
    {
      accountId,
      paymentId,
      refundId,
      refundIds,
      amountMinor,
      at,
    }: {
      readonly accountId: string;
      readonly paymentId: string;
      readonly refundId: string;
      /** All refunds of the payment. */
      readonly refundIds: readonly string[];
      readonly amountMinor: bigint;
      readonly at: Instant;
    },
  ): Promise<bigint> {
    await tx.query('select 1 from billing_state where account_id = $1 for update', [accountId]);
    const [{ surplus } = { surplus: 0n }] = await tx.query<{ surplus: bigint }[]>(
      `select coalesce(sum(amount_minor), 0)::bigint as surplus from balance_entry
       where account_id = $1 and ((cause_kind = 'payment' and cause_id = $2) or (cause_kind = 'refund' and cause_id = any($3::text[])))`,
      [accountId, paymentId, refundIds],
    );
    const bounds = [surplus, amountMinor, await this.balance(tx, accountId)];
    const taken = bounds.reduce((least, bound) => (bound < least ? bound : least));
    if (taken <= 0n) return 0n;
    await insertBalanceChanges(tx, [{ accountId, at, amountMinor: -taken, causeKind: 'refund', causeId: refundId }]);
    return taken;
  }

  private async views(tx: Tx, rows: readonly InvoiceRow[]): Promise<IssuedInvoiceView[]> {
    const accountIds = rows.map((row) => row.accountId);
    const keys = await this.accounts.keys(tx, accountIds);
    const lines = await tx.query<LineRow[]>(
      `select ${LINE_COLUMNS} from invoice_line where account_id = any($1::uuid[]) and invoice_id = any($2::text[]) order by n`,
      [accountIds, rows.map((row) => row.id)],
    );
    const applications = await applicationsTo(tx, rows);
    return rows.map((row) =>
      invoiceView(row, {
        account: keys.get(row.accountId) ?? '',
        lines: lines.filter((line) => line.invoiceId === row.id),
        grantsApplied: applications.filter(({ invoiceId }) => invoiceId === row.id),
      }),
    );
  }
}

/** @throws Refusal `invoice_not_found` */
function existing(idOrNumber: string, row: InvoiceRow | undefined): InvoiceRow {
  if (!row) throw new Refusal('not_found', 'invoice_not_found', `There is no invoice "${idOrNumber}".`);
  return row;
}

async function isDraft(tx: Tx, id: string): Promise<boolean> {
  const accountId = accountIdOf(id);
  if (accountId === undefined) return false;
  const rows = await tx.query<unknown[]>('select 1 from invoice_draft where account_id = $1 and id = $2', [accountId, id]);
  return rows.length > 0;
}
