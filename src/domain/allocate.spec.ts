import fc from 'fast-check';
import { allocate } from './allocate.js';
import { ratio } from './decimal.js';
import { Refusal } from './refusal.js';

const anyTotal = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const anyWeight = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 100n }), fc.bigInt({ min: 0n, max: 10n ** 18n }));
const anyWeights = fc.array(anyWeight, { minLength: 1, maxLength: 30 }).filter((weights) => weights.some((weight) => weight > 0n));
const total = (parts: readonly bigint[]): bigint => parts.reduce((sum, part) => sum + part, 0n);

describe('a total is spread by weights', () => {
  it.each([
    { case: 'that divide it', whole: 100n, weights: [1n, 1n, 2n], parts: [25n, 25n, 50n] },
    { case: 'that leave one unit, which the earlier gets', whole: 100n, weights: [1n, 1n, 1n], parts: [34n, 33n, 33n] },
    { case: 'that leave two units', whole: 101n, weights: [1n, 1n, 1n], parts: [34n, 34n, 33n] },
    { case: 'where the larger remainder is the later one', whole: 10n, weights: [1n, 2n], parts: [3n, 7n] },
    { case: 'one of which is nothing', whole: 5n, weights: [0n, 1n, 0n, 1n], parts: [0n, 3n, 0n, 2n] },
    { case: 'of which there are more than units', whole: 2n, weights: [1n, 1n, 1n, 1n], parts: [1n, 1n, 0n, 0n] },
    { case: 'of money, a cent over three lines', whole: 1n, weights: [1000n, 1000n, 1000n], parts: [1n, 0n, 0n] },
    { case: 'of one part alone', whole: 7n, weights: [3n], parts: [7n] },
    { case: 'below zero, as above it', whole: -100n, weights: [1n, 1n, 1n], parts: [-34n, -33n, -33n] },
    { case: 'where there is nothing to spread', whole: 0n, weights: [1n, 2n], parts: [0n, 0n] },
    { case: 'where there is nothing to spread and no weight', whole: 0n, weights: [0n, 0n], parts: [0n, 0n] },
    { case: 'where there is nothing at all', whole: 0n, weights: [], parts: [] },
  ])('$case', ({ whole, weights, parts }) => {
    expect(allocate(whole, weights)).toEqual(parts);
  });

  it.each([
    { case: 'a weight below zero', whole: 5n, weights: [2n, -1n] },
    { case: 'a weight below zero where there is nothing to spread', whole: 0n, weights: [1n, -1n] },
    { case: 'no weight to carry a total', whole: 5n, weights: [0n, 0n] },
    { case: 'no part to carry a total', whole: -1n, weights: [] },
  ])('but not with $case', ({ whole, weights }) => {
    expect(() => allocate(whole, weights)).toThrow(Refusal);
  });
});

describe('whatever the total and the weights', () => {
  const holds = (law: (whole: bigint, weights: readonly bigint[]) => void): void => {
    fc.assert(fc.property(anyTotal, anyWeights, law));
  };

  test('the parts sum to the whole', () => {
    holds((whole, weights) => {
      expect(total(allocate(whole, weights))).toBe(whole);
    });
  });

  test('each part is less than one unit from its exact share', () => {
    holds((whole, weights) => {
      allocate(whole, weights).forEach((part, i) => {
        const share = ratio(whole * (weights[i] ?? 0n), total(weights));
        expect(share.sub(ratio(part, 1n)).abs().lt(1n)).toBe(true);
      });
    });
  });

  test('a weight of zero gets nothing', () => {
    holds((whole, weights) => {
      expect(allocate(whole, weights).filter((part, i) => weights[i] === 0n && part !== 0n)).toEqual([]);
    });
  });

  test('of two equal weights the earlier gets no less', () => {
    holds((whole, weights) => {
      const size = (part: bigint | undefined): bigint => (part === undefined ? 0n : part < 0n ? -part : part);
      const parts = allocate(whole, weights);
      for (let i = 0; i + 1 < weights.length; i += 1)
        if (weights[i] === weights[i + 1]) expect(size(parts[i])).toBeGreaterThanOrEqual(size(parts[i + 1]));
    });
  });

  test('only the proportions of the weights matter', () => {
    holds((whole, weights) => {
      expect(
        allocate(
          whole,
          weights.map((weight) => weight * 7n),
        ),
      ).toEqual(allocate(whole, weights));
    });
  });

  test('a total below zero mirrors the one above', () => {
    holds((whole, weights) => {
      expect(allocate(-whole, weights)).toEqual(allocate(whole, weights).map((part) => -part));
    });
  });
});
