import type { Charge } from './line.js';
import type { OwedInput } from './owed-input.js';
import { owedMetered } from './owed-metered.js';
import { owedOneTime } from './owed-one-time.js';
import { owedRecurring } from './owed-recurring.js';
import { grouped, type Unnumbered } from './slot.js';

/**
 * What should have been billed by `asOf`, less what has been: the next invoice's lines, in no particular order.
 * `owed(expected, billed + owed(expected, billed))` is empty. Knows no history of why: late usage, a backdated change, a missed run
 * and a second run are the same thing to it. Amounts are rounded here, once a line, halves away from zero.
 */
export function owed(input: OwedInput): Charge[] {
  const billed = grouped(
    input.billed.filter((line) => line.dueAt <= input.asOf),
    (line) => line.slot,
  );
  const charges = [...owedOneTime(input, billed), ...owedRecurring(input, billed), ...owedMetered(input, billed)];
  return numbered(charges, input.slotSeqs);
}

function numbered(charges: readonly Unnumbered[], taken: ReadonlyMap<string, number>): Charge[] {
  const next = new Map(taken);
  return charges.map((charge) => {
    const slotSeq = (next.get(charge.slot) ?? 0) + 1;
    next.set(charge.slot, slotSeq);
    return { ...charge, slotSeq };
  });
}
