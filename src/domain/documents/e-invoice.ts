import { discountOf, type LineTax } from '../billing/line.js';
import { fromMinor, minorDecimals } from '../currency.js';
import { type Exact, exact, ratio, roundHalfAwayFromZero, shown, ZERO } from '../decimal.js';
import { roundedTo } from '../revenue.js';
import { type BillingDocument, type DateRange, type DocumentLine, type DocumentTax, isCredit } from './document.js';
import { percentOf } from './snapshot.js';

/*
 * What EN 16931-1:2017 wants to know, from what a document says. BT and BG numbers are those of its semantic model. All amounts are without
 * VAT unless they say so, and add up as its rules BR-CO-* want. On a credit note (type 381) they are the other way round: positive is given back.
 */

/** A VAT category with its rate: "S 19". */
export interface VatKind {
  readonly category: LineTax['category'];
  /** Null for category O. */
  readonly percent: string | null;
}

/** BG-25. */
export interface EInvoiceLine extends VatKind {
  /** BT-126 */
  readonly id: string;
  /** BT-153 */
  readonly name: string;
  /** BT-154 */
  readonly description: string | null;
  /** BT-129: below zero for a credit on an invoice. */
  readonly quantity: string;
  /** BT-146: never below zero; at most 6 decimals. */
  readonly price: string;
  /** BT-131 */
  readonly netMinor: bigint;
  /** BG-27; below zero it is a charge (BG-28). */
  readonly allowanceMinor: bigint;
  /** BT-139 or BT-144 */
  readonly allowanceReason: string;
  /** BG-26 */
  readonly period: DateRange | null;
}

/** BG-23: a category and rate. */
export interface VatBreakdown extends VatKind {
  /** BT-116 */
  readonly taxableMinor: bigint;
  /** BT-117 */
  readonly amountMinor: bigint;
  /** BT-120 */
  readonly reason: string | null;
  /** BT-121 */
  readonly reasonCode: string | null;
}

export interface EInvoice {
  readonly document: BillingDocument;
  /** BT-3 */
  readonly typeCode: '380' | '381';
  readonly lines: readonly EInvoiceLine[];
  readonly vat: readonly VatBreakdown[];
  /** BT-106 and BT-109: there are no allowances for the whole document. */
  readonly netMinor: bigint;
  /** BT-110 */
  readonly taxMinor: bigint;
  /** BT-112 */
  readonly totalMinor: bigint;
  /** BT-113: what grants and the account's balance paid, or took. */
  readonly paidMinor: bigint;
  /** BT-115 */
  readonly dueMinor: bigint;
}

/** BT-24 */
export const SPECIFICATION = 'urn:cen.eu:en16931:2017';

/** The VATEX codes and the words for categories without tax; a reason of the tax rate's own goes before these words. */
const REASONS: Readonly<Record<LineTax['category'], { readonly code: string | null; readonly text: string | null }>> = {
  S: { code: null, text: null },
  Z: { code: null, text: null },
  E: { code: null, text: null },
  AE: { code: 'VATEX-EU-AE', text: 'Reverse charge' },
  K: { code: 'VATEX-EU-IC', text: 'Intra-community supply' },
  G: { code: 'VATEX-EU-G', text: 'Export outside the EU' },
  O: { code: 'VATEX-EU-O', text: 'Not subject to VAT' },
};

/** Why no tax is charged, in words: the rate's own reason, or the words for its category. Null where tax is charged, or nothing is known. */
export const reasonFor = ({ category, exemptionReason }: Pick<DocumentTax, 'category' | 'exemptionReason'>): string | null =>
  category === 'S' || category === 'Z' ? null : (exemptionReason ?? REASONS[category].text);

/** The VAT that a line bears: none is out of the scope of VAT. Of several only the first is told; `obstacles` refuses them. */
export function vatOf({ taxes: [tax] }: { readonly taxes: readonly Pick<LineTax, 'category' | 'rate'>[] }): VatKind {
  return tax === undefined || tax.category === 'O'
    ? { category: 'O', percent: null }
    : { category: tax.category, percent: percentOf(tax.rate) };
}

export const vatKey = ({ category, percent }: VatKind): string => `${category} ${percent ?? ''}`;

/** The e-invoice of a document. Lines bear one tax each, or none: ask `obstacles` before. */
export function eInvoiceOf(document: BillingDocument): EInvoice {
  const sign = document.kind === 'invoice' && isCredit(document) ? -1n : 1n;
  const nets = netAmounts(document);
  const lines = document.lines.map((line, i) => lineOf(document, line, nets[i] ?? 0n, sign));
  const netMinor = lines.reduce((total, line) => total + line.netMinor, 0n);
  const taxMinor = sign * document.taxMinor;
  const totalMinor = netMinor + taxMinor;
  const dueMinor = document.dueMinor;
  return {
    document,
    typeCode: isCredit(document) ? '381' : '380',
    lines,
    vat: breakdownOf(document, lines, sign),
    netMinor,
    taxMinor,
    totalMinor,
    paidMinor: totalMinor - dueMinor,
    dueMinor,
  };
}

/**
 * Each line without taxes, in minor units: as the document says, or its amount after discounts without the tax that is included in it. Within
 * a tax these are rounded so that they add up to the whole without that tax.
 */
function netAmounts({ lines, taxes }: BillingDocument): bigint[] {
  const nets = lines.map((line) => line.baseMinor ?? line.amountMinor - discountOf(line));
  const included = lines.flatMap((line, i) =>
    line.baseMinor === null && line.taxes[0]?.inclusive === true ? [{ i, tax: line.taxes[0] }] : [],
  );
  for (const key of new Set(included.map(({ tax }) => inclusiveKey(tax)))) {
    const members = included.filter(({ tax }) => inclusiveKey(tax) === key);
    const tax = taxes
      .filter((one) => one.inclusive && inclusiveKey(one) === key)
      .reduce((total, { amountMinor }) => total + amountMinor, 0n);
    const gross = members.reduce((total, { i }) => total + (nets[i] ?? 0n), 0n);
    const rounded = roundedTo(
      gross - tax,
      members.map(({ i, tax: { rate } }) => without(nets[i] ?? 0n, rate)),
    );
    members.forEach(({ i }, place) => (nets[i] = rounded[place] ?? 0n));
  }
  return nets;
}

const inclusiveKey = ({ category, rate }: Pick<LineTax, 'category' | 'rate'>): string => `${category} ${percentOf(rate)}`;

const without = (amountMinor: bigint, rate: string): Exact => ratio(amountMinor, 1n).div(exact(rate).add(1));

function lineOf({ currency, kind }: BillingDocument, line: DocumentLine, netMinor: bigint, sign: bigint): EInvoiceLine {
  const [tax] = line.taxes;
  const discounted = discountOf(line) !== 0n;
  const listMinor = !discounted
    ? netMinor
    : tax?.inclusive === true
      ? roundHalfAwayFromZero(without(line.amountMinor, tax.rate))
      : line.amountMinor;
  const { quantity, price, whole } = priceOf(line, sign * listMinor, currency);
  return {
    ...vatOf(line),
    id: String(line.n),
    name: line.description,
    description: kind === 'invoice' ? descriptionOf(line, whole) : null,
    quantity,
    price,
    netMinor: sign * netMinor,
    allowanceMinor: sign * (listMinor - netMinor),
    allowanceReason: [...new Set(line.discounts.map(({ coupon }) => `Coupon ${coupon}`))].join(', '),
    period: line.period,
  };
}

/**
 * Quantity and price whose product is the amount exactly: those of the line where it has a unit price and the price needs no more than 6
 * decimals; else one unit for the whole amount.
 */
function priceOf({ quantity, unitPrice }: DocumentLine, amountMinor: bigint, currency: string) {
  const amount = fromMinor(amountMinor, currency);
  const units = quantity === null || unitPrice === null ? ZERO : exact(quantity).abs();
  const price = units.equals(0) ? undefined : amount.abs().div(units);
  const text = price === undefined ? undefined : shown(price, 6);
  const sign = amountMinor < 0n ? '-' : '';
  return text !== undefined && price?.equals(exact(text)) === true
    ? { quantity: `${sign}${shown(units)}`, price: text, whole: false }
    : { quantity: `${sign}1`, price: shown(amount.abs(), minorDecimals(currency)), whole: true };
}

/** What the numbers of the line leave unsaid. */
function descriptionOf({ quantity, unitPrice, groups, proration }: DocumentLine, whole: boolean): string | null {
  const parts = [
    ...Object.entries(groups ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...(whole && quantity !== null && quantity !== '1' ? [`quantity: ${quantity}`] : []),
    ...(whole && unitPrice !== null ? [`unit price: ${unitPrice}`] : []),
    ...(proration ? ['for a part of the period'] : []),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

/** BT-116 is the sum of the lines; BT-117 what the document charges. */
function breakdownOf({ taxes }: BillingDocument, lines: readonly EInvoiceLine[], sign: bigint): VatBreakdown[] {
  const kinds = new Map([...lines, ...taxes.map((tax) => vatOf({ taxes: [tax] }))].map((kind) => [vatKey(kind), kind]));
  return [...kinds].map(([key, { category, percent }]) => {
    const own = taxes.filter((tax) => vatKey(vatOf({ taxes: [tax] })) === key);
    const reasons = own.map(reasonFor).filter((reason) => reason !== null);
    return {
      category,
      percent,
      taxableMinor: lines.filter((line) => vatKey(line) === key).reduce((total, line) => total + line.netMinor, 0n),
      amountMinor: own.reduce((total, tax) => total + sign * tax.amountMinor, 0n),
      reason: reasons.length === 0 ? REASONS[category].text : [...new Set(reasons)].join('; '),
      reasonCode: REASONS[category].code,
    };
  });
}
