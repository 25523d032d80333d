import fc from 'fast-check';
import {
  AMOUNT_MINOR_MAX,
  currencies,
  formatMoney,
  fromMinor,
  isCurrency,
  isMoney,
  minorDecimals,
  parseMoney,
  toMinor,
} from './currency.js';
import { exact, ratio } from './decimal.js';
import { Refusal } from './refusal.js';

const anyCurrency = fc.constantFrom(...currencies());
const anyAmount = fc.bigInt({ min: -AMOUNT_MINOR_MAX, max: AMOUNT_MINOR_MAX });

describe('a currency', () => {
  it.each([
    { code: 'USD', decimals: 2 },
    { code: 'EUR', decimals: 2 },
    { code: 'JPY', decimals: 0 },
    { code: 'KRW', decimals: 0 },
    { code: 'ISK', decimals: 0 },
    { code: 'KWD', decimals: 3 },
    { code: 'BHD', decimals: 3 },
    { code: 'CLF', decimals: 4 },
    { code: 'HUF', decimals: 2 },
  ])('$code has $decimals decimals', ({ code, decimals }) => {
    expect(minorDecimals(code)).toBe(decimals);
  });

  it.each([
    { case: 'small letters', code: 'usd' },
    { case: 'a currency that is gone', code: 'DEM' },
    { case: 'a metal', code: 'XAU' },
    { case: 'no currency', code: 'XXX' },
    { case: 'the name of a property of objects', code: 'constructor' },
    { case: 'nothing', code: '' },
  ])('is not $case', ({ code }) => {
    expect(isCurrency(code)).toBe(false);
    expect(() => minorDecimals(code)).toThrow(Refusal);
  });

  test('stands in the list once, as three capitals', () => {
    const codes = currencies();
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
    expect(codes).toEqual([...codes].sort());
  });
});

describe('money in a currency', () => {
  it.each([
    { text: '12.00', currency: 'USD', minor: 1200n },
    { text: '12', currency: 'USD', minor: 1200n },
    { text: '12.5', currency: 'USD', minor: 1250n },
    { text: '-0.05', currency: 'USD', minor: -5n },
    { text: '1200', currency: 'JPY', minor: 1200n },
    { text: '1.234', currency: 'KWD', minor: 1234n },
    { text: '1.2', currency: 'KWD', minor: 1200n },
    { text: '0.0001', currency: 'CLF', minor: 1n },
    { text: '10000000000000.00', currency: 'USD', minor: AMOUNT_MINOR_MAX },
  ])('$text $currency is $minor minor units', ({ text, currency, minor }) => {
    expect(parseMoney(text, currency)).toBe(minor);
  });

  it.each([
    { case: 'more decimals than the currency has', text: '12.001', currency: 'USD' },
    { case: 'zeros beyond the decimals of the currency', text: '12.000', currency: 'USD' },
    { case: 'decimals in a currency without', text: '1200.0', currency: 'JPY' },
    { case: 'more than the largest amount', text: '10000000000000.01', currency: 'USD' },
    { case: 'less than the least amount', text: '-10000000000000.01', currency: 'USD' },
    { case: 'text that is no number', text: '12,00', currency: 'USD' },
    { case: 'a sign of the currency', text: '$12', currency: 'USD' },
    { case: 'nothing', text: '', currency: 'USD' },
  ])('is not $case', ({ text, currency }) => {
    expect(isMoney(text, currency)).toBe(false);
    expect(() => parseMoney(text, currency)).toThrow(Refusal);
  });

  it.each([
    { minor: 1200n, currency: 'USD', text: '12.00' },
    { minor: -5n, currency: 'EUR', text: '-0.05' },
    { minor: 1200n, currency: 'JPY', text: '1200' },
    { minor: 1200n, currency: 'KWD', text: '1.200' },
    { minor: 0n, currency: 'USD', text: '0.00' },
    { minor: 0n, currency: 'JPY', text: '0' },
  ])('$minor minor units of $currency are written $text', ({ minor, currency, text }) => {
    expect(formatMoney(minor, currency)).toBe(text);
  });

  test('is read back as what it was, in every currency', () => {
    fc.assert(
      fc.property(anyAmount, anyCurrency, (minor, currency) => {
        expect(parseMoney(formatMoney(minor, currency), currency)).toBe(minor);
        expect(toMinor(fromMinor(minor, currency), currency)).toBe(minor);
      }),
    );
  });
});

describe('the one rounding of a line', () => {
  it.each([
    { amount: exact('10.505'), currency: 'USD', minor: 1051n },
    { amount: exact('-10.505'), currency: 'USD', minor: -1051n },
    { amount: exact('10.5049999'), currency: 'USD', minor: 1050n },
    { amount: exact('0.5'), currency: 'JPY', minor: 1n },
    { amount: exact('0.0005'), currency: 'KWD', minor: 1n },
    { amount: ratio(1n, 3n), currency: 'USD', minor: 33n },
  ])('$amount $currency is $minor minor units', ({ amount, currency, minor }) => {
    expect(toMinor(amount, currency)).toBe(minor);
  });
});
