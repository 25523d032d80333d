import { Refusal } from '../refusal.js';
import { refuseOutOfBounds } from './bounds.js';

const codeOf = (totalMinor: bigint, bounds: object, greatestMinor?: bigint): string | undefined => {
  try {
    refuseOutOfBounds(
      { currency: 'USD', totalMinor },
      { totalMaxMinor: null, growthMax: null, growthFromMinor: 0n, ...bounds },
      greatestMinor,
    );
    return undefined;
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error);
  }
};

test.each<[string, bigint, object, bigint | undefined, string | undefined]>([
  ['nothing is bounded', 10n ** 12n, {}, 1n, undefined],
  ['at the bound', 1_000n, { totalMaxMinor: 1_000n }, undefined, undefined],
  ['beyond it', 1_001n, { totalMaxMinor: 1_000n }, undefined, 'total_out_of_bounds'],
  ['a credit, however large', -5_000n, { totalMaxMinor: 1_000n, growthMax: '2' }, 1n, undefined],
  ['grown as much as it may', 250n, { growthMax: '2.5' }, 100n, undefined],
  ['grown by more', 251n, { growthMax: '2.5' }, 100n, 'growth_out_of_bounds'],
  ['an account without invoices', 251n, { growthMax: '2.5' }, undefined, undefined],
  ['an account that was billed nothing', 1n, { growthMax: '2.5' }, 0n, 'growth_out_of_bounds'],
  ['grown, but still small', 500n, { growthMax: '2', growthFromMinor: 500n }, 1n, undefined],
  ['no longer small', 501n, { growthMax: '2', growthFromMinor: 500n }, 1n, 'growth_out_of_bounds'],
])('%s', (_what, total, bounds, greatest, code) => {
  expect(codeOf(total, bounds, greatest)).toBe(code);
});
