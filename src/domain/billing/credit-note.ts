import { allocate } from '../allocate.js';
import { larger, smaller } from '../bounds.js';
import { formatMoney } from '../currency.js';
import { type Exact, exact, ratio, roundHalfAwayFromZero, sum } from '../decimal.js';
import { Refusal, refuseAll } from '../refusal.js';
import { roundedTo } from '../revenue.js';
import type { LineTax } from './line.js';
import { baseWithin, taxId, type TaxTotal } from './tax.js';

/** A charge of an invoice. Amounts after discounts, in minor units. */
export interface CreditableLine {
  readonly id: string;
  readonly description: string;
  readonly taxes: readonly LineTax[];
  /** By credit notes before. */
  readonly creditedMinor: bigint;
  /** What of that was revenue. */
  readonly creditedRevenueMinor: bigint;
  readonly leftMinor: bigint;
}

/** An invoice, and what credit notes took off it before. */
export interface CreditedInvoice {
  readonly currency: string;
  readonly lines: readonly CreditableLine[];
  readonly taxes: readonly TaxTotal[];
  /** Taxes of all credit notes before, in any order. */
  readonly creditedTaxes: readonly TaxTotal[];
  /** Its total less that of all credit notes before. */
  readonly leftMinor: bigint;
}

/** What to credit: lines, each with an amount after discounts or with all that is left of it; an amount with its tax; or all that is left. */
export type CreditAsked =
  { readonly lines: readonly { readonly line: string; readonly amountMinor?: bigint }[] } | { readonly amountMinor: bigint } | 'all';

/** What a credit note takes off a line, in minor units. */
export interface CreditedLine {
  readonly line: string;
  readonly description: string;
  /** After discounts, with the taxes that are included in it. */
  readonly amountMinor: bigint;
  /** Without taxes. Those of all lines add up to the credit note's total without tax. */
  readonly revenueMinor: bigint;
}

/** A credit note that has no number yet, in minor units. The total is subtotal plus the taxes that are not included in it. */
export interface CreditNoteDraft {
  readonly lines: readonly CreditedLine[];
  readonly taxes: readonly TaxTotal[];
  readonly subtotalMinor: bigint;
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
}

/**
 * The credit note for what is asked. Taxes are cumulative for each rate: what all credit notes take of it is one rounded share of it, so they
 * add up, and the last one takes exactly what is left. An amount is spread over what is left of the lines by largest remainder, so that with
 * its tax it comes to exactly that amount.
 * @throws Refusal `nothing_to_credit`, `credit_too_large`, `invalid_request`
 */
export function creditNote(invoice: CreditedInvoice, asked: CreditAsked): CreditNoteDraft {
  const all = drafted(invoice, lefts(invoice));
  const mostMinor = smaller(all.totalMinor, invoice.leftMinor);
  if (mostMinor <= 0n) throw new Refusal('conflict', 'nothing_to_credit', 'Nothing is left of the invoice that could be credited.');
  if (asked !== 'all' && 'lines' in asked) return within(drafted(invoice, netsOf(invoice, asked.lines)), mostMinor, invoice.currency);
  const amountMinor = asked === 'all' ? mostMinor : asked.amountMinor;
  return amountMinor === all.totalMinor ? all : ofAmount(invoice, amountMinor, { all, mostMinor });
}

const lefts = ({ lines }: CreditedInvoice): bigint[] => lines.map((line) => line.leftMinor);

function within(draft: CreditNoteDraft, mostMinor: bigint, currency: string): CreditNoteDraft {
  refuseBeyond(draft.totalMinor, mostMinor, currency);
  return draft;
}

function refuseBeyond(amountMinor: bigint, mostMinor: bigint, currency: string): void {
  if (amountMinor > mostMinor)
    throw new Refusal(
      'conflict',
      'credit_too_large',
      `${formatMoney(mostMinor, currency)} ${currency} of the invoice can still be credited.`,
    );
}

/** What is asked of each line, after discounts. */
function netsOf(
  { lines, currency }: CreditedInvoice,
  asked: readonly { readonly line: string; readonly amountMinor?: bigint }[],
): bigint[] {
  refuseAll(
    asked.flatMap(({ line }, i) => {
      const pointer = `/lines/${String(i)}/line`;
      if (asked.findIndex((other) => other.line === line) !== i) return [{ pointer, code: 'given_twice', detail: 'Name each line once.' }];
      const known = lines.some(({ id }) => id === line);
      return known ? [] : [{ pointer, code: 'line_not_found', detail: 'Must be a line of the invoice that charges something.' }];
    }),
  );
  const wanted = new Map(asked.map((one, i) => [one.line, { ...one, i }]));
  return lines.map(({ id, leftMinor }) => {
    const one = wanted.get(id);
    if (!one) return 0n;
    const amountMinor = one.amountMinor ?? leftMinor;
    if (amountMinor <= 0n || amountMinor > leftMinor) throw lineTooLarge(one.i, formatMoney(leftMinor, currency), currency);
    return amountMinor;
  });
}

function lineTooLarge(i: number, left: string, currency: string): Refusal {
  const detail = `${left} ${currency} of the line, before tax, can still be credited.`;
  return new Refusal('conflict', 'credit_too_large', detail, [{ pointer: `/lines/${String(i)}/amount`, code: 'credit_too_large', detail }]);
}

/** The most of the lines that comes, with its tax, to no more than the amount; the unit that rounding may leave over goes to the lines. */
function ofAmount(
  invoice: CreditedInvoice,
  amountMinor: bigint,
  { all, mostMinor }: { readonly all: CreditNoteDraft; readonly mostMinor: bigint },
): CreditNoteDraft {
  refuseBeyond(amountMinor, mostMinor, invoice.currency);
  const spread = (netMinor: bigint): bigint[] => allocate(netMinor, lefts(invoice));
  const comesTo = (netMinor: bigint): bigint => drafted(invoice, spread(netMinor)).totalMinor;
  let netMinor = (amountMinor * all.subtotalMinor) / all.totalMinor;
  while (netMinor > 0n && comesTo(netMinor) > amountMinor) netMinor -= 1n;
  while (netMinor < all.subtotalMinor && comesTo(netMinor + 1n) <= amountMinor) netMinor += 1n;
  const { taxes } = drafted(invoice, spread(netMinor));
  const added = addedBy(taxes);
  const onLines = smaller(amountMinor - added, all.subtotalMinor);
  const taxAmounts = topped(all.taxes, taxes, amountMinor - added - onLines);
  return drafted(invoice, spread(onLines), taxAmounts);
}

/** The taxes' amounts, with the units that lines cannot take any more, as far as each rate has any left. */
function topped(all: readonly TaxTotal[], taxes: readonly TaxTotal[], unitsMinor: bigint): Map<string, bigint> {
  const amounts = new Map(taxes.map((tax) => [taxId(tax), tax.amountMinor]));
  let units = unitsMinor;
  for (const tax of all.filter(({ inclusive }) => !inclusive)) {
    const amountMinor = amounts.get(taxId(tax)) ?? 0n;
    const more = smaller(units, tax.amountMinor - amountMinor);
    units -= more;
    amounts.set(taxId(tax), amountMinor + more);
  }
  return amounts;
}

function drafted(invoice: CreditedInvoice, nets: readonly bigint[], taxAmounts?: ReadonlyMap<string, bigint>): CreditNoteDraft {
  const taxes = taxesOn(invoice, nets)
    .map((tax) => (taxAmounts ? { ...tax, amountMinor: taxAmounts.get(taxId(tax)) ?? 0n } : tax))
    .filter((tax) => tax.amountMinor !== 0n || bearsAny(invoice, tax, nets));
  const subtotalMinor = nets.reduce((total, net) => total + net, 0n);
  const totalMinor = subtotalMinor + addedBy(taxes);
  const taxMinor = taxes.reduce((total, tax) => total + tax.amountMinor, 0n);
  return { lines: creditedLines(invoice, nets, totalMinor - taxMinor), taxes, subtotalMinor, taxMinor, totalMinor };
}

/** Revenue is cumulative for each line, too, so that it is off by no more than what rounding moves between lines. */
function creditedLines({ lines }: CreditedInvoice, nets: readonly bigint[], netMinor: bigint): CreditedLine[] {
  const credited = lines.flatMap((line, i) => {
    const amountMinor = nets[i] ?? 0n;
    return amountMinor === 0n ? [] : [{ line, amountMinor }];
  });
  const revenue = roundedTo(
    netMinor,
    credited.map(({ line, amountMinor }) => baseAfter(line, amountMinor).sub(ratio(line.creditedRevenueMinor, 1n))),
  );
  return credited.map(({ line: { id, description }, amountMinor }, i) => ({
    line: id,
    description,
    amountMinor,
    revenueMinor: revenue[i] ?? 0n,
  }));
}

const addedBy = (taxes: readonly TaxTotal[]): bigint =>
  taxes.filter((tax) => !tax.inclusive).reduce((total, tax) => total + tax.amountMinor, 0n);

const bears = (line: CreditableLine, tax: LineTax): boolean => line.taxes.some((one) => taxId(one) === taxId(tax));

const bearsAny = ({ lines }: CreditedInvoice, tax: TaxTotal, nets: readonly bigint[]): boolean =>
  lines.some((line, i) => (nets[i] ?? 0n) > 0n && bears(line, tax));

/** For each rate of the invoice: the share of all that is credited then, less what credit notes took before; never below nothing. */
function taxesOn({ lines, taxes, creditedTaxes }: CreditedInvoice, nets: readonly bigint[]): TaxTotal[] {
  return taxes.map((tax) => {
    const base = sum(lines.filter((line) => bears(line, tax)).map((line) => baseAfter(line, nets[lines.indexOf(line)] ?? 0n)));
    const before = creditedTaxes.filter((one) => taxId(one) === taxId(tax));
    const share = (whole: Exact, of: 'taxableMinor' | 'amountMinor'): bigint => {
      const taken = before.reduce((total, one) => total + one[of], 0n);
      return larger(smaller(roundHalfAwayFromZero(whole), tax[of]) - taken, 0n);
    };
    return { ...tax, taxableMinor: share(base, 'taxableMinor'), amountMinor: share(base.mul(exact(tax.rate)), 'amountMinor') };
  });
}

const baseAfter = ({ creditedMinor, taxes }: CreditableLine, netMinor: bigint): Exact => baseWithin(creditedMinor + netMinor, taxes);
