import fc from 'fast-check';
import { exact, greatest, isDecimal, least, ratio, roundHalfAwayFromZero, scaled, shown, sum, ZERO } from './decimal.js';
import { Refusal } from './refusal.js';

const anyRatio = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.bigInt({ min: 1n, max: 10n ** 12n }))
  .map(([numerator, denominator]) => ratio(numerator, denominator));

describe('a plain decimal', () => {
  it.each([
    { text: '0', is: true },
    { text: '12.50', is: true },
    { text: '-0.001', is: true },
    { text: '1234567890123456789012345678901234567890', is: true },
    { text: '12345678901234567890123456789012345678901', is: false },
    { text: '-1.234567890123456789012345678901234567890', is: true },
    { text: '0.0000000000000000000000000000000000000001', is: false },
    { text: '', is: false },
    { text: '-', is: false },
    { text: '+1', is: false },
    { text: '01', is: false },
    { text: '00.5', is: false },
    { text: '.5', is: false },
    { text: '5.', is: false },
    { text: '1e3', is: false },
    { text: '1,000', is: false },
    { text: '1 000', is: false },
    { text: ' 1', is: false },
    { text: '1\n', is: false },
    { text: '1.2.3', is: false },
    { text: '--1', is: false },
    { text: '0x10', is: false },
    { text: 'NaN', is: false },
    { text: '١', is: false },
  ])('"$text": $is', ({ text, is }) => {
    expect(isDecimal(text)).toBe(is);
    if (!is) expect(() => exact(text)).toThrow(Refusal);
  });

  it.each([
    { case: 'as many digits as allowed', text: '-12.34', limits: { digits: 4 }, is: true },
    { case: 'one digit too many', text: '123.45', limits: { digits: 4 }, is: false },
    { case: 'as many decimals as allowed', text: '1.23', limits: { decimals: 2 }, is: true },
    { case: 'one decimal too many', text: '1.230', limits: { decimals: 2 }, is: false },
    { case: 'no decimal where none is allowed', text: '1', limits: { decimals: 0 }, is: true },
    { case: 'a decimal where none is allowed', text: '1.0', limits: { decimals: 0 }, is: false },
  ])('within limits: $case', ({ text, limits, is }) => {
    expect(isDecimal(text, limits)).toBe(is);
  });
});

describe('arithmetic is exact', () => {
  test('where binary fractions are not', () => {
    expect(exact('0.1').add(exact('0.2')).equals(exact('0.3'))).toBe(true);
  });

  it.each([
    { text: '12.5', n: 25n, d: 2n },
    { text: '-0.05', n: -1n, d: 20n },
    { text: '-0', n: 0n, d: 1n },
    { text: '100', n: 100n, d: 1n },
    { text: '0.1234567890123456789', n: 1234567890123456789n, d: 10n ** 19n },
  ])('"$text" is $n / $d', ({ text, n, d }) => {
    expect(exact(text).equals(ratio(n, d))).toBe(true);
  });

  test('also in the sum, the lesser and the greater of fractions', () => {
    const [third, half] = [ratio(1n, 3n), ratio(1n, 2n)];
    expect(sum([third, third, third]).equals(1n)).toBe(true);
    expect(sum([]).equals(ZERO)).toBe(true);
    expect([least(third, half), greatest(third, half)]).toEqual([third, half]);
  });

  test('and a decimal is what its digits say', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 9 }), (units, decimals) => {
        expect(exact(scaled(units, decimals)).equals(ratio(units, 10n ** BigInt(decimals)))).toBe(true);
      }),
    );
  });
});

describe('rounding', () => {
  it.each([
    { text: '0.5', whole: 1n },
    { text: '-0.5', whole: -1n },
    { text: '1.5', whole: 2n },
    { text: '2.5', whole: 3n },
    { text: '-2.5', whole: -3n },
    { text: '2.4999999999999999999999', whole: 2n },
    { text: '-2.4999999999999999999999', whole: -2n },
    { text: '0', whole: 0n },
    { text: '7', whole: 7n },
    { text: '90071992547409925.5', whole: 90071992547409926n },
  ])('$text is $whole: halves go away from zero', ({ text, whole }) => {
    expect(roundHalfAwayFromZero(exact(text))).toBe(whole);
  });

  test('goes to the nearest, and mirrors at zero', () => {
    fc.assert(
      fc.property(anyRatio, (value) => {
        const whole = roundHalfAwayFromZero(value);
        expect(value.sub(ratio(whole, 1n)).abs().lte(ratio(1n, 2n))).toBe(true);
        expect(roundHalfAwayFromZero(value.neg())).toBe(-whole);
      }),
    );
  });
});

describe('a number as text', () => {
  it.each([
    { units: 1234n, decimals: 2, text: '12.34' },
    { units: 5n, decimals: 2, text: '0.05' },
    { units: -5n, decimals: 2, text: '-0.05' },
    { units: -1200n, decimals: 2, text: '-12.00' },
    { units: 0n, decimals: 3, text: '0.000' },
    { units: 700n, decimals: 0, text: '700' },
  ])('$units with $decimals decimals is "$text"', ({ units, decimals, text }) => {
    expect(scaled(units, decimals)).toBe(text);
  });

  it.each([
    { case: 'a third', value: ratio(1n, 3n), text: '0.333333' },
    { case: 'two thirds, rounded up', value: ratio(2n, 3n), text: '0.666667' },
    { case: 'half of the last decimal, away from zero', value: exact('0.0000005'), text: '0.000001' },
    { case: 'below zero, away from zero', value: exact('-0.0000005'), text: '-0.000001' },
    { case: 'less than half of it', value: exact('-0.0000004'), text: '0' },
    { case: 'a whole number without a point', value: exact('1200'), text: '1200' },
    { case: 'no zeros at the end', value: exact('12.500'), text: '12.5' },
    { case: 'a whole number with zeros', value: exact('100.000'), text: '100' },
    { case: 'nothing', value: ZERO, text: '0' },
  ])('shown with at most 6 decimals: $case', ({ value, text }) => {
    expect(shown(value)).toBe(text);
  });

  test('shown exactly where the decimals suffice', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (units) => {
        expect(exact(shown(ratio(units, 1_000_000n))).equals(ratio(units, 1_000_000n))).toBe(true);
      }),
    );
  });
});
