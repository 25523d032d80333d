import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { publicLookup, refuseLiteral } from './allowed-address.js';

/** What is posted to an endpoint. */
export interface Posting {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How far a posting may go. */
export interface PostLimits {
  /** Whether it may go to private addresses, and over http. */
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/** What became of a posting. */
export interface Answer {
  readonly status: number | null;
  readonly durationMs: number;
  /** Why it failed; null where the endpoint answered 2xx. */
  readonly failure: string | null;
  /** The first bytes of the body. */
  readonly excerpt: string;
}

const EXCERPT_BYTES_MAX = 1_000;

/**
 * Posts once, and never throws for what an endpoint may do. Only 2xx is a success: redirects are not followed. The status counts as soon as it is there;
 * of the body the first bytes are read, within the same time.
 */
export async function post(posting: Posting, limits: PostLimits): Promise<Answer> {
  const begun = performance.now();
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const ended = (answer: Omit<Answer, 'durationMs'>): Answer => ({ ...answer, durationMs: Math.round(performance.now() - begun) });
  try {
    const response = await sent(posting, limits, AbortSignal.any([limits.signal, timeout]));
    const status = response.statusCode ?? 0;
    const failure = status >= 200 && status < 300 ? null : `The endpoint answered ${String(status)}.`;
    return ended({ status, failure, excerpt: await excerptOf(response) });
  } catch (error) {
    const failure = timeout.aborted ? `There was no answer within ${String(limits.timeoutMs / 1000)} seconds.` : reasonOf(error);
    return ended({ status: null, failure, excerpt: '' });
  }
}

function sent({ url: address, headers, body }: Posting, { allowPrivate }: PostLimits, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(address);
  if (!allowPrivate && url.protocol !== 'https:') throw new Error('The endpoint is not reached over https.');
  if (!allowPrivate) refuseLiteral(url);
  const bytes = Buffer.from(body);
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': String(bytes.length) },
    agent: false,
    signal,
    ...(allowPrivate ? {} : { lookup: publicLookup }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, resolve);
    request.on('error', reject);
    request.end(bytes);
  });
}

/** As text that can be stored. What is cut off, or comes too late, is left out. */
async function excerptOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if ((length += chunk.length) >= EXCERPT_BYTES_MAX) break;
    }
  } catch {
    // the status is known, and counts
  }
  response.destroy();
  return Buffer.concat(chunks).subarray(0, EXCERPT_BYTES_MAX).toString('utf8').replaceAll('\0', '\uFFFD');
}

function reasonOf(error: unknown): string {
  const { message, code } = error as { readonly message?: string; readonly code?: unknown };
  return message || (typeof code === 'string' ? code : 'The connection failed.');
}
