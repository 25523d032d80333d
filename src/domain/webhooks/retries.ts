import { HOUR, type Instant, MINUTE, SECOND } from '../instant.js';

/** How long is waited after each failed attempt: ten attempts over some three days. */
export const WAITS: readonly bigint[] = [
  5n * SECOND,
  5n * MINUTE,
  30n * MINUTE,
  2n * HOUR,
  5n * HOUR,
  10n * HOUR,
  14n * HOUR,
  20n * HOUR,
  24n * HOUR,
];

/** A wait is drawn out by up to this part of it, so that what failed together does not come back together. */
const DRAWN_OUT_PERMILLE_MAX = 200n;

/** An attempt of a delivery that has ended. */
export interface EndedAttempt {
  readonly succeeded: boolean;
  readonly at: Instant;
  /** How many there were, this one counted. */
  readonly attempts: number;
  /** Chance, from 0 to 999: how far the wait is drawn out. */
  readonly chancePermille: bigint;
}

/** What becomes of a delivery: it is done, it is tried again, or it is given up. */
export type Fate = { readonly state: 'delivered' | 'failed' } | { readonly state: 'pending'; readonly dueAt: Instant };

/** What becomes of a delivery after an attempt. A wait is rounded down to the microsecond. */
export function fateOf({ succeeded, at, attempts, chancePermille }: EndedAttempt): Fate {
  if (succeeded) return { state: 'delivered' };
  const wait = WAITS[attempts - 1];
  if (wait === undefined) return { state: 'failed' };
  return { state: 'pending', dueAt: at + wait + (wait * DRAWN_OUT_PERMILLE_MAX * chancePermille) / 1_000_000n };
}

/** Whether an endpoint has failed for so long, with no success in between, that it is disabled. */
export const isGivenUp = (failingSince: Instant, at: Instant, patience: bigint): boolean => at - failingSince >= patience;
