import { plainArray, textArray } from '../common/database/arrays.js';
import type { Tx } from '../common/database/database.js';
import type { InvoicedLine } from '../domain/billing/creditable.js';
import { type BilledLine, type LineTax, netOf } from '../domain/billing/line.js';
import { givenKey } from '../domain/billing/settled.js';
import { grouped, positionsTaken } from '../domain/billing/slot.js';
import { formatInstant, type Instant, type Stretch } from '../domain/instant.js';
import type { BreakdownStep } from '../domain/rating/model.js';
import { slotHash } from './new-lines.js';

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

/** A line with what became of it. */
export interface BilledRow extends LineRow {
  readonly void: boolean;
  readonly waived: boolean;
  readonly creditNotedMinor: bigint;
}

const BILLED_COLUMNS = `${LINE_COLUMNS}, billed_seq`;

/* Lines with what became of them. Relies on invoice_settlement_pk and credit_note_line_by_line. */
const billedSql = (lines: string): string => `
  select l.*, s.invoice_id is not null as void, coalesce(s.waived, false) as waived, coalesce(c.amount_minor, 0)::bigint as "creditNotedMinor"
  from (${lines}) l
  left join invoice_settlement s on s.account_id = l."accountId" and s.invoice_id = l."invoiceId" and s.closed = 'void'
  cross join lateral (
    select sum(amount_minor) as amount_minor from credit_note_line where account_id = l."accountId" and line_id = l.id) c
  order by l.billed_seq`;

const ALL_LINES = billedSql(`select ${BILLED_COLUMNS} from invoice_line where account_id = any($1::uuid[])`);

/** Everything that was billed to these accounts, by account. One query over invoice_line_pk. */
export async function billedLines(tx: Tx, accountIds: readonly string[]): Promise<Map<string, Billed>> {
  return byAccount(await tx.query<BilledRow[]>(ALL_LINES, [accountIds]));
}

function byAccount(rows: readonly BilledRow[]): Map<string, Billed> {
  const groups = [...grouped(rows, (row) => row.accountId)];
  return new Map(
    groups.map(([accountId, own]) => [
      accountId,
      { lines: own.filter((row) => !row.void || row.waived).map(billedLineOf), slotSeqs: positionsTaken(own) },
    ]),
  );
}

/** Of a charge that was waived nothing is left to be given back. */
export function billedLineOf({ void: _void, waived, creditNotedMinor, ...row }: BilledRow): InvoicedLine {
  const line = lineOf(row);
  return { ...line, creditNotedMinor: waived ? netOf(line) : creditNotedMinor };
}

/** A subscription, and up to where what was billed of it is left out; null for nothing. */
export interface OpenPart {
  readonly accountId: string;
  readonly subscription: string;
  readonly through: Instant | null;
}

/* When a line ends, as `endOfPiece` has it; what is charged once never does. The expression is that of invoice_line_by_end. */
const ENDS = `(case when l.kind = 'one_time' then 'infinity'::timestamptz else greatest(l.period_end, l.service_end) end)`;
const PARTS = 'unnest($1::uuid[], $2::text[], $3::timestamptz[]) as k(account_id, subscription, through)';
const OF_PART = 'l.account_id = k.account_id and l.subscription = k.subscription';
/* A line that counts as billed, as `billedLines` has it. */
const COUNTS = `not exists (
  select from invoice_settlement s where s.account_id = l.account_id and s.invoice_id = l.invoice_id and s.closed = 'void' and not s.waived)`;

const partColumns = (parts: readonly OpenPart[]): string[] => [
  plainArray(parts.map(({ accountId }) => accountId)),
  plainArray(parts.map(({ subscription }) => subscription)),
  plainArray(parts.map(({ through }) => (through === null ? '-infinity' : formatInstant(through)))),
];

const OPEN_LINES = billedSql(`
  select ${BILLED_COLUMNS} from (
    select o.* from ${PARTS} cross join lateral (select l.* from invoice_line l where ${OF_PART} and ${ENDS} > k.through) o) o`);

/** What was billed of these subscriptions and ends later, by account. One query over invoice_line_by_end. */
export async function openLines(tx: Tx, parts: readonly OpenPart[]): Promise<Map<string, Billed>> {
  if (parts.length === 0) return new Map();
  return byAccount(await tx.query<BilledRow[]>(OPEN_LINES, partColumns(parts)));
}

/**
 * The bounds of the last periods that are left out, by subscription: those that a time zone's rules might move over the end of what is
 * settled. Relies on invoice_line_by_end.
 */
export async function periodsLeftOut(tx: Tx, parts: readonly OpenPart[]): Promise<Map<string, Map<string, Stretch>>> {
  if (parts.length === 0) return new Map();
  const rows = await tx.query<{ subscription: string; key: string; start: Instant; end: Instant }[]>(
    `select distinct k.subscription, l.period_key as key, l.period_start as start, l.period_end as "end" from ${PARTS}
     cross join lateral (select max(${ENDS}) as at from invoice_line l where ${OF_PART} and ${ENDS} <= k.through and ${COUNTS}) last
     join invoice_line l on ${OF_PART} and ${ENDS} <= k.through and ${ENDS} >= least(last.at, k.through - interval '48 hours') and ${COUNTS}`,
    partColumns(parts),
  );
  const periods = new Map<string, Map<string, Stretch>>();
  for (const { subscription, key, start, end } of rows) {
    const found = periods.get(subscription) ?? new Map<string, Stretch>();
    periods.set(subscription, found.set(key, { start, end }));
  }
  return periods;
}

/** What coupons took off on lines that are left out, by subscription and `givenKey`, in minor units. Reads all of these lines. Relies on invoice_line_by_end. */
export async function discountsLeftOut(
  tx: Tx,
  parts: readonly (OpenPart & { readonly coupon: string })[],
): Promise<Map<string, Map<string, bigint>>> {
  if (parts.length === 0) return new Map();
  const rows = await tx.query<{ subscription: string; coupon: string; ordinal: number; given: bigint }[]>(
    `select k.subscription, k.coupon, l.period_ordinal as ordinal, sum((d ->> 'amountMinor')::bigint)::bigint as given
     from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[]) as k(account_id, subscription, through, coupon)
     join invoice_line l on ${OF_PART} and ${ENDS} <= k.through and ${COUNTS}
     join jsonb_array_elements(l.discounts) d on d ->> 'coupon' = k.coupon group by 1, 2, 3`,
    [...partColumns(parts), textArray(parts.map(({ coupon }) => coupon))],
  );
  const discounts = new Map<string, Map<string, bigint>>();
  for (const { subscription, coupon, ordinal, given } of rows) {
    const found = discounts.get(subscription) ?? new Map<string, bigint>();
    discounts.set(subscription, found.set(givenKey(coupon, ordinal), given));
  }
  return discounts;
}

/** A slot of an account. */
export interface SlotOf {
  readonly accountId: string;
  readonly slot: string;
}

/** The highest position taken in each of these slots; a slot without one is left out. Relies on invoice_line_billed_once. */
export async function highestPositions(tx: Tx, slots: readonly SlotOf[]): Promise<(SlotOf & { readonly slotSeq: number })[]> {
  if (slots.length === 0) return [];
  return await tx.query(
    `select k.account_id as "accountId", k.slot, l.slot_seq as "slotSeq"
     from unnest($1::uuid[], $2::text[], $3::uuid[]) as k(account_id, slot, hash)
     cross join lateral (
       select slot_seq from invoice_line l where l.account_id = k.account_id and l.slot_hash = k.hash order by slot_seq desc limit 1) l`,
    [
      plainArray(slots.map(({ accountId }) => accountId)),
      textArray(slots.map(({ slot }) => slot)),
      plainArray(slots.map(({ slot }) => slotHash(slot))),
    ],
  );
}
