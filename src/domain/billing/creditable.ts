import { larger, smaller } from '../bounds.js';
import { type BilledLine, netOf } from './line.js';
import { grouped } from './slot.js';
import { taxId } from './tax.js';

/** A billed line, and the invoice that it stands on. */
export interface InvoicedLine extends BilledLine {
  readonly invoiceId: string;
}

interface Rest {
  readonly line: InvoicedLine;
  /** After discounts: of a charge what credits on its own invoice left; of a credit what the charges there could not take. */
  leftMinor: bigint;
}

/**
 * What credit notes may still take off each charge of an invoice, after discounts, by line. Given are all lines of the account that are not
 * on void invoices, in the order of billing. A credit is taken off the charges of its own invoice first, those with its taxes before others;
 * what they could not take was given to the balance, and comes off the line that it credits, then off later corrections of that line.
 * So no cent is given back by a line and by a credit note.
 */
export function creditable(lines: readonly InvoicedLine[], invoiceId: string): Map<string, bigint> {
  const rests = [...grouped(lines, (line) => line.invoiceId).values()].flatMap(netted);
  const left = new Map<string, bigint>();
  for (const family of grouped(rests, ({ line }) => line.adjusts ?? line.id).values()) {
    let given = family.reduce((total, { leftMinor }) => total - smaller(leftMinor, 0n), 0n);
    for (const { line, leftMinor } of family.filter((rest) => netOf(rest.line) > 0n)) {
      const open = larger(leftMinor - line.creditNotedMinor, 0n);
      const taken = smaller(given, open);
      given -= taken;
      if (line.invoiceId === invoiceId) left.set(line.id, open - taken);
    }
  }
  return left;
}

/** The lines of one invoice, its credits taken off its charges. */
function netted(lines: readonly InvoicedLine[]): Rest[] {
  const rests = lines.map((line): Rest => ({ line, leftMinor: netOf(line) }));
  for (const credit of rests.filter(({ leftMinor }) => leftMinor < 0n)) {
    const charges = rests.filter(({ line }) => netOf(line) > 0n);
    const alike = charges.filter(({ line }) => taxesOf(line) === taxesOf(credit.line));
    for (const charge of [...alike, ...charges]) {
      const taken = smaller(-credit.leftMinor, charge.leftMinor);
      charge.leftMinor -= taken;
      credit.leftMinor += taken;
    }
  }
  return rests;
}

const taxesOf = ({ taxes }: InvoicedLine): string => JSON.stringify(taxes.map(taxId));
