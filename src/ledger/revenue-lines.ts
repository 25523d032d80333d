import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { Deferral, RecognitionMethod, RevenueLine } from '../domain/revenue.js';

/** How a line of an invoice becomes revenue. */
export interface BilledRevenueLine extends RevenueLine {
  readonly accountId: string;
  /** Of the invoice's line; or any other name, once in an account, of what changes the revenue of an invoice. */
  readonly lineId: string;
  readonly invoiceId: string;
  readonly seller: string;
  readonly currency: string;
  readonly issuedAt: Instant;
  /** The day from which it is recognized; later where that day is closed for recognition already. */
  readonly issueDay: number;
}

/** The same, as it is kept. */
export interface RevenueLineRow extends Deferral {
  readonly accountId: string;
  readonly lineId: string;
  readonly invoiceId: string;
  readonly seller: string;
  readonly currency: string;
  readonly method: RecognitionMethod;
  readonly issuedAt: Instant;
}

export const REVENUE_LINE_COLUMNS = `
  account_id as "accountId", line_id as "lineId", invoice_id as "invoiceId", seller, currency, method, amount_minor as "amountMinor",
  issued_at as "issuedAt", issue_day as "issueDay", first_day as "firstDay", days`;

const INSERT = `
  insert into revenue_line (account_id, line_id, invoice_id, seller, currency, method, amount_minor, issued_at, issue_day, first_day, days)
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[], $9::integer[],
    $10::integer[], $11::integer[])`;

export async function insertRevenueLines(tx: Tx, lines: readonly BilledRevenueLine[]): Promise<void> {
  if (lines.length === 0) return;
  await tx.query(INSERT, [
    lines.map((line) => line.accountId),
    lines.map((line) => line.lineId),
    lines.map((line) => line.invoiceId),
    lines.map((line) => line.seller),
    lines.map((line) => line.currency),
    lines.map((line) => line.method),
    lines.map((line) => line.amountMinor.toString()),
    lines.map((line) => formatInstant(line.issuedAt)),
    lines.map((line) => line.issueDay),
    lines.map((line) => line.firstDay),
    lines.map((line) => line.days),
  ]);
}

/**
 * SQL for `recognizedMinor` of the domain: what of a row of revenue_line `r` is recognized once that day is over. Exact as well: a quotient by a
 * number of days has no digits that could be mistaken for a half.
 */
export const recognizedSql = (throughDay: string): string => `
  case when ${throughDay} < r.from_day then 0
    else round(r.amount_minor::numeric * least(${throughDay} - r.first_day + 1, r.days) / r.days) end`;
