import Fraction from 'fraction.js';
import { type Exact, isDecimal, roundHalfAwayFromZero, scaled } from './decimal.js';
import { Refusal } from './refusal.js';

/** ISO 4217 (list one, active codes with a minor unit), by the number of decimals of the minor unit. */
const CODES_BY_DECIMALS: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK ' +
    'DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD ' +
    'LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR ' +
    'SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};
const DECIMALS: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES_BY_DECIMALS).flatMap(([decimals, codes]) => codes.split(' ').map((code) => [code, Number(decimals)] as const)),
);

export const isCurrency = (code: string): boolean => DECIMALS.has(code);
export const currencies = (): readonly string[] => [...DECIMALS.keys()].sort();

/** Decimals of the currency's minor unit: USD 2, JPY 0, KWD 3. */
export function minorDecimals(currency: string): number {
  const decimals = DECIMALS.get(currency);
  if (decimals === undefined)
    throw new Refusal('invalid', 'unknown_currency', `"${currency}" is not an active ISO 4217 currency code, such as USD.`);
  return decimals;
}

/** The largest amount accepted from outside, in minor units. */
export const AMOUNT_MINOR_MAX = 10n ** 15n;

/** Whether `text` is money in the currency: at most its own number of decimals, and not beyond ±10^15 minor units. */
export function isMoney(text: string, currency: string): boolean {
  if (!isDecimal(text, { digits: 20, decimals: minorDecimals(currency) })) return false;
  const minor = unscaled(text, minorDecimals(currency));
  return minor <= AMOUNT_MINOR_MAX && minor >= -AMOUNT_MINOR_MAX;
}

/**
 * "12.00" USD is 1200n: minor units from a decimal string in major units.
 * @throws Refusal `invalid_money`
 */
export function parseMoney(text: string, currency: string): bigint {
  if (!isMoney(text, currency))
    throw new Refusal(
      'invalid',
      'invalid_money',
      `"${text.slice(0, 40)}" is not an amount in ${currency}: send a decimal string with at most ${String(minorDecimals(currency))} decimals.`,
    );
  return unscaled(text, minorDecimals(currency));
}

/** 1200n USD is "12.00": always with the currency's own number of decimals. */
export const formatMoney = (amountMinor: bigint, currency: string): string => scaled(amountMinor, minorDecimals(currency));

/** An exact amount in major units as whole minor units, halves away from zero: the one rounding of a line. */
export const toMinor = (amount: Exact, currency: string): bigint =>
  roundHalfAwayFromZero(amount.mul(10n ** BigInt(minorDecimals(currency))));

/** Minor units as an exact amount in major units. */
export const fromMinor = (amountMinor: bigint, currency: string): Exact =>
  new Fraction(amountMinor, 10n ** BigInt(minorDecimals(currency)));

function unscaled(text: string, decimals: number): bigint {
  const [whole = '0', part = ''] = text.split('.');
  return BigInt(whole + part.padEnd(decimals, '0'));
}
