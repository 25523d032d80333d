import { AMOUNT_MINOR_MAX, isCurrency, minorDecimals } from '../../domain/currency.js';
import type { ChargeableAmounts } from '../port.js';

/** The largest amount of one charge: eight digits in Stripe's minor unit (PaymentIntents, `amount`). */
const DIGITS_MAX = 99_999_999n;

/** Currencies that Stripe counts without decimals, whatever ISO 4217 says (docs.stripe.com/currencies). */
const WITHOUT_DECIMALS = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));

/** ISO 4217 gives them no decimals, Stripe takes them with two, which must be 00. */
const WITH_TWO_ZEROS = new Set(['ISK', 'UGX']);

/** Three decimals, of which the last must be 0. */
const WITH_THREE_DECIMALS = new Set('BHD JOD KWD OMR TND'.split(' '));

/** The least charge, in major units (docs.stripe.com/currencies). Of currencies that are not listed it follows from exchange rates: Stripe says so when it is asked. */
const MINIMUMS: Readonly<Record<string, string>> = {
  AED: '2.00',
  AUD: '0.50',
  BRL: '0.50',
  CAD: '0.50',
  CHF: '0.50',
  CZK: '15.00',
  DKK: '2.50',
  EUR: '0.50',
  GBP: '0.30',
  HKD: '4.00',
  HUF: '175.00',
  INR: '0.50',
  JPY: '50',
  MXN: '10.00',
  MYR: '2.00',
  NOK: '3.00',
  NZD: '0.50',
  PLN: '2.00',
  RON: '2.00',
  SEK: '3.00',
  SGD: '0.50',
  THB: '10.00',
  USD: '0.50',
};

/** How many decimals Stripe counts a currency with; `undefined` where it does not take the currency. */
function decimalsAtStripe(currency: string): number | undefined {
  if (!isCurrency(currency)) return undefined;
  if (WITHOUT_DECIMALS.has(currency)) return 0;
  if (WITH_THREE_DECIMALS.has(currency)) return 3;
  return WITH_TWO_ZEROS.has(currency) || minorDecimals(currency) === 2 ? 2 : undefined;
}

/** What Stripe charges in a currency, in ISO 4217 minor units; `undefined` where it does not take the currency. */
export function stripeAmounts(currency: string): ChargeableAmounts | undefined {
  const theirs = decimalsAtStripe(currency);
  if (theirs === undefined) return undefined;
  const ours = minorDecimals(currency);
  const finer = 10n ** BigInt(Math.max(ours - theirs, 0)); // of our units, where ours are smaller
  const coarser = 10n ** BigInt(Math.max(theirs - ours, 0));
  const stepMinor = WITH_THREE_DECIMALS.has(currency) ? 10n : finer;
  const least = BigInt((MINIMUMS[currency] ?? '0').replace('.', ''));
  const most = (DIGITS_MAX / coarser) * finer;
  return {
    minimumMinor: least > stepMinor ? least : stepMinor,
    maximumMinor: ((most < AMOUNT_MINOR_MAX ? most : AMOUNT_MINOR_MAX) / stepMinor) * stepMinor,
    stepMinor,
  };
}

/** ISO 4217 minor units as Stripe counts them: exact, since amounts that cannot be are refused before. Fits a number: it has eight digits. */
export function toStripe(amountMinor: bigint, currency: string): number {
  const shift = (decimalsAtStripe(currency) ?? 0) - minorDecimals(currency);
  return Number(shift >= 0 ? amountMinor * 10n ** BigInt(shift) : amountMinor / 10n ** BigInt(-shift));
}
