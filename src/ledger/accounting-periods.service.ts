import { Injectable } from '@nestjs/common';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { bookDay, monthAfter, startOfMonth } from '../domain/books.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { STANDARD_SELLER } from '../domain/ledger.js';
import { Refusal, refuseAll } from '../domain/refusal.js';
import type { PeriodStatus } from './accounting-periods.dto.js';
import { holdBooks } from './books-lock.js';
import { type ChainHead, Sealing } from './sealing.js';

/** A month of a seller's books. */
export interface AccountingPeriod {
  readonly seller: string;
  readonly month: string;
  readonly status: PeriodStatus;
  readonly changedAt: Instant | null;
  readonly reason: string | null;
  readonly entries: bigint | null;
  readonly chainEntries: bigint | null;
  readonly chainHash: string | null;
}

export interface PeriodWanted {
  readonly month: string;
  readonly seller: string;
  readonly status: PeriodStatus;
  readonly reason?: string;
}

const COLUMNS = `seller, month, status, changed_at as "changedAt", reason, entries, chain_entries as "chainEntries", chain_hash as "chainHash"`;

const UPSERT = `
  insert into accounting_period (seller, month, starts_at, ends_at, status, changed_at, reason, entries, chain_entries, chain_hash)
  values ($1, $2, $3, $4, $5, $6, $7,
    case when $5 = 'closed' then (select count(*) from journal_entry where seller = $1 and at < $4) end, $8, $9)
  on conflict (seller, month) do update set status = excluded.status, changed_at = excluded.changed_at, reason = excluded.reason,
    entries = excluded.entries, chain_entries = excluded.chain_entries, chain_hash = excluded.chain_hash`;

/** Months of the books, in UTC: one after the other is closed, and only the last can be opened again. */
@Injectable()
export class AccountingPeriods {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly sealing: Sealing,
  ) {}

  /**
   * Closes a month that is over and recognized, with all before it, and seals it; or opens the last one again. What is so already stays as it is.
   * @throws Refusal `period_not_over`, `period_not_next`, `period_not_recognized`, `period_not_last`, `seller_not_found`, `books_busy`
   */
  async put(tx: Tx, call: Call, wanted: PeriodWanted): Promise<AccountingPeriod> {
    await holdBooks(tx);
    const before = await this.one(tx, wanted.seller, wanted.month);
    if (before.status === wanted.status) return before;
    const head = wanted.status === 'closed' ? await this.close(tx, wanted) : undefined;
    if (wanted.status === 'open') await this.refuseReopening(tx, wanted);
    await tx.query(UPSERT, [
      wanted.seller,
      wanted.month,
      formatInstant(startOfMonth(wanted.month)),
      formatInstant(startOfMonth(monthAfter(wanted.month))),
      wanted.status,
      formatInstant(this.clock.now()),
      wanted.reason ?? null,
      head?.entries.toString() ?? null,
      head?.hash ?? null,
    ]);
    const after = await this.one(tx, wanted.seller, wanted.month);
    await this.audit.record(tx, {
      actor: call.actor,
      action: wanted.status === 'closed' ? 'accounting_period.closed' : 'accounting_period.reopened',
      subjectType: 'accounting_period',
      subjectId: `${wanted.seller} ${wanted.month}`,
      before,
      after,
      ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
    });
    return after;
  }

  /** Any month: one that was never closed is open, unless a later one is closed. */
  async one(tx: Tx, seller: string, month: string): Promise<AccountingPeriod> {
    const [kept] = await tx.query<AccountingPeriod[]>(`select ${COLUMNS} from accounting_period where seller = $1 and month = $2`, [
      seller,
      month,
    ]);
    if (kept) return kept;
    const last = await this.lastClosed(tx, seller);
    const status = last !== undefined && month <= last ? 'closed' : 'open';
    return { seller, month, status, changedAt: null, reason: null, entries: null, chainEntries: null, chainHash: null };
  }

  /** Those that were ever closed, the newest first. */
  list(
    tx: Tx,
    { seller, before, limit }: { readonly seller: string; readonly before?: string; readonly limit: number },
  ): Promise<AccountingPeriod[]> {
    return tx.query<AccountingPeriod[]>(
      `select ${COLUMNS} from accounting_period where seller = $1 and ($2::text is null or month < $2) order by month desc limit $3`,
      [seller, before ?? null, limit],
    );
  }

  private async close(tx: Tx, { seller, month }: PeriodWanted): Promise<ChainHead> {
    const now = this.clock.now();
    const end = startOfMonth(monthAfter(month));
    if (end > now)
      throw new Refusal('conflict', 'period_not_over', `It is ${formatInstant(now)}: close ${month} from ${formatInstant(end)} on.`);
    const last = await this.lastClosed(tx, seller);
    const next = last === undefined ? month : monthAfter(last);
    if (month !== next) throw new Refusal('conflict', 'period_not_next', `Months are closed one after the other: close ${next} first.`);
    await refuseUnknown(tx, seller);
    const [behind] = await tx.query<object[]>(
      `select from revenue_progress where coalesce(posted_through, -1) < $1
         and exists (select from revenue_line where method = 'daily' and from_day <= $1)`,
      [bookDay(end) - 1],
    );
    if (behind)
      throw new Refusal('conflict', 'period_not_recognized', `The revenue of ${month} is still being recognized: try again in a minute.`);
    return this.sealing.runWithin(tx);
  }

  private async refuseReopening(tx: Tx, { seller, month, reason }: PeriodWanted): Promise<void> {
    if (reason === undefined) refuseAll([{ pointer: '/reason', code: 'missing', detail: 'Say why the month is opened again.' }]);
    const last = await this.lastClosed(tx, seller);
    if (month !== last)
      throw new Refusal('conflict', 'period_not_last', `Only the last month that was closed is opened again: ${last ?? 'there is none'}.`);
  }

  private async lastClosed(tx: Tx, seller: string): Promise<string | undefined> {
    const [row] = await tx.query<{ month: string | null }[]>(
      `select max(month) as month from accounting_period where seller = $1 and status = 'closed'`,
      [seller],
    );
    return row?.month ?? undefined;
  }
}

/** A seller whose books hold nothing has none to close. */
async function refuseUnknown(tx: Tx, seller: string): Promise<void> {
  const [entry] = await tx.query<object[]>('select from journal_entry where seller = $1 limit 1', [seller]);
  if (!entry && seller !== STANDARD_SELLER)
    throw new Refusal('not_found', 'seller_not_found', `There are no books of a seller "${seller}".`);
}
