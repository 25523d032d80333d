import { liesInSql, type Recorded, type Stretch } from '../common/datasets/recorded.js';

/** Invoices `i` by their numbers, of which a transaction holds the series until it ends. */
export const INVOICE_NUMBERS: Recorded = {
  reached: 'select key as sequence, next - 1 as position from number_series',
  mark: 'select n.invoice_id from invoice_number n where n.series = s.sequence and n.n = s.position',
  within,
};

/** A few are found by their numbers; all are read at once. */
function within(stretches: readonly Stretch[]): string {
  if (stretches.every(({ after }) => after === 0n)) return liesInSql(stretches, 'i.n', 'i.series');
  return `(i.account_id, i.id) in (select n.account_id, n.invoice_id from invoice_number n where ${liesInSql(stretches, 'n.n', 'n.series')})`;
}
