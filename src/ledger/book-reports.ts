import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { bookDay, lastDayOver, monthAfter, monthOf, monthsBetween, startOfMonth } from '../domain/books.js';
import { earliest, formatInstant, type Instant, parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { Recognition } from './recognition.js';
import type { MonthsQuery } from './reports.dto.js';
import { recognizedSql } from './revenue-lines.js';

const MONTHS_DEFAULT = 12;
const MONTHS_MAX = 120;

export interface RevenueOfMonth {
  readonly month: string;
  readonly seller: string;
  readonly currency: string;
  readonly fromDeferredMinor: bigint;
  readonly onUseMinor: bigint;
  readonly recognizedMinor: bigint;
}

export interface DeferredOfMonth {
  readonly month: string;
  readonly status: 'actual' | 'scheduled';
  readonly seller: string;
  readonly currency: string;
  readonly openingMinor: bigint;
  readonly billedMinor: bigint;
  readonly recognizedMinor: bigint;
}

/** A stretch of the waterfall: what was billed before `fromAt` opens it, what was billed up to and with `toAt` belongs to it. */
interface Step {
  readonly month: string;
  readonly status: 'actual' | 'scheduled';
  readonly fromAt: Instant;
  readonly toAt: Instant;
  readonly firstDay: number;
  readonly throughDay: number;
}

interface Range {
  readonly asOf: Instant;
  readonly months: readonly string[];
}

const REVENUE = `
  select to_char(e.at, 'YYYY-MM') as month, e.seller, e.currency, -sum(p.amount_minor)::bigint as "recognizedMinor",
    coalesce(-sum(p.amount_minor) filter (where e.purpose = 'revenue_recognized'), 0)::bigint as "fromDeferredMinor",
    coalesce(-sum(p.amount_minor) filter (where e.purpose = 'revenue_earned'), 0)::bigint as "onUseMinor"
  from journal_entry e join posting p on p.account_id = e.account_id and p.entry_id = e.id
  where p.ledger_account = 'revenue' and e.at >= $1 and e.at < $2 and e.at <= $3 and ($4::text is null or e.seller = $4)
  group by 1, e.seller, e.currency order by 1, e.seller, e.currency`;

/* Lines that are recognized in full before a step are not read for it: relies on revenue_line_deferred. */
const DEFERRED = `
  select s.month, s.status, r.seller, r.currency,
    coalesce(sum(r.amount_minor - ${recognizedSql('(s.first_day - 1)')}) filter (where r.issued_at < s.from_at), 0)::bigint as "openingMinor",
    coalesce(sum(r.amount_minor) filter (where r.issued_at >= s.from_at), 0)::bigint as "billedMinor",
    sum(${recognizedSql('s.through_day')} - ${recognizedSql('(s.first_day - 1)')})::bigint as "recognizedMinor"
  from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::integer[])
    with ordinality as s(month, status, from_at, to_at, first_day, through_day, n)
  join revenue_line r on r.method = 'daily' and r.last_day >= s.first_day and r.issued_at <= s.to_at
  where ($7::text is null or r.seller = $7)
  group by s.n, s.month, s.status, r.seller, r.currency order by s.n, r.seller, r.currency`;

/** Reports over the books, as of an instant. They come to what the ledger says then. */
@Injectable()
export class BookReports {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly recognition: Recognition,
  ) {}

  /** @throws Refusal `as_of_in_future`, `range_reversed`, `range_too_long` */
  async revenue(query: MonthsQuery): Promise<{ asOf: Instant; rows: RevenueOfMonth[] }> {
    const { asOf, months } = await this.range(query);
    const [from, to] = [startOfMonth(months[0] ?? ''), startOfMonth(monthAfter(months.at(-1) ?? ''))];
    const values = [formatInstant(from), formatInstant(to), formatInstant(asOf), query.seller ?? null];
    return { asOf, rows: await this.database.snapshot((tx) => tx.query<RevenueOfMonth[]>(REVENUE, values)) };
  }

  /** @throws Refusal `as_of_in_future`, `range_reversed`, `range_too_long` */
  async deferred(query: MonthsQuery): Promise<{ asOf: Instant; rows: DeferredOfMonth[] }> {
    const { asOf, months } = await this.range(query);
    const steps = months.flatMap((month) => stepsOf(month, asOf));
    const rows = await this.database.snapshot((tx) =>
      tx.query<DeferredOfMonth[]>(DEFERRED, [
        steps.map((step) => step.month),
        steps.map((step) => step.status),
        steps.map((step) => formatInstant(step.fromAt)),
        steps.map((step) => formatInstant(step.toAt)),
        steps.map((step) => step.firstDay),
        steps.map((step) => step.throughDay),
        query.seller ?? null,
      ]),
    );
    return { asOf, rows };
  }

  /** Recognizes what is over first, so that no report is a day behind. */
  private async range({ asOf: text, from, to }: MonthsQuery): Promise<Range> {
    await this.recognition.runDue();
    const now = this.clock.now();
    const asOf = text === undefined ? now : parseInstant(text);
    if (asOf > now)
      throw new Refusal('unprocessable', 'as_of_in_future', `It is ${formatInstant(now)}: a report is as of then or earlier.`);
    const last = to ?? monthOf(asOf);
    const first = from ?? monthAfter(last, 1 - MONTHS_DEFAULT);
    if (last < first) throw new Refusal('invalid', 'range_reversed', '"to" must not lie before "from".');
    if (monthAfter(first, MONTHS_MAX) <= last)
      throw new Refusal('unprocessable', 'range_too_long', `Ask for at most ${String(MONTHS_MAX)} months at once.`);
    return { asOf, months: monthsBetween(first, last) };
  }
}

/** A month up to `asOf`, and what is left of it. */
function stepsOf(month: string, asOf: Instant): Step[] {
  const [start, end] = [startOfMonth(month), startOfMonth(monthAfter(month))];
  const [firstDay, throughDay, over] = [bookDay(start), bookDay(end) - 1, lastDayOver(asOf)];
  const actual = {
    month,
    status: 'actual',
    fromAt: start,
    toAt: earliest(end - 1n, asOf),
    firstDay,
    throughDay: Math.min(throughDay, over),
  } as const;
  const scheduled = {
    month,
    status: 'scheduled',
    fromAt: asOf + 1n,
    toAt: asOf,
    firstDay: Math.max(firstDay, over + 1),
    throughDay,
  } as const;
  return [...(start <= asOf ? [actual] : []), ...(over < throughDay ? [scheduled] : [])];
}
