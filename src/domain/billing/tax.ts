import { type Exact, exact, ratio, roundHalfAwayFromZero, sum, ZERO } from '../decimal.js';
import { type Line, type LineTax, netOf } from './line.js';

/** One rate's tax on an invoice, in minor units. */
export interface TaxTotal {
  readonly key: string;
  readonly name: string;
  readonly rate: string;
  readonly category: LineTax['category'];
  readonly inclusive: boolean;
  /** What the rate is applied to: net of discounts and of included taxes. */
  readonly taxableMinor: bigint;
  readonly amountMinor: bigint;
}

const ONE = ratio(1n, 1n);

/** A line's amount after discounts and without the taxes that it contains, in minor units, exact. */
export function taxBase(line: Line): Exact {
  const included = sum(line.taxes.filter((tax) => tax.inclusive).map((tax) => exact(tax.rate)));
  return ratio(netOf(line), 1n).div(ONE.add(included));
}

/** Per rate on the sum of its lines, rounded once, halves away from zero (EN 16931); in the order in which rates first appear. */
export function taxTotals(lines: readonly Line[]): TaxTotal[] {
  const bases = new Map<string, { tax: LineTax; base: Exact }>();
  for (const line of lines) {
    const base = taxBase(line);
    for (const tax of line.taxes) {
      const id = JSON.stringify([tax.key, tax.rate, tax.category, tax.inclusive]);
      bases.set(id, { tax, base: (bases.get(id)?.base ?? ZERO).add(base) });
    }
  }
  return [...bases.values()].map(({ tax: { key, name, rate, category, inclusive }, base }) => ({
    key,
    name,
    rate,
    category,
    inclusive,
    taxableMinor: roundHalfAwayFromZero(base),
    amountMinor: roundHalfAwayFromZero(base.mul(exact(rate))),
  }));
}
