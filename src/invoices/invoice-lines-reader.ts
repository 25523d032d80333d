import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type QueryRunner } from 'typeorm';
import { formatInstant, type Instant } from '../domain/instant.js';

/** A line with what its invoice says. */
export interface ExportedLine {
  /** The account's key. */
  readonly account: string;
  readonly number: string;
  readonly issuedAt: Instant;
  readonly currency: string;
  readonly id: string;
  readonly n: number;
  readonly kind: string;
  readonly subscription: string;
  readonly plan: string;
  readonly planVersion: number;
  readonly price: string | null;
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string | null;
  readonly amountMinor: bigint;
  readonly discountMinor: bigint;
  readonly taxRates: readonly string[];
  readonly serviceStart: Instant;
  readonly serviceEnd: Instant;
  readonly proration: boolean;
  readonly adjusts: string | null;
}

const BATCH_ROWS = 2_000;

const DECLARE = `
  declare lines no scroll cursor for
  select a.key as account, i.number, i.issued_at as "issuedAt", i.currency, l.id, l.n, l.kind, l.subscription, l.plan,
    l.plan_version as "planVersion", l.price, l.description, l.quantity, l.unit_price as "unitPrice", l.amount_minor as "amountMinor",
    (select coalesce(sum((d ->> 'amountMinor')::bigint), 0)::bigint from jsonb_array_elements(l.discounts) d) as "discountMinor",
    array(select t ->> 'key' from jsonb_array_elements(l.taxes) t) as "taxRates",
    l.service_start as "serviceStart", l.service_end as "serviceEnd", l.proration, l.adjusts
  from invoice i join invoice_line l on l.account_id = i.account_id and l.invoice_id = i.id join account a on a.id = i.account_id
  where i.issued_at >= $1 and i.issued_at < $2
  order by i.series, i.n, l.n`;

/** Lines of issued invoices by the thousand, all of one snapshot, through a cursor: memory does not grow with their number. */
@Injectable()
export class InvoiceLinesReader {
  constructor(@InjectDataSource() private readonly source: DataSource) {}

  async *batches({ from, to }: { readonly from: Instant; readonly to: Instant }): AsyncGenerator<ExportedLine[]> {
    const runner = this.source.createQueryRunner();
    try {
      await runner.startTransaction('REPEATABLE READ');
      await runner.query(DECLARE, [formatInstant(from), formatInstant(to)]);
      for (;;) {
        const rows = (await runner.query(`fetch ${String(BATCH_ROWS)} from lines`)) as ExportedLine[];
        if (rows.length === 0) return;
        yield rows;
      }
    } finally {
      await ended(runner);
    }
  }
}

/** Nothing was written. A connection that was lost cannot even roll back: it is given back all the same. */
async function ended(runner: QueryRunner): Promise<void> {
  try {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
  } finally {
    await runner.release();
  }
}
