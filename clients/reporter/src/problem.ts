/** What stands in the way, for people; and the answer that said so, where there was one. */
export interface Problem {
  readonly message: string;
  readonly status?: number;
  readonly code?: string;
}

const CAUSES_MAX = 5;

/** An error with its causes: that a fetch failed says little without them. */
export function problemOf(error: unknown): Problem {
  const messages: string[] = [];
  for (let cause = error; isObject(cause) && messages.length < CAUSES_MAX; cause = cause['cause'])
    messages.push(String(cause['message'] || cause['code']));
  return { message: messages.join(': ') || String(error) };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
