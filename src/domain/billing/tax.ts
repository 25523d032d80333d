import { type Exact, exact, ratio, roundHalfAwayFromZero, sum, ZERO } from '../decimal.js';
import { type Line, type LineTax, netOf } from './line.js';

/** One rate's tax on an invoice, in minor units. */
export interface TaxTotal {
  readonly key: string;
  readonly name: string;
  readonly rate: string;
  readonly category: LineTax['category'];
  readonly inclusive: boolean;
  readonly exemptionReason?: string;
  /** What the rate is applied to: net of discounts and of included taxes. */
  readonly taxableMinor: bigint;
  readonly amountMinor: bigint;
}

const ONE = ratio(1n, 1n);

/** A line's amount after discounts and without the taxes that it contains, in minor units, exact. */
export const taxBase = (line: Line): Exact => baseWithin(netOf(line), line.taxes);

/** What of an amount after discounts is not one of the taxes that it contains, in minor units, exact. */
export function baseWithin(netMinor: bigint, taxes: readonly LineTax[]): Exact {
  const included = sum(taxes.filter((tax) => tax.inclusive).map((tax) => exact(tax.rate)));
  return ratio(netMinor, 1n).div(ONE.add(included));
}

/** Tells rates of an invoice apart: one key may have had several rates. */
export const taxId = ({ key, rate, category, inclusive }: LineTax): string => JSON.stringify([key, rate, category, inclusive]);

/** Per rate on the sum of its lines, rounded once, halves away from zero (EN 16931); in the order in which rates first appear. */
export function taxTotals(lines: readonly Line[]): TaxTotal[] {
  const bases = new Map<string, { tax: LineTax; base: Exact }>();
  for (const line of lines) {
    const base = taxBase(line);
    for (const tax of line.taxes) {
      const id = taxId(tax);
      bases.set(id, { tax, base: (bases.get(id)?.base ?? ZERO).add(base) });
    }
  }
  return [...bases.values()].map(({ tax: { key, name, rate, category, inclusive, exemptionReason }, base }) => ({
    key,
    name,
    rate,
    category,
    inclusive,
    ...(exemptionReason === undefined ? {} : { exemptionReason }),
    taxableMinor: roundHalfAwayFromZero(base),
    amountMinor: roundHalfAwayFromZero(base.mul(exact(rate))),
  }));
}
