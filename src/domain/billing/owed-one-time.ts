import { rateOneTime } from '../rating/rate.js';
import type { ExpectedOneTime } from './due.js';
import { lineAmount } from './line-amount.js';
import { type BilledLine, creditNotedOf } from './line.js';
import type { OwedInput } from './owed-input.js';
import { adjusting, type Billed, ofDue, slotsOf, type Unnumbered } from './slot.js';

/** One-time prices are present or not: charged where expected, taken back where no longer so. */
export function owedOneTime({ expected, currency }: OwedInput, billed: Billed): Unnumbered[] {
  const wanted = new Set(expected.oneTime.map((item) => item.slot));
  const standing = (slot: string): BilledLine[] => notTakenBack(billed.get(slot) ?? []);
  return [
    ...expected.oneTime.filter((item) => standing(item.slot).length === 0).map((item) => oneTimeCharge(item, currency)),
    ...slotsOf(billed, 'one_time')
      .filter((slot) => !wanted.has(slot))
      .flatMap((slot) => standing(slot).map(takenBack)),
  ];
}

const notTakenBack = (lines: readonly BilledLine[]): BilledLine[] =>
  lines.filter((line) => line.adjusts === null && !lines.some((other) => other.adjusts === line.id));

function oneTimeCharge(item: ExpectedOneTime, currency: string): Unnumbered {
  const { amount, breakdown } = rateOneTime(item.price);
  const service = { start: item.at, end: item.at };
  return {
    ...ofDue(item),
    kind: 'one_time',
    slot: item.slot,
    price: item.price.key,
    description: item.price.name ?? item.price.key,
    quantity: '1',
    unitPrice: null,
    amountMinor: lineAmount(amount, currency),
    servicePeriod: service,
    period: { key: 'one_time', ...service },
    periodOrdinal: item.periodOrdinal,
    proration: false,
    adjusts: null,
    groups: null,
    breakdown,
  };
}

const takenBack = (line: BilledLine): Unnumbered => ({
  ...adjusting(line),
  kind: 'one_time',
  amountMinor: creditNotedOf(line) - line.amountMinor,
  servicePeriod: line.servicePeriod,
  proration: false,
  breakdown: [],
});
