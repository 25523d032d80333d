import { exact } from '../decimal.js';
import { lineAmount } from './line-amount.js';

describe('a line becomes money', () => {
  test.each([
    { case: 'rounded half away from zero', amount: '0.005', currency: 'USD', minor: 1n },
    { case: 'up to the largest amount', amount: '10000000000000.00', currency: 'USD', minor: 10n ** 15n },
    { case: 'and down to the least', amount: '-1000000000000000', currency: 'JPY', minor: -(10n ** 15n) },
  ])('$case', ({ amount, currency, minor }) => {
    expect(lineAmount(exact(amount), currency)).toBe(minor);
  });

  test.each([
    { case: 'a billion at a billion each', amount: exact('1000000000').mul(exact('1000000000')) },
    { case: 'a cent too much', amount: exact('10000000000000.01') },
    { case: 'a cent too much, to be given back', amount: exact('-10000000000000.01') },
  ])('but not $case', ({ amount }) => {
    expect(() => lineAmount(amount, 'USD')).toThrow(/amount_too_large/);
  });
});
