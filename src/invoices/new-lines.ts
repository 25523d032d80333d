import { createHash } from 'node:crypto';
import type { Tx } from '../common/database/database.js';
import type { Line } from '../domain/billing/line.js';
import { formatInstant } from '../domain/instant.js';

/** A line of an invoice that is not finalized. */
export interface DraftedLine extends Line {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly id: string | null;
  readonly n: number;
}

/** A line that goes on an invoice now. */
export interface NewLine extends DraftedLine {
  readonly id: string;
}

/** The columns of a line's record, for `jsonb_to_recordset`. */
export const LINE_RECORD = `account_id uuid, id text, invoice_id text, n integer, slot text, slot_hash uuid, slot_seq integer,
  due_at timestamptz, kind text, subscription text, plan text, plan_version integer, price text, description text, quantity text, unit_price text,
  amount_minor bigint, service_start timestamptz, service_end timestamptz, period_key text, period_start timestamptz, period_end timestamptz,
  period_ordinal integer, proration boolean, adjusts text, groups jsonb, breakdown jsonb, discounts jsonb, taxes jsonb`;

const INSERT = `
  insert into invoice_line (account_id, id, invoice_id, n, slot, slot_hash, slot_seq, due_at, kind, subscription, plan, plan_version, price, description,
    quantity, unit_price, amount_minor, service_start, service_end, period_key, period_start, period_end, period_ordinal, proration, adjusts, groups,
    breakdown, discounts, taxes)
  select l.account_id, l.id, l.invoice_id, l.n, l.slot, l.slot_hash, l.slot_seq, l.due_at, l.kind, l.subscription, l.plan, l.plan_version, l.price,
    l.description, l.quantity, l.unit_price, l.amount_minor, l.service_start, l.service_end, l.period_key, l.period_start, l.period_end, l.period_ordinal,
    l.proration, l.adjusts, l.groups, l.breakdown, l.discounts, l.taxes
  from rows from (jsonb_to_recordset($1::jsonb) as (${LINE_RECORD})) with ordinality as l
  order by l.ordinality`;

/** A line as `LINE_RECORD` has it; one of a draft has no id. */
export const lineRecord = (line: DraftedLine): object => ({
  account_id: line.accountId,
  id: line.id,
  invoice_id: line.invoiceId,
  n: line.n,
  slot: line.slot,
  slot_hash: slotHash(line.slot),
  slot_seq: line.slotSeq,
  due_at: formatInstant(line.dueAt),
  kind: line.kind,
  subscription: line.subscription,
  plan: line.plan,
  plan_version: line.planVersion,
  price: line.price,
  description: line.description,
  quantity: line.quantity,
  unit_price: line.unitPrice,
  amount_minor: line.amountMinor.toString(),
  service_start: formatInstant(line.servicePeriod.start),
  service_end: formatInstant(line.servicePeriod.end),
  period_key: line.period.key,
  period_start: formatInstant(line.period.start),
  period_end: formatInstant(line.period.end),
  period_ordinal: line.periodOrdinal,
  proration: line.proration,
  adjusts: line.adjusts,
  groups: line.groups,
  breakdown: line.breakdown,
  discounts: line.discounts.map(({ coupon, amountMinor }) => ({ coupon, amountMinor: amountMinor.toString() })),
  taxes: line.taxes,
});

/** Stores lines in the order given. Of two that claim the same position in a slot the database refuses one: nothing is billed twice. */
export async function insertLines(tx: Tx, lines: readonly NewLine[]): Promise<void> {
  await tx.query(INSERT, [JSON.stringify(lines.map(lineRecord))]);
}

/** By what a slot is found: 16 bytes of its SHA-256, in the form of a uuid. */
export function slotHash(slot: string): string {
  const hex = createHash('sha256').update(slot).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
