import { createHash } from 'node:crypto';
import type { Tx } from '../common/database/database.js';
import type { InvoicedLine } from '../domain/billing/creditable.js';
import { type BilledLine, type Line, type LineTax, netOf } from '../domain/billing/line.js';
import { grouped } from '../domain/billing/slot.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { BreakdownStep } from '../domain/rating/model.js';

/** A line as it is kept. */
export interface LineRow extends Omit<BilledLine, 'servicePeriod' | 'period' | 'discounts' | 'creditNotedMinor'> {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly n: number;
  readonly serviceStart: Instant;
  readonly serviceEnd: Instant;
  readonly periodKey: string;
  readonly periodStart: Instant;
  readonly periodEnd: Instant;
  readonly discounts: readonly { readonly coupon: string; readonly amountMinor: string }[];
  readonly taxes: readonly LineTax[];
  readonly breakdown: readonly BreakdownStep[];
}

export const LINE_COLUMNS = `
  account_id as "accountId", id, invoice_id as "invoiceId", n, slot, slot_seq as "slotSeq", due_at as "dueAt", kind, subscription, plan,
  plan_version as "planVersion", price, description, quantity, unit_price as "unitPrice", amount_minor as "amountMinor",
  service_start as "serviceStart", service_end as "serviceEnd", period_key as "periodKey", period_start as "periodStart",
  period_end as "periodEnd", period_ordinal as "periodOrdinal", proration, adjusts, groups, breakdown, discounts, taxes`;

/** A row as the domain's line, as if no credit note were issued against it. */
export function lineOf({ serviceStart, serviceEnd, periodKey, periodStart, periodEnd, discounts, ...line }: LineRow): InvoicedLine {
  return {
    ...line,
    servicePeriod: { start: serviceStart, end: serviceEnd },
    period: { key: periodKey, start: periodStart, end: periodEnd },
    discounts: discounts.map(({ coupon, amountMinor }) => ({ coupon, amountMinor: BigInt(amountMinor) })),
    creditNotedMinor: 0n,
  };
}

/** What was billed to an account. */
export interface Billed {
  /** In the order of billing; without those on void invoices, unless they were waived. */
  readonly lines: readonly InvoicedLine[];
  /** The highest position taken in each slot, on void invoices too. */
  readonly slotSeqs: ReadonlyMap<string, number>;
}

interface BilledRow extends LineRow {
  readonly void: boolean;
  readonly waived: boolean;
  readonly creditNotedMinor: bigint;
}

/* Relies on invoice_line_pk, invoice_settlement_pk and credit_note_line_pk. */
const BILLED = `
  select l.*, s.closed is not distinct from 'void' as void, s.waived, coalesce(c.amount_minor, 0)::bigint as "creditNotedMinor"
  from (select ${LINE_COLUMNS}, billed_seq from invoice_line where account_id = any($1::uuid[])) l
  join invoice_settlement s on s.account_id = l."accountId" and s.invoice_id = l."invoiceId"
  left join (
    select account_id, line_id, sum(amount_minor) as amount_minor from credit_note_line where account_id = any($1::uuid[]) group by account_id, line_id
  ) c on c.account_id = l."accountId" and c.line_id = l.id
  order by l.billed_seq`;

/** Everything that was billed to these accounts, by account. */
export async function billedLines(tx: Tx, accountIds: readonly string[]): Promise<Map<string, Billed>> {
  const rows = await tx.query<BilledRow[]>(BILLED, [accountIds]);
  return new Map(
    [...grouped(rows, (row) => row.accountId)].map(([accountId, own]) => [
      accountId,
      {
        lines: own.filter((row) => !row.void || row.waived).map(billedLineOf),
        slotSeqs: new Map(own.map((row) => [row.slot, row.slotSeq])),
      },
    ]),
  );
}

/** Of a charge that was waived nothing is left to be given back. */
function billedLineOf({ void: _void, waived, creditNotedMinor, ...row }: BilledRow): InvoicedLine {
  const line = lineOf(row);
  return { ...line, creditNotedMinor: waived ? netOf(line) : creditNotedMinor };
}

/** A line that goes on an invoice now. */
export interface NewLine extends Line {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly id: string;
  readonly n: number;
}

const INSERT = `
  insert into invoice_line (account_id, id, invoice_id, n, slot, slot_hash, slot_seq, due_at, kind, subscription, plan, plan_version, price, description,
    quantity, unit_price, amount_minor, service_start, service_end, period_key, period_start, period_end, period_ordinal, proration, adjusts, groups,
    breakdown, discounts, taxes)
  select l.account_id, l.id, l.invoice_id, l.n, l.slot, l.slot_hash, l.slot_seq, l.due_at, l.kind, l.subscription, l.plan, l.plan_version, l.price,
    l.description, l.quantity, l.unit_price, l.amount_minor, l.service_start, l.service_end, l.period_key, l.period_start, l.period_end, l.period_ordinal,
    l.proration, l.adjusts, l.groups, l.breakdown, l.discounts, l.taxes
  from rows from (jsonb_to_recordset($1::jsonb) as (account_id uuid, id text, invoice_id text, n integer, slot text, slot_hash uuid, slot_seq integer,
    due_at timestamptz, kind text, subscription text, plan text, plan_version integer, price text, description text, quantity text, unit_price text,
    amount_minor bigint, service_start timestamptz, service_end timestamptz, period_key text, period_start timestamptz, period_end timestamptz,
    period_ordinal integer, proration boolean, adjusts text, groups jsonb, breakdown jsonb, discounts jsonb, taxes jsonb)) with ordinality as l
  order by l.ordinality`;

/** Stores lines in the order given. Of two that claim the same position in a slot the database refuses one: nothing is billed twice. */
export async function insertLines(tx: Tx, lines: readonly NewLine[]): Promise<void> {
  const rows = lines.map((line) => ({
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
  }));
  await tx.query(INSERT, [JSON.stringify(rows)]);
}

/** 16 bytes of SHA-256, in the form of a uuid. */
function slotHash(slot: string): string {
  const hex = createHash('sha256').update(slot).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
