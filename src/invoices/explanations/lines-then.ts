import type { Tx } from '../../common/database/database.js';
import type { InvoicedLine } from '../../domain/billing/creditable.js';
import { formatInstant } from '../../domain/instant.js';
import { type BilledRow, billedLineOf, LINE_COLUMNS } from '../billed-lines.js';
import type { InvoiceRow } from '../invoice-view.js';

/* What of a subscription was billed by the time of an invoice ($3 its issue, $4 the invoice), as it counted then. Relies on invoice_line_by_end. */
const LINES = `
  select l.*, s.invoice_id is not null as void, coalesce(s.waived, false) as waived, coalesce(c.amount_minor, 0)::bigint as "creditNotedMinor"
  from (select ${LINE_COLUMNS}, billed_seq from invoice_line where account_id = $1 and subscription = $2) l
  left join invoice_settlement s
    on s.account_id = l."accountId" and s.invoice_id = l."invoiceId" and s.closed = 'void' and s.closed_at <= $3 and s.invoice_id <> $4
  cross join lateral (
    select sum(n.amount_minor) as amount_minor from credit_note_line n
    join credit_note o on o.account_id = n.account_id and o.id = n.credit_note_id
    where n.account_id = l."accountId" and n.line_id = l.id and o.issued_at <= $3) c
  where (s.invoice_id is null or s.waived)
    and l.billed_seq <= (select max(billed_seq) from invoice_line where account_id = $1 and invoice_id = $4)
  order by l.billed_seq`;

/** The lines of a subscription up to those of an invoice, in the order of billing, by what was known when it was issued. */
export async function linesThen(tx: Tx, { accountId, id, issuedAt }: InvoiceRow, subscription: string): Promise<InvoicedLine[]> {
  return (await tx.query<BilledRow[]>(LINES, [accountId, subscription, formatInstant(issuedAt), id])).map(billedLineOf);
}
