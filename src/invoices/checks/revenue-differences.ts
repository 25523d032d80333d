import type { Difference } from '../../common/checks.js';
import { formatMoney } from '../../domain/currency.js';
import type { BilledRevenueLine, RevenueLineRow } from '../../ledger/revenue-lines.js';

/** What was issued before revenue was recognized by line was recognized in another way: its amounts are the same. */
export function revenueDifferences(
  { number, currency }: { readonly number: string; readonly currency: string },
  wanted: readonly BilledRevenueLine[],
  kept: readonly RevenueLineRow[],
): Difference[] {
  const left = new Map(kept.map((line) => [line.lineId, line]));
  const differences = wanted.flatMap((should) => {
    const is = left.get(should.lineId);
    left.delete(should.lineId);
    if (!is) return [{ subject: number, detail: `line ${should.lineId} has no revenue` }];
    const same =
      is.method !== should.method || (is.firstDay === should.firstDay && is.days === should.days && is.issueDay >= should.issueDay);
    if (same && is.amountMinor === should.amountMinor) return [];
    return [
      {
        subject: number,
        detail: `the revenue of line ${should.lineId} is ${formatMoney(is.amountMinor, currency)} over ${String(is.days)} days from day ${String(is.firstDay)}, but should be ${formatMoney(should.amountMinor, currency)} over ${String(should.days)} from ${String(should.firstDay)}`,
      },
    ];
  });
  return [
    ...differences,
    ...[...left.keys()].map((lineId) => ({ subject: number, detail: `revenue of a line that it does not have: ${lineId}` })),
  ];
}
