import { retryAfterMs } from './backoff.js';
import { type Problem, problemOf } from './problem.js';

/** An event of a batch that is not counted from it. */
export interface NotTaken {
  readonly index: number;
  readonly status: 'conflict' | 'rejected';
  readonly code: string;
  readonly pointer: string | undefined;
}

/** What the service made of a batch. */
export type Outcome =
  | { readonly kind: 'taken'; readonly accepted: number; readonly duplicates: number; readonly notTaken: readonly NotTaken[] }
  /** The batch as a whole is refused for what it holds, or for its size: a smaller one may pass. */
  | { readonly kind: 'refused'; readonly problem: Problem }
  /** Nothing is known of the events: the same again, `slow` where only people can help. */
  | { readonly kind: 'failed'; readonly problem: Problem; readonly slow: boolean; readonly retryAfterMs: number };

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

const PASSING = new Set([408, 425, 429]);
const REFUSALS_OF_CONTENT = new Set([400, 422]);

/** Reads the answer to a batch of so many events. Only an answer that accounts for each of them settles them. */
export function outcomeOf(
  { status, retryAfter, body }: Answer,
  { events, nowMs }: { readonly events: number; readonly nowMs: number },
): Outcome {
  const json = parsed(body);
  if (status === 200)
    return readReport(json, events) ?? failed({ status, message: 'The answer does not account for the events sent.' }, 0, true);
  const code = isObject(json) && typeof json['code'] === 'string' ? json['code'] : undefined;
  const detail = isObject(json) && typeof json['detail'] === 'string' ? json['detail'] : 'no details';
  const problem: Problem = { status, message: `HTTP ${status}: ${detail}`, ...(code === undefined ? {} : { code }) };
  // A gateway may answer 400 to anything: only what the service itself says about a batch counts. A size may be limited by either.
  if (status === 413 || (REFUSALS_OF_CONTENT.has(status) && code !== undefined)) return { kind: 'refused', problem };
  return failed(problem, retryAfterMs(retryAfter, nowMs), status < 500 && !PASSING.has(status));
}

/** No answer came. */
export const noAnswer = (error: unknown): Outcome => failed(problemOf(error), 0, false);

const failed = (problem: Problem, afterMs: number, slow: boolean): Outcome => ({ kind: 'failed', problem, slow, retryAfterMs: afterMs });

function readReport(json: unknown, events: number): Outcome | undefined {
  if (!isObject(json) || !Array.isArray(json['results'])) return undefined;
  const [accepted, duplicates, conflicts, rejected] = ['accepted', 'duplicates', 'conflicts', 'rejected'].map((name) => json[name]);
  if (!isCount(accepted) || !isCount(duplicates) || !isCount(conflicts) || !isCount(rejected)) return undefined;
  if (accepted + duplicates + conflicts + rejected !== events) return undefined;
  const notTaken = (json['results'] as readonly unknown[]).flatMap((result) => readNotTaken(result, events) ?? []);
  const named = new Set(notTaken.map(({ index }) => index));
  return named.size === conflicts + rejected ? { kind: 'taken', accepted, duplicates, notTaken } : undefined;
}

function readNotTaken(result: unknown, events: number): NotTaken | undefined {
  if (!isObject(result)) return undefined;
  const { index, status, code, pointer } = result;
  if (status !== 'conflict' && status !== 'rejected') return undefined;
  if (!isCount(index) || index >= events) return undefined;
  return { index, status, code: typeof code === 'string' ? code : status, pointer: typeof pointer === 'string' ? pointer : undefined };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
