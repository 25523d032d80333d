import type { TaxNumber } from './document.js';

/** Kinds of tax numbers that are VAT numbers: `eu_vat`, `gb_vat`. */
const VAT = /^([a-z]{2})_vat$/;

/**
 * A VAT number as EN 16931 wants it (BT-31, BT-48): without spaces, dots and dashes, and with the code of its country before it, which a kind
 * of number of one country brings where it was left out.
 */
function vatNumberOf({ type, value }: TaxNumber): string | undefined {
  const country = VAT.exec(type)?.[1];
  if (country === undefined) return undefined;
  const number = value.replace(/[ ./-]/g, '');
  return country === 'eu' || /^[A-Z]{2}/.test(number) ? number : `${country.toUpperCase()}${number}`;
}

/** The first VAT number, and the first number of another kind. */
export function taxNumbersOf(taxIds: readonly TaxNumber[]): { readonly vat: string | undefined; readonly other: string | undefined } {
  return {
    vat: taxIds.map(vatNumberOf).find((number) => number !== undefined),
    other: taxIds.find(({ type }) => !VAT.test(type))?.value,
  };
}

/** BR-CO-09: whether a VAT number begins with the code of a country; Greece's is EL. */
export const hasCountry = (vatNumber: string): boolean => /^[A-Z]{2}[A-Z0-9]/.test(vatNumber);
