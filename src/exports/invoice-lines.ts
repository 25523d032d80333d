import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { stringify } from 'csv-stringify';
import { formatMoney } from '../domain/currency.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { type ExportedLine, InvoiceLinesReader } from '../invoices/invoice-lines-reader.js';

export interface ExportRange {
  readonly from: Instant;
  readonly to: Instant;
}

const COLUMNS = [
  'invoice_number',
  'issued_at',
  'account',
  'currency',
  'line',
  'kind',
  'subscription',
  'plan',
  'plan_version',
  'price',
  'description',
  'quantity',
  'unit_price',
  'amount',
  'discount',
  'net',
  'tax_rates',
  'service_start',
  'service_end',
  'proration',
  'adjusts',
  'line_id',
] as const;

/** What a spreadsheet would take for a formula gets a quote in front; numbers are no such texts. */
const FORMULA = /^[=+\-@\t\r]/;
const text = (value: string): string => (FORMULA.test(value) ? `'${value}` : value);

/** The lines of issued invoices for finance: from one snapshot, in constant memory, in the order of invoices and lines. */
@Injectable()
export class InvoiceLinesExport {
  constructor(private readonly reader: InvoiceLinesReader) {}

  /** CSV after RFC 4180, with a header. An error breaks the stream off: what came is not to be taken for the whole. */
  csv(range: ExportRange): Readable {
    const rows = Readable.from(this.rows(range));
    const csv = stringify({ header: true, columns: [...COLUMNS], record_delimiter: '\r\n' });
    rows.on('error', (error) => csv.destroy(error));
    return rows.pipe(csv);
  }

  /** What the export comes to, for whoever checks it. */
  async manifest(range: ExportRange): Promise<{ rows: number; totals: Record<string, { amount: string; discount: string }> }> {
    const sums = new Map<string, { rows: number; amountMinor: bigint; discountMinor: bigint }>();
    for await (const lines of this.reader.batches(range)) {
      for (const { currency, amountMinor, discountMinor } of lines) {
        const sum = sums.get(currency) ?? { rows: 0, amountMinor: 0n, discountMinor: 0n };
        sums.set(currency, {
          rows: sum.rows + 1,
          amountMinor: sum.amountMinor + amountMinor,
          discountMinor: sum.discountMinor + discountMinor,
        });
      }
    }
    return {
      rows: [...sums.values()].reduce((rows, sum) => rows + sum.rows, 0),
      totals: Object.fromEntries(
        [...sums].map(([currency, sum]) => [
          currency,
          { amount: formatMoney(sum.amountMinor, currency), discount: formatMoney(sum.discountMinor, currency) },
        ]),
      ),
    };
  }

  private async *rows(range: ExportRange): AsyncGenerator<readonly string[]> {
    for await (const lines of this.reader.batches(range)) {
      for (const line of lines) yield row(line);
    }
  }
}

function row(line: ExportedLine): string[] {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, line.currency);
  return [
    line.number,
    formatInstant(line.issuedAt),
    text(line.account),
    line.currency,
    String(line.n),
    line.kind,
    line.subscription,
    text(line.plan),
    String(line.planVersion),
    text(line.price ?? ''),
    text(line.description),
    line.quantity,
    line.unitPrice ?? '',
    money(line.amountMinor),
    money(line.discountMinor),
    money(line.amountMinor - line.discountMinor),
    text(line.taxRates.join(' ')),
    formatInstant(line.serviceStart),
    formatInstant(line.serviceEnd),
    String(line.proration),
    line.adjusts ?? '',
    line.id,
  ];
}
