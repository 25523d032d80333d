import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';

/** Why nothing more is asked for: the invoice never counted, or nobody will pay it. */
export type Closed = 'void' | 'uncollectible';

/** What became of an invoice: its document never says. Amounts in minor units. */
export interface InvoiceSettlement {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly number: string;
  readonly currency: string;
  readonly dueMinor: bigint;
  readonly paidMinor: bigint;
  /** What credit notes took off what is due. */
  readonly creditedMinor: bigint;
  /** What is asked for: due, not paid, not credited, and neither void nor written off. */
  readonly openMinor: bigint;
  /** What may come in: what is open, and what was written off. */
  readonly leftMinor: bigint;
  readonly closed: Closed | null;
}

/* Of the settlement `s`. */
const NOT_SETTLED = 's.due_minor - s.paid_minor - s.credited_minor';
export const OPEN_MINOR = `(${NOT_SETTLED} - s.released_minor)`;
export const WRITTEN_OFF_MINOR = `(case when s.closed = 'uncollectible' then s.released_minor else 0 end)`;
export const LEFT_MINOR = `(case when s.closed = 'void' then 0 else ${NOT_SETTLED} end)`;
export const STATUS = `coalesce(s.closed, case when ${NOT_SETTLED} = 0 then 'paid' else 'finalized' end)`;

/** SQL for an invoice `i` that counts. Relies on invoice_settlement_pk. */
export const NOT_VOID = `not exists (
  select from invoice_settlement s where s.account_id = i.account_id and s.invoice_id = i.id and s.closed = 'void')`;

const SELECT = `
  select s.account_id as "accountId", s.invoice_id as "invoiceId", i.number, i.currency, s.due_minor as "dueMinor", s.paid_minor as "paidMinor",
    s.credited_minor as "creditedMinor", ${OPEN_MINOR} as "openMinor", ${LEFT_MINOR} as "leftMinor", s.closed
  from invoice_settlement s join invoice i on i.account_id = s.account_id and i.id = s.invoice_id`;

/** Locked until the transaction ends. @throws Refusal `invoice_not_found` */
export async function lockSettlement(tx: Tx, accountId: string, invoiceId: string): Promise<InvoiceSettlement> {
  const [row] = await tx.query<InvoiceSettlement[]>(`${SELECT} where s.account_id = $1 and s.invoice_id = $2 for update of s`, [
    accountId,
    invoiceId,
  ]);
  if (!row) throw new Refusal('not_found', 'invoice_not_found', `There is no invoice "${invoiceId}".`);
  return row;
}

/** What an account still owes, oldest first; with `writtenOff` also what nobody is expected to pay any more. */
export function unpaidOf(tx: Tx, accountId: string, { writtenOff = false } = {}): Promise<InvoiceSettlement[]> {
  return tx.query<InvoiceSettlement[]>(
    `${SELECT} where s.account_id = $1 and ${writtenOff ? LEFT_MINOR : OPEN_MINOR} > 0 order by i.issued_at, i.id`,
    [accountId],
  );
}

/** What accounts are asked for and have not paid, by account, oldest first. */
export function openOf(tx: Tx, accountIds: readonly string[]): Promise<InvoiceSettlement[]> {
  return tx.query<InvoiceSettlement[]>(`${SELECT} where s.account_id = any($1::uuid[]) and ${OPEN_MINOR} > 0 order by i.issued_at, i.id`, [
    accountIds,
  ]);
}

/** What is taken off an invoice that may still be paid. */
export interface Settled {
  readonly paidMinor: bigint;
  readonly creditedMinor: bigint;
  /** How much of that had been written off. */
  readonly recoveredMinor: bigint;
}

/** An invoice of which nothing is left was paid, also one that had been written off. */
const SETTLE = `
  update invoice_settlement s set paid_minor = s.paid_minor + $3, credited_minor = s.credited_minor + $4, released_minor = s.released_minor - $5,
    closed = case when s.released_minor > $5 then s.closed end,
    paid_at = case when ${NOT_SETTLED} = $3 + $4 then $6::timestamptz end
  where s.account_id = $1 and s.invoice_id = $2`;

/** The caller has locked it. */
export async function settle(
  tx: Tx,
  { accountId, invoiceId }: Pick<InvoiceSettlement, 'accountId' | 'invoiceId'>,
  { paidMinor, creditedMinor, recoveredMinor }: Settled,
  at: Instant,
): Promise<void> {
  if (paidMinor + creditedMinor === 0n) return;
  const amounts = [paidMinor, creditedMinor, recoveredMinor].map(String);
  await tx.query(SETTLE, [accountId, invoiceId, ...amounts, formatInstant(at)]);
}

/** Asks for nothing more. The caller has locked it, and knows that it is open, or void for the first time. */
export async function close(
  tx: Tx,
  { accountId, invoiceId }: Pick<InvoiceSettlement, 'accountId' | 'invoiceId'>,
  { as, waived, at }: { readonly as: Closed; readonly waived: boolean; readonly at: Instant },
): Promise<void> {
  await tx.query(
    `update invoice_settlement s set closed = $3, closed_at = $4, waived = $5, released_minor = ${OPEN_MINOR}, paid_at = null,
       written_off_minor = case when $3 = 'uncollectible' then ${OPEN_MINOR} else 0 end
     where s.account_id = $1 and s.invoice_id = $2`,
    [accountId, invoiceId, as, formatInstant(at), waived],
  );
}
