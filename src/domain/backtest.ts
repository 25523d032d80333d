import { fromMinor } from './currency.js';
import { type Exact, exact, ratio } from './decimal.js';

/** What an account is billed, and would be, in minor units of its currency. */
export interface Compared {
  readonly account: string;
  readonly currency: string;
  readonly currentMinor: bigint;
  readonly draftMinor: bigint;
}

export const differenceOf = ({ currentMinor, draftMinor }: Pick<Compared, 'currentMinor' | 'draftMinor'>): bigint =>
  draftMinor - currentMinor;

/** By how many percent the amount changes; null where it was nothing and becomes something. */
export function percentChange(amounts: Pick<Compared, 'currentMinor' | 'draftMinor'>): Exact | null {
  const difference = differenceOf(amounts);
  if (difference === 0n) return exact('0');
  const { currentMinor } = amounts;
  return currentMinor === 0n ? null : ratio(100n * difference, currentMinor < 0n ? -currentMinor : currentMinor);
}

/** Where classes of relative change end, in percent from zero, on both sides. */
const BOUNDS = [5n, 10n, 20n, 50n, 100n] as const;

/** The classes of relative change, from the greatest decrease to the greatest increase. */
export const CHANGE_CLASSES: readonly string[] = [
  'below -100%',
  ...BOUNDS.map((bound, i) => `-${bound.toString()}% to ${i === 0 ? '' : '-'}${(BOUNDS[i - 1] ?? 0n).toString()}%`).toReversed(),
  'unchanged',
  ...BOUNDS.map((bound, i) => `${(BOUNDS[i - 1] ?? 0n).toString()}% to ${bound.toString()}%`),
  'above 100%',
  'from nothing',
];

/** The class that a change falls into; a bound belongs to the class that is nearer to zero. */
export function changeClass(amounts: Pick<Compared, 'currentMinor' | 'draftMinor'>): string {
  const change = percentChange(amounts);
  if (change === null) return 'from nothing';
  if (change.equals(0n)) return 'unchanged';
  const size = change.abs();
  const found = BOUNDS.findIndex((bound) => size.lte(bound));
  const outwards = (found === -1 ? BOUNDS.length : found) + 1;
  return CHANGE_CLASSES[UNCHANGED + (change.lt(0n) ? -outwards : outwards)] ?? '';
}

const UNCHANGED = BOUNDS.length + 1;

/** The list with one more, the greatest differences first, equal ones by account; at most so many. */
export function withGreatest(list: readonly Compared[], one: Compared, most: number): Compared[] {
  const size = (of: Compared): Exact => fromMinor(differenceOf(of), of.currency).abs();
  return [...list, one].sort((a, b) => size(b).compare(size(a)) || (a.account < b.account ? -1 : 1)).slice(0, most);
}
