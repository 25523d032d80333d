import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { formatInstant, type Instant, parseInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import type { DocumentsQuery, TaxReportQuery, UsageReportQuery } from './document-reports.dto.js';

/** Tax of one rate, in minor units; what was credited, and what was void, counts from zero up. */
export interface TaxOfRate {
  readonly seller: string;
  readonly currency: string;
  readonly taxRate: string;
  readonly category: string;
  readonly rate: string;
  readonly taxableInvoicedMinor: bigint;
  readonly taxInvoicedMinor: bigint;
  readonly taxableCreditedMinor: bigint;
  readonly taxCreditedMinor: bigint;
}

/** What usage of one meter came to; amounts in minor units. */
export interface InvoicedUsage {
  readonly seller: string;
  readonly currency: string;
  readonly meter: string;
  readonly plan: string | null;
  readonly price: string | null;
  readonly account: string | null;
  readonly month: string | null;
  readonly quantity: string;
  readonly amountMinor: bigint;
  readonly discountMinor: bigint;
  readonly creditedMinor: bigint;
  readonly revenueMinor: bigint;
}

/** A range of time as parameters $1 and $2, and as it is told. */
interface Range {
  readonly from: Instant | null;
  readonly to: Instant;
}

const within = (column: string): string => `${column} >= coalesce($1::timestamptz, '-infinity') and ${column} < $2`;

/* Documents count when they are issued, and against it when they are void: as their entries do. */
const TAX = `
  with document as (
    select i.snapshot, i.currency, i.taxes, true as invoiced from invoice i where ${within('i.issued_at')}
    union all
    select i.snapshot, i.currency, i.taxes, false from invoice_settlement s
      join invoice i on i.account_id = s.account_id and i.id = s.invoice_id where s.closed = 'void' and ${within('s.closed_at')}
    union all
    select c.snapshot, c.currency, c.taxes, false from credit_note c where ${within('c.issued_at')})
  select d.snapshot -> 'seller' ->> 'key' as seller, d.currency, t ->> 'key' as "taxRate", t ->> 'category' as category, t ->> 'rate' as rate,
    coalesce(sum((t ->> 'taxableMinor')::bigint) filter (where d.invoiced), 0)::bigint as "taxableInvoicedMinor",
    coalesce(sum((t ->> 'amountMinor')::bigint) filter (where d.invoiced), 0)::bigint as "taxInvoicedMinor",
    coalesce(sum((t ->> 'taxableMinor')::bigint) filter (where not d.invoiced), 0)::bigint as "taxableCreditedMinor",
    coalesce(sum((t ->> 'amountMinor')::bigint) filter (where not d.invoiced), 0)::bigint as "taxCreditedMinor"
  from document d cross join lateral jsonb_array_elements(d.taxes) t
  where $3::text is null or d.snapshot -> 'seller' ->> 'key' = $3
  group by 1, 2, 3, 4, 5 order by 1, 2, 4, 3, 5`;

/*
 * Lines of usage, and what takes them back: a void invoice all of it, a credit note some of the revenue. A line's quantity is all that was metered of its
 * piece by then, so what the line before told is taken off; one that takes its piece back as a whole has no breakdown. Relies on revenue_line_pk.
 */
const USAGE = `
  with moved as (
    select i.account_id, i.id as invoice_id, i.issued_at as at, 1 as sign, '' as before, '' as after from invoice i where ${within('i.issued_at')}
    union all
    select s.account_id, s.invoice_id, s.closed_at, -1, '', ':void' from invoice_settlement s where s.closed = 'void' and ${within('s.closed_at')}
    union all
    select c.account_id, c.invoice_id, c.issued_at, 0, c.id || ':', '' from credit_note c where ${within('c.issued_at')})
  select r.seller, r.currency, p.meter, case when $6 = 'price' then l.plan end as plan, case when $6 = 'price' then l.price end as price,
    case when $6 = 'account' then a.key end as account, case when $6 = 'month' then to_char(m.at at time zone 'UTC', 'YYYY-MM') end as month,
    trim_scale(coalesce(sum(m.sign * (q.quantity - q.told)), 0))::text as quantity,
    sum(m.sign * l.amount_minor)::bigint as "amountMinor",
    sum(m.sign * d.minor)::bigint as "discountMinor",
    -coalesce(sum(r.amount_minor) filter (where m.sign = 0), 0)::bigint as "creditedMinor",
    sum(r.amount_minor)::bigint as "revenueMinor"
  from moved m
  join invoice_line l on l.account_id = m.account_id and l.invoice_id = m.invoice_id and l.kind in ('metered', 'adjustment')
  join revenue_line r on r.account_id = l.account_id and r.line_id = m.before || l.id || m.after
  join account a on a.id = l.account_id
  join plan_version v on v.plan = l.plan and v.version = l.plan_version
  cross join lateral (select e ->> 'meter' as meter from jsonb_array_elements(v.content -> 'prices') e where e ->> 'key' = l.price) p
  cross join lateral (select coalesce(sum((e ->> 'amountMinor')::bigint), 0) as minor from jsonb_array_elements(l.discounts) e) d
  cross join lateral (
    select case when l.breakdown = '[]' then 0 else l.quantity::numeric end as quantity, coalesce((
      select case when o.breakdown = '[]' then 0 else o.quantity::numeric end from invoice_line o
      where o.account_id = l.account_id and o.slot_hash = l.slot_hash and o.slot_seq < l.slot_seq and not exists (
        select from invoice_settlement s where s.account_id = o.account_id and s.invoice_id = o.invoice_id and s.closed = 'void' and not s.waived)
      order by o.slot_seq desc limit 1), 0) as told) q
  where ($3::text is null or r.seller = $3) and ($4::text is null or p.meter = $4) and ($5::text is null or a.key = $5)
  group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6, 7`;

/** What was sold, by its documents: they come to what the ledger says. */
@Injectable()
export class DocumentReports {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  /** @throws Refusal `range_reversed` */
  async tax(query: TaxReportQuery): Promise<Range & { readonly rows: TaxOfRate[] }> {
    const range = this.range(query);
    return { ...range, rows: await this.rows<TaxOfRate>(TAX, range, [query.seller ?? null]) };
  }

  /** @throws Refusal `range_reversed` */
  async usage(query: UsageReportQuery): Promise<Range & { readonly rows: InvoicedUsage[] }> {
    const { seller = null, meter = null, account = null, by } = query;
    const range = this.range(query);
    return { ...range, rows: await this.rows<InvoicedUsage>(USAGE, range, [seller, meter, account, by]) };
  }

  private rows<Row>(sql: string, { from, to }: Range, values: readonly (string | null)[]): Promise<Row[]> {
    const bounds = [from === null ? null : formatInstant(from), formatInstant(to)];
    return this.database.snapshot((tx) => tx.query<Row[]>(sql, [...bounds, ...values]));
  }

  private range(query: DocumentsQuery): Range {
    const from = query.from === undefined ? null : parseInstant(query.from);
    const to = query.to === undefined ? this.clock.now() + 1n : parseInstant(query.to);
    if (from !== null && to < from) throw new Refusal('invalid', 'range_reversed', '"to" must not lie before "from".');
    return { from, to };
  }
}
