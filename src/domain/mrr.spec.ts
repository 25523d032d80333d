import { movementOf } from './mrr.js';

const [BEFORE, AT, AFTER] = [1n, 2n, 3n];

test.each<[bigint, bigint, bigint | undefined, string | undefined]>([
  [0n, 0n, undefined, undefined],
  [5n, 5n, BEFORE, undefined],
  [0n, 5n, AFTER, 'new'],
  [0n, 5n, AT, 'new'],
  [0n, 5n, BEFORE, 'reactivation'],
  [5n, 0n, BEFORE, 'churn'],
  [5n, 6n, BEFORE, 'expansion'],
  [6n, 5n, BEFORE, 'contraction'],
])('from %s to %s, first had at %s: %s', (openingMinor, closingMinor, since, movement) => {
  expect(movementOf({ openingMinor, closingMinor, opensAt: AT }, since)).toBe(movement);
});
