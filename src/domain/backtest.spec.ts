import { changeClass, CHANGE_CLASSES, type Compared, percentChange, withGreatest } from './backtest.js';
import { shown } from './decimal.js';

const amounts = (currentMinor: bigint, draftMinor: bigint) => ({ currentMinor, draftMinor });

test.each([
  ['the same is unchanged', 1000n, 1000n, 'unchanged', '0'],
  ['nothing that stays nothing is unchanged', 0n, 0n, 'unchanged', '0'],
  ['nothing that becomes something has no percentage', 0n, 1n, 'from nothing', null],
  ['the least increase', 100000n, 100001n, '0% to 5%', '0.001'],
  ['a bound belongs to the class nearer to zero', 100n, 105n, '0% to 5%', '5'],
  ['and beyond it begins the next', 1000n, 1051n, '5% to 10%', '5.1'],
  ['the least decrease', 100000n, 99999n, '-5% to 0%', '-0.001'],
  ['a bound of a decrease', 100n, 80n, '-20% to -10%', '-20'],
  ['all of it is taken off', 100n, 0n, '-100% to -50%', '-100'],
  ['and more than that', 100n, -1n, 'below -100%', '-101'],
  ['doubled', 100n, 200n, '50% to 100%', '100'],
  ['more than doubled', 100n, 201n, 'above 100%', '101'],
  ['what came back is measured by its size', -100n, -50n, '20% to 50%', '50'],
])('%s', (_name, current, draft, change, percent) => {
  expect(changeClass(amounts(current, draft))).toBe(change);
  expect(CHANGE_CLASSES).toContain(change);
  const exact = percentChange(amounts(current, draft));
  expect(exact === null ? null : shown(exact)).toBe(percent);
});

test('a list keeps the greatest differences, whichever way they go, equal ones by account', () => {
  const of = (account: string, difference: bigint): Compared => ({ account, currency: 'USD', ...amounts(0n, difference) });
  const all = [of('c', 5n), of('a', -9n), of('d', 1n), of('b', 5n)];
  const kept = all.reduce<Compared[]>((list, one) => withGreatest(list, one, 3), []);
  expect(kept.map(({ account }) => account)).toEqual(['a', 'b', 'c']);
});
