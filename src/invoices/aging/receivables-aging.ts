import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { formatInstant, type Instant, parseInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { openOnInvoicesSql } from '../../ledger/open-on-invoices.js';
import type { AgingQuery } from './receivables-aging.dto.js';

/** What is owed, by how long it is overdue; in minor units. */
export interface AgingRow {
  readonly seller: string;
  readonly currency: string;
  /** The account's key; absent in sums over all accounts. */
  readonly account: string | null;
  readonly currentMinor: bigint;
  readonly days1To30Minor: bigint;
  readonly days31To60Minor: bigint;
  readonly days61To90Minor: bigint;
  readonly days91AndMoreMinor: bigint;
  readonly totalMinor: bigint;
}

const bucket = (condition: string, name: string): string =>
  `coalesce(sum(o.open_minor) filter (where ${condition}), 0)::bigint as "${name}Minor"`;
const overdue = (days: number): string => `d.due_at + interval '${String(days)} days'`;

/* An amount that is due at the instant itself is not overdue. $2 only these books, $3 only this account, $4 whether by account. */
const AGING = `
  select o.seller, o.currency, case when $4::boolean then a.key end as account,
    ${bucket('$1 <= d.due_at', 'current')},
    ${bucket(`$1 > d.due_at and $1 <= ${overdue(30)}`, 'days1To30')},
    ${bucket(`$1 > ${overdue(30)} and $1 <= ${overdue(60)}`, 'days31To60')},
    ${bucket(`$1 > ${overdue(60)} and $1 <= ${overdue(90)}`, 'days61To90')},
    ${bucket(`$1 > ${overdue(90)}`, 'days91AndMore')},
    sum(o.open_minor)::bigint as "totalMinor"
  from (${openOnInvoicesSql('accounts_receivable', '$1::timestamptz')}) o
  left join invoice i on i.account_id = o.account_id and i.id = o.invoice_id
  left join account a on a.id = o.account_id
  cross join lateral (select coalesce(i.due_at, $1::timestamptz) as due_at) d
  where ($2::text is null or o.seller = $2) and ($3::text is null or a.key = $3)
  group by 1, 2, 3 order by 1, 2, 3`;

/** Receivables by age, as the ledger has them. */
@Injectable()
export class ReceivablesAging {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  /** @throws Refusal `as_of_in_future` */
  async read({ asOf: text, seller, account, by }: AgingQuery): Promise<{ asOf: Instant; rows: AgingRow[] }> {
    const now = this.clock.now();
    const asOf = text === undefined ? now : parseInstant(text);
    if (asOf > now)
      throw new Refusal('unprocessable', 'as_of_in_future', `It is ${formatInstant(now)}: a report is as of then or earlier.`);
    const values = [formatInstant(asOf), seller ?? null, account ?? null, by === 'account'];
    return { asOf, rows: await this.database.transaction((tx) => tx.query<AgingRow[]>(AGING, values)) };
  }
}
