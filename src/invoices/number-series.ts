import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/** A number as it is counted, and as it is written. */
export interface SeriesNumber {
  readonly n: bigint;
  readonly number: string;
}

/** The next numbers of a series, which the transaction holds until it ends; the time of issue never goes back within it. */
export async function takeNumbers(
  tx: Tx,
  series: string,
  count: number,
  now: Instant,
): Promise<{ readonly issuedAt: Instant; readonly numbers: readonly SeriesNumber[] }> {
  const [rows] = await tx.query<[{ next: bigint; lastIssuedAt: Instant; prefix: string }[], number]>(
    `update number_series set next = next + $2, last_issued_at = greatest(last_issued_at, $3::timestamptz)
     where key = $1 returning next, last_issued_at as "lastIssuedAt", prefix`,
    [series, count, formatInstant(now)],
  );
  const [taken] = rows;
  if (!taken) throw new RangeError(`there is no number series ${series}`);
  const numbers = Array.from({ length: count }, (_, i): SeriesNumber => {
    const n = taken.next - BigInt(count) + BigInt(i);
    return { n, number: `${taken.prefix}${n.toString().padStart(6, '0')}` };
  });
  return { issuedAt: taken.lastIssuedAt, numbers };
}
