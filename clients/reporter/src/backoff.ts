export interface RetryOptions {
  /** The first pause is between 0 and this. */
  readonly firstMs: number;
  /** No pause is longer, unless the service asks for it. */
  readonly maxMs: number;
}

/** A service that asks for a longer pause is asked again nevertheless: a mistaken header must not silence a reporter for days. */
const RETRY_AFTER_MAX_MS = 60 * 60 * 1000;

/**
 * The pause before attempt n + 1, in ms: anything from 0 to a bound that doubles ("full jitter"), so that reporters that failed together do
 * not come back together.
 */
export function pauseMs(failures: number, { firstMs, maxMs }: RetryOptions, random: () => number): number {
  return random() * Math.min(maxMs, firstMs * 2 ** Math.max(0, failures - 1));
}

/** The pause where only people can help, such as with a wrong key: from half the longest to the longest. */
export function slowPauseMs({ maxMs }: RetryOptions, random: () => number): number {
  return maxMs / 2 + (random() * maxMs) / 2;
}

/** What a Retry-After header asks for, in ms: seconds or a date. Nothing where it says neither. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const asked = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(asked, 0), RETRY_AFTER_MAX_MS);
}
