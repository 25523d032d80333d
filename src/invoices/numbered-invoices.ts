import type { Recorded } from '../common/datasets/recorded.js';

/** Invoices by their numbers, of which a transaction holds the series until it ends. Rows have their invoice_number `n`. */
export const INVOICE_NUMBERS: Recorded = {
  reached: 'select key as sequence, next - 1 as position from number_series',
  mark: 'select m.invoice_id from invoice_number m where m.series = s.sequence and m.n = s.position',
  sequence: 'n.series',
  position: 'n.n',
};

/** SQL for issued invoices `i` and their accounts `a`. */
export const NUMBERED_INVOICES = `invoice_number n join invoice i on i.account_id = n.account_id and i.id = n.invoice_id
    join account a on a.id = i.account_id`;
