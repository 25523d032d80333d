import type { Tx } from '../common/database/database.js';
import { documentNumber } from '../domain/document-number.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/** Whose numbers are counted, of which documents, and what they begin with. */
export interface NumberSeries {
  readonly seller: string;
  readonly documents: 'invoice' | 'credit_note';
  readonly prefix: string;
}

/** A number as it is counted, and as it is written. */
export interface SeriesNumber {
  readonly n: bigint;
  readonly number: string;
}

export interface TakenNumbers {
  /** Names the series. */
  readonly series: string;
  readonly issuedAt: Instant;
  readonly numbers: readonly SeriesNumber[];
}

interface Taken {
  readonly key: string;
  readonly next: bigint;
  readonly lastIssuedAt: Instant;
}

/**
 * The next numbers of a series, which the transaction holds until it ends; the time of issue never goes back within it. The first of a series
 * begin it at 1. Who takes numbers of several series takes them in the order of their prefixes.
 */
export async function takeNumbers(tx: Tx, series: NumberSeries, count: number, now: Instant): Promise<TakenNumbers> {
  const taken = (await take(tx, series, count, now)) ?? (await begin(tx, series, count, now));
  const numbers = Array.from({ length: count }, (_, i): SeriesNumber => {
    const n = taken.next - BigInt(count) + BigInt(i);
    return { n, number: documentNumber(series.prefix, n) };
  });
  return { series: taken.key, issuedAt: taken.lastIssuedAt, numbers };
}

async function take(tx: Tx, { seller, documents, prefix }: NumberSeries, count: number, now: Instant): Promise<Taken | undefined> {
  const [rows] = await tx.query<[Taken[], number]>(
    `update number_series set next = next + $4, last_issued_at = greatest(last_issued_at, $5::timestamptz)
     where prefix = $3 and seller = $1 and documents = $2 returning key, next, last_issued_at as "lastIssuedAt"`,
    [seller, documents, prefix, count, formatInstant(now)],
  );
  return rows[0];
}

/** Of two who begin a series at once, the second waits and counts on. */
async function begin(tx: Tx, series: NumberSeries, count: number, now: Instant): Promise<Taken> {
  const { seller, documents, prefix } = series;
  await tx.query('insert into number_series (key, seller, documents, prefix) values ($3, $1, $2, $3) on conflict do nothing', [
    seller,
    documents,
    prefix,
  ]);
  const taken = await take(tx, series, count, now);
  if (!taken) throw new RangeError(`numbers that begin with ${prefix} are not those of ${documents}s of ${seller}`);
  return taken;
}
