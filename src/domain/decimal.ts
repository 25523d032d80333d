import Fraction from 'fraction.js';
import { Refusal } from './refusal.js';

/** An exact rational number. */
export type Exact = Fraction;

const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
export const ZERO = new Fraction(0);

/** Whether `text` is a plain decimal of at most `digits` digits, `decimals` of them after the point. No exponent, no leading zero, no plus sign. */
export function isDecimal(text: string, { digits = 40, decimals = 40 }: { digits?: number; decimals?: number } = {}): boolean {
  if (text.length > digits + 2 || !DECIMAL.test(text)) return false;
  const [whole = '', part = ''] = text.replace('-', '').split('.');
  return whole.length + part.length <= digits && part.length <= decimals;
}

/**
 * A decimal string as an exact number.
 * @throws Refusal `invalid_decimal`
 */
export function exact(text: string): Exact {
  if (!isDecimal(text))
    throw new Refusal('invalid', 'invalid_decimal', `"${text.slice(0, 50)}" is not a plain decimal number such as "12.5".`);
  const point = text.indexOf('.');
  if (point < 0) return new Fraction(BigInt(text));
  return new Fraction(BigInt(text.slice(0, point) + text.slice(point + 1)), 10n ** BigInt(text.length - point - 1));
}

/** numerator / denominator. */
export const ratio = (numerator: bigint, denominator: bigint): Exact => new Fraction(numerator, denominator);

/** The nearest whole number; halves go away from zero. */
export function roundHalfAwayFromZero(value: Exact): bigint {
  const whole = (value.n * 2n + value.d) / (value.d * 2n);
  return value.s < 0n ? -whole : whole;
}

/** The least whole number that is not below the value. */
export const roundUp = (value: Exact): bigint => value.ceil().n * value.ceil().s;

/** `units` x 10^-`decimals`, with exactly that many decimals: (1234n, 2) is "12.34". */
export function scaled(units: bigint, decimals: number): string {
  if (decimals === 0) return units.toString();
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** The value at `decimals` decimals, halves away from zero, without trailing zeros: the shown form, never to be calculated with. */
export function shown(value: Exact, decimals = 6): string {
  const text = scaled(roundHalfAwayFromZero(value.mul(10n ** BigInt(decimals))), decimals);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

const DECIMALS_MAX = 40;

/** The value in full: a decimal without trailing zeros where one can write it, else the fraction "n/d". */
export function exactText(value: Exact): string {
  for (let decimals = 0, power = 1n; decimals <= DECIMALS_MAX; decimals += 1, power *= 10n)
    if (power % value.d === 0n) return shown(value, decimals);
  return value.toFraction();
}

export const sum = (values: readonly Exact[]): Exact => values.reduce((total, value) => total.add(value), ZERO);
export const least = (a: Exact, b: Exact): Exact => (a.lt(b) ? a : b);
export const greatest = (a: Exact, b: Exact): Exact => (a.gt(b) ? a : b);
