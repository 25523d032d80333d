import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import { newestFirstKey } from '../common/database/newest-first.js';
import { type Page, page } from '../common/http/page.js';
import { accountIdFor, accountIdOf } from '../common/ids.js';
import { formatInstant, type Instant, parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { balancesOf, insertBalanceChanges } from './balances.js';
import { LINE_COLUMNS, type LineRow } from './billed-lines.js';
import { applicationsTo } from './grants/grant-entries.js';
import { INVOICE_COLUMNS, type InvoiceRow, invoiceView } from './invoice-view.js';
import type { InvoicesQuery, InvoiceView } from './invoices.dto.js';

/** What is left to collect of an invoice. */
export interface Settlement {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly number: string;
  readonly currency: string;
  readonly dueMinor: bigint;
  readonly paidMinor: bigint;
}

const SELECT = `
  select ${INVOICE_COLUMNS}, s.paid_minor as "paidMinor", s.paid_at as "paidAt"
  from invoice i join invoice_settlement s on s.account_id = i.account_id and s.invoice_id = i.id`;

@Injectable()
export class InvoicesService {
  constructor(private readonly accounts: AccountsService) {}

  /** By id or number, with its lines. @throws Refusal `invoice_not_found` */
  async one(tx: Tx, idOrNumber: string): Promise<InvoiceView> {
    const accountId = accountIdOf(idOrNumber);
    const rows =
      accountId === undefined
        ? await tx.query<InvoiceRow[]>(`${SELECT} where i.number = $1 order by i.issued_at limit 1`, [idOrNumber])
        : await tx.query<InvoiceRow[]>(`${SELECT} where i.account_id = $1 and i.id = $2`, [accountId, idOrNumber]);
    const [view] = await this.views(tx, rows);
    if (!view) throw new Refusal('not_found', 'invoice_not_found', `There is no invoice "${idOrNumber}".`);
    return view;
  }

  /** Newest first, with their lines. Relies on invoice_newest, or invoice_pk for one account. */
  async list(tx: Tx, { account, status, from, to, cursor, limit }: InvoicesQuery): Promise<Page<InvoiceView>> {
    const after = newestFirstKey(cursor);
    const rows = await tx.query<InvoiceRow[]>(
      `${SELECT}
       where ($1::uuid is null or i.account_id = $1) and ($2::text is null or (s.paid_minor = s.due_minor) = ($2 = 'paid'))
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
  async settlement(tx: Tx, accountId: string, invoiceId: string): Promise<Settlement> {
    const [row] = await tx.query<Settlement[]>(
      `select s.account_id as "accountId", s.invoice_id as "invoiceId", i.number, i.currency, s.due_minor as "dueMinor", s.paid_minor as "paidMinor"
       from invoice_settlement s join invoice i on i.account_id = s.account_id and i.id = s.invoice_id
       where s.account_id = $1 and s.invoice_id = $2 for update of s`,
      [accountId, invoiceId],
    );
    if (!row) throw new Refusal('not_found', 'invoice_not_found', `There is no invoice "${invoiceId}".`);
    return row;
  }

  /** What an account still owes, oldest first. */
  async unpaid(tx: Tx, accountId: string): Promise<Settlement[]> {
    return tx.query<Settlement[]>(
      `select s.account_id as "accountId", s.invoice_id as "invoiceId", i.number, i.currency, s.due_minor as "dueMinor", s.paid_minor as "paidMinor"
       from invoice_settlement s join invoice i on i.account_id = s.account_id and i.id = s.invoice_id
       where s.account_id = $1 and s.paid_minor < s.due_minor order by i.issued_at, i.id`,
      [accountId],
    );
  }

  /**
   * What is left to pay of each invoice, by its id. They are locked in the order of their keys until the transaction ends, also those that are
   * being finalized in it.
   */
  async lockLeft(tx: Tx, invoices: readonly { readonly accountId: string; readonly invoiceId: string }[]): Promise<Map<string, bigint>> {
    const rows = await tx.query<{ invoiceId: string; leftMinor: bigint }[]>(
      `select invoice_id as "invoiceId", due_minor - paid_minor as "leftMinor" from invoice_settlement
       where (account_id, invoice_id) in (select * from unnest($1::uuid[], $2::text[])) order by account_id, invoice_id for update`,
      [invoices.map(({ accountId }) => accountId), invoices.map(({ invoiceId }) => invoiceId)],
    );
    return new Map(rows.map(({ invoiceId, leftMinor }) => [invoiceId, leftMinor]));
  }

  /** Counts money that came in. It is there, so none of it is refused: what is more than was due stands on the account's balance. */
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
  ): Promise<{ settledMinor: bigint; surplusMinor: bigint }> {
    const { dueMinor, paidMinor } = await this.settlement(tx, accountId, invoiceId);
    const leftMinor = dueMinor - paidMinor;
    const settledMinor = amountMinor < leftMinor ? amountMinor : leftMinor;
    const surplusMinor = amountMinor - settledMinor;
    if (settledMinor > 0n)
      await tx.query(
        `update invoice_settlement set paid_minor = paid_minor + $3, paid_at = case when paid_minor + $3 = due_minor then $4::timestamptz end
         where account_id = $1 and invoice_id = $2`,
        [accountId, invoiceId, settledMinor.toString(), formatInstant(at)],
      );
    await insertBalanceChanges(tx, [{ accountId, at, amountMinor: surplusMinor, causeKind: 'payment', causeId: paymentId }]);
    return { settledMinor, surplusMinor };
  }

  /** What stands on an account's balance, in minor units. */
  async balance(tx: Tx, accountId: string): Promise<bigint> {
    return (await balancesOf(tx, [accountId])).get(accountId) ?? 0n;
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

  private async views(tx: Tx, rows: readonly InvoiceRow[]): Promise<InvoiceView[]> {
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
