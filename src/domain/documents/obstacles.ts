import { minorDecimals } from '../currency.js';
import type { FieldProblem } from '../refusal.js';
import type { BillingDocument, Party } from './document.js';
import { reasonFor, vatKey, vatOf } from './e-invoice.js';
import { hasCountry, taxNumbersOf } from './vat-numbers.js';

const DECIMALS_MAX = 2;
const TAXED_BY_SELLER = ['S', 'Z', 'E'];

/** Why EN 16931 does not let a document be an e-invoice: every missing or contradicting fact, with its rule. Empty where it can be one. */
export function obstacles(document: BillingDocument): FieldProblem[] {
  return [...currencyObstacles(document), ...partyObstacles(document), ...vatObstacles(document), ...lineObstacles(document)];
}

const problem = (pointer: string, code: string, detail: string): FieldProblem => ({ pointer, code, detail });

function currencyObstacles({ currency }: BillingDocument): FieldProblem[] {
  const decimals = minorDecimals(currency);
  return decimals <= DECIMALS_MAX
    ? []
    : [
        problem(
          '/currency',
          'too_many_decimals',
          `${currency} has ${String(decimals)} decimals; EN 16931 knows amounts of at most two (BR-DEC-*).`,
        ),
      ];
}

function partyObstacles({ seller, buyer }: BillingDocument): FieldProblem[] {
  return [
    ...addressObstacles(seller, 'seller', 'BR-08, BR-09'),
    ...addressObstacles(buyer, 'buyer', 'BR-10, BR-11'),
    ...[seller, buyer].flatMap((party, i) => {
      const { vat } = taxNumbersOf(party.taxIds);
      const pointer = i === 0 ? '/seller/taxIds' : '/buyer/taxIds';
      return vat === undefined || hasCountry(vat)
        ? []
        : [problem(pointer, 'vat_id_without_country', `The VAT number "${vat}" does not begin with the code of a country (BR-CO-09).`)];
    }),
  ];
}

function addressObstacles({ address }: Party, who: 'seller' | 'buyer', rules: string): FieldProblem[] {
  if (address?.country !== undefined) return [];
  return [problem(`/${who}/address`, `${who}_address_missing`, `The ${who} has no address with a country (${rules}).`)];
}

/** What the categories of VAT on the document ask of the numbers of seller and buyer. */
function vatObstacles(document: BillingDocument): FieldProblem[] {
  const { seller, buyer } = document;
  const categories = new Set(document.lines.map((line) => vatOf(line).category));
  const has = (...wanted: string[]): boolean => wanted.some((category) => categories.has(category as 'S'));
  const [own, theirs] = [taxNumbersOf(seller.taxIds), taxNumbersOf(buyer.taxIds)];
  const problems: FieldProblem[] = [];
  if (has(...TAXED_BY_SELLER, 'AE') && own.vat === undefined && own.other === undefined)
    problems.push(
      problem('/seller/taxIds', 'seller_vat_id_missing', 'The seller has no VAT or tax number (BR-S-02, BR-Z-02, BR-E-02, BR-AE-02).'),
    );
  if (has('G', 'K') && own.vat === undefined)
    problems.push(problem('/seller/taxIds', 'seller_vat_id_missing', 'The seller has no VAT number (BR-G-02, BR-IC-02).'));
  if (has('AE', 'K') && theirs.vat === undefined)
    problems.push(problem('/buyer/taxIds', 'buyer_vat_id_missing', 'The buyer has no VAT number (BR-AE-02, BR-IC-02).'));
  if (seller.registrationNumber === null && (own.vat === undefined || has('O')))
    problems.push(
      problem(
        '/seller/registrationNumber',
        'seller_id_missing',
        'The seller has neither a VAT number that may stand here nor a registration number (BR-CO-26).',
      ),
    );
  if (has('O') && categories.size > 1)
    problems.push(
      problem(
        '/lines',
        'outside_vat_among_others',
        'Lines without tax, or of category O, stand beside taxed ones (BR-O-11): give them a tax rate that says why.',
      ),
    );
  return problems;
}

/** One tax for each line, with a rate that its category admits, and a reason where there is none. */
function lineObstacles({ lines, taxes, seller }: BillingDocument): FieldProblem[] {
  const several = lines.filter((line) => line.taxes.length > 1).map(({ n }) => String(n));
  const untaxed = lines.filter((line) => line.taxes.length === 0).map(({ n }) => String(n));
  const all = [...new Map(taxes.map((tax) => [vatKey(vatOf({ taxes: [tax] })), tax])).values()];
  return [
    ...(several.length === 0
      ? []
      : [
          problem(
            '/lines',
            'several_taxes',
            `Lines ${several.join(', ')} bear several taxes; EN 16931 knows one for each line (BR-CO-04).`,
          ),
        ]),
    ...(untaxed.length > 0 && taxNumbersOf(seller.taxIds).vat !== undefined
      ? [
          problem(
            '/lines',
            'tax_missing',
            `Lines ${untaxed.join(', ')} bear no tax, and the seller has a VAT number: give the account a tax rate, of zero if need be, whose category says why (BR-CO-04).`,
          ),
        ]
      : []),
    ...all.flatMap((tax) => {
      const charges = tax.category === 'S';
      const isZero = Number(tax.rate) === 0;
      if (charges === isZero)
        return [
          problem(
            '/taxes',
            'rate_against_category',
            `"${tax.name}" has a rate that its category ${tax.category} does not admit (BR-S-05, BR-*-05).`,
          ),
        ];
      return tax.category === 'E' && reasonFor(tax) === null
        ? [problem('/taxes', 'exemption_reason_missing', `"${tax.name}" is exempt and gives no reason (BR-E-10).`)]
        : [];
    }),
  ];
}
