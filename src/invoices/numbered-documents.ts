import { liesInSql, type Recorded, type Stretch } from '../common/datasets/recorded.js';

/** A kind of documents by their numbers, of which a transaction holds the series until it ends. */
interface Numbered {
  readonly table: 'invoice' | 'credit_note';
  readonly alias: 'i' | 'c';
  /** SQL: which series `s` are theirs. */
  readonly series: string;
}

const OF_CREDIT_NOTES = `s.documents is not distinct from 'credit_note'`;

/** Invoices `i`. */
export const INVOICE_NUMBERS = numbered({ table: 'invoice', alias: 'i', series: `not ${OF_CREDIT_NOTES}` });

/** Credit notes `c`. */
export const CREDIT_NOTE_NUMBERS = numbered({ table: 'credit_note', alias: 'c', series: OF_CREDIT_NOTES });

function numbered({ table, alias, series }: Numbered): Recorded {
  return {
    reached: `select s.key as sequence, s.next - 1 as position from number_series s where ${series}`,
    mark: `select n.${table}_id from ${table}_number n where n.series = s.sequence and n.n = s.position`,
    within: (stretches) => within(stretches, table, alias),
  };
}

/** A few are found by their numbers; all are read at once. */
function within(stretches: readonly Stretch[], table: string, alias: string): string {
  if (stretches.every(({ after }) => after === 0n)) return liesInSql(stretches, `${alias}.n`, `${alias}.series`);
  return `(${alias}.account_id, ${alias}.id) in (
    select n.account_id, n.${table}_id from ${table}_number n where ${liesInSql(stretches, 'n.n', 'n.series')})`;
}
