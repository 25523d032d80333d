import type { ReadInvoice, ReadVat } from './en16931.js';

type Rule = (invoice: ReadInvoice) => boolean;

const CENT = 0.005;
const is = (a: number, b: number): boolean => Math.abs(a - b) < CENT;
const there = (...values: readonly (string | undefined)[]): boolean => values.every((value) => value !== undefined && value !== '');
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const has = ({ vat }: ReadInvoice, category: string): boolean => vat.some((part) => part.category === category);
/** Where a category is on the invoice, something must hold. */
const where =
  (category: string, rule: Rule): Rule =>
  (invoice) =>
    !has(invoice, category) || rule(invoice);
const ofEach = (category: string, rule: (part: ReadVat, invoice: ReadInvoice) => boolean): Rule =>
  where(category, (invoice) => invoice.vat.filter((part) => part.category === category).every((part) => rule(part, invoice)));

/** The rules of each category of VAT, of which `*` stands for its name: BR-S-01, BR-AE-01 ... */
function categoryRules(category: string, name: string): Record<string, Rule> {
  const isTaxed = category === 'S';
  const reasoned = !['S', 'Z'].includes(category);
  return {
    [`BR-${name}-01`]: (invoice) => {
      const count = invoice.vat.filter((part) => part.category === category).length;
      const isUsed = invoice.lines.some((line) => line.category === category);
      return isTaxed ? isUsed === count > 0 : count === (isUsed ? 1 : 0);
    },
    [`BR-${name}-05`]: (invoice) =>
      invoice.lines
        .filter((line) => line.category === category)
        .every(({ rate }) => (category === 'O' ? rate === undefined : isTaxed ? Number(rate) > 0 : Number(rate) === 0)),
    [`BR-${name}-08`]: ofEach(category, (part, { lines }) =>
      is(part.taxable, sum(lines.filter((line) => line.category === category && line.rate === part.rate).map(({ net }) => net))),
    ),
    // The artefacts admit less than one unit of the currency, as a tax may be rounded by other rules than a rate times a sum.
    [`BR-${name}-09`]: ofEach(category, (part) =>
      isTaxed ? Math.abs(part.amount - (part.taxable * Number(part.rate)) / 100) < 1 : part.amount === 0,
    ),
    [`BR-${name}-10`]: ofEach(category, ({ reason, reasonCode }) => reasoned === (reason !== undefined || reasonCode !== undefined)),
  };
}

export const RULES: Readonly<Record<string, Rule>> = {
  'BR-01': ({ specification }) => specification === 'urn:cen.eu:en16931:2017',
  'BR-02': (i) => there(i.number),
  'BR-03': (i) => there(i.issued),
  'BR-04': ({ type }) => type === '380' || type === '381',
  'BR-05': ({ currency }) => /^[A-Z]{3}$/.test(currency ?? ''),
  'BR-06': ({ seller }) => there(seller.name),
  'BR-07': ({ buyer }) => there(buyer.name),
  'BR-09': ({ seller }) => there(seller.country),
  'BR-11': ({ buyer }) => there(buyer.country),
  'BR-12..15': ({ sums }) => Object.values(sums).every(Number.isFinite),
  'BR-16': ({ lines }) => lines.length > 0,
  'BR-21..26': ({ lines }) =>
    lines.every((line) => there(line.id, line.name, line.unit) && [line.quantity, line.net, line.price].every(Number.isFinite)),
  'BR-27': ({ lines }) => lines.every(({ price }) => price >= 0),
  'BR-29': ({ from = '', to = '' }) => from <= to,
  'BR-30': ({ lines }) => lines.every(({ from = '', to = '' }) => from <= to),
  'BR-42, BR-44': ({ lines }) => lines.every(({ reasons }) => reasons.every((reason) => reason !== '')),
  'BR-45..48': ({ vat }) =>
    vat.every((part) => [part.taxable, part.amount].every(Number.isFinite) && (part.category === 'O' || there(part.rate))),
  'BR-55': ({ preceding }) => preceding.every((one) => one !== ''),
  'BR-CO-04': ({ lines }) => lines.every(({ category }) => there(category)),
  'BR-CO-09': ({ seller, buyer }) => [seller, buyer].every(({ vatId }) => vatId === undefined || /^[A-Z]{2}/.test(vatId)),
  'BR-CO-10': ({ sums, lines }) => is(sums.lines, sum(lines.map(({ net }) => net))),
  'BR-CO-13': ({ sums }) => is(sums.net, sums.lines),
  'BR-CO-14': ({ sums, vat }) => is(sums.tax, sum(vat.map(({ amount }) => amount))),
  'BR-CO-15': ({ sums }) => is(sums.total, sums.net + sums.tax),
  'BR-CO-16': ({ sums }) => is(sums.due, sums.total - sums.paid),
  'BR-CO-17': ({ vat }) => vat.every((part) => Math.abs(part.amount - (part.taxable * Number(part.rate ?? 0)) / 100) < 1),
  'BR-CO-18': ({ vat }) => vat.length > 0 && new Set(vat.map(({ category, rate }) => `${category} ${rate ?? ''}`)).size === vat.length,
  'BR-CO-25': ({ type, sums, due, terms }) => type === '381' || sums.due <= 0 || due !== undefined || terms !== undefined,
  'BR-CO-26': ({ seller }) => seller.registration !== undefined || seller.vatId !== undefined,
  'BR-DEC-*': ({ amounts }) => amounts.length > 0 && amounts.every((amount) => /^-?\d+(\.\d{1,2})?$/.test(amount)),
  'BR-S-02': where('S', ({ seller }) => seller.vatId !== undefined || seller.taxId !== undefined),
  'BR-Z-02': where('Z', ({ seller }) => seller.vatId !== undefined || seller.taxId !== undefined),
  'BR-E-02': where('E', ({ seller }) => seller.vatId !== undefined || seller.taxId !== undefined),
  'BR-AE-02': where('AE', ({ seller, buyer }) => (seller.vatId !== undefined || seller.taxId !== undefined) && buyer.vatId !== undefined),
  'BR-G-02': where('G', ({ seller }) => seller.vatId !== undefined),
  'BR-IC-02': where('K', ({ seller, buyer }) => seller.vatId !== undefined && buyer.vatId !== undefined),
  'BR-IC-11': where('K', ({ from }) => from !== undefined),
  'BR-IC-12': where('K', ({ deliveredTo }) => deliveredTo !== undefined),
  'BR-O-02': where('O', ({ seller, buyer }) => seller.vatId === undefined && buyer.vatId === undefined),
  'BR-O-11..14': where('O', ({ vat, lines }) => vat.length === 1 && lines.every(({ category }) => category === 'O')),
  ...categoryRules('S', 'S'),
  ...categoryRules('Z', 'Z'),
  ...categoryRules('E', 'E'),
  ...categoryRules('AE', 'AE'),
  ...categoryRules('G', 'G'),
  ...categoryRules('K', 'IC'),
  ...categoryRules('O', 'O'),
  // Not of EN 16931-1, but of CIUS such as Peppol BIS Billing 3 (R120): a line is its quantity times its price, less allowances, plus charges.
  'PEPPOL-EN16931-R120': ({ lines }) =>
    lines.every(({ net, quantity, price, allowances, charges }) => is(net, quantity * price - allowances + charges)),
};

/** The names of the rules that an invoice breaks. */
export const broken = (invoice: ReadInvoice): string[] =>
  Object.entries(RULES)
    .filter(([, rule]) => !rule(invoice))
    .map(([name]) => name);
