import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { noAnswer, type Outcome, outcomeOf } from './answer.js';
import type { Lines } from './segments.js';

export type ApiKey = string | (() => string | Promise<string>);

export interface TransportOptions {
  /** Where the service is, without /v2. */
  readonly url: string;
  readonly apiKey: ApiKey;
  readonly gzip: boolean;
  readonly requestTimeoutMs: number;
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

const GZIP_BYTES_MIN = 1024;
const packed = promisify(gzip);

/** Sends lines to the service and says what became of them. */
export class Transport {
  private readonly endpoint: URL;

  constructor(private readonly options: TransportOptions) {
    this.endpoint = new URL('v2/usage/events', options.url.endsWith('/') ? options.url : `${options.url}/`);
  }

  /** Never rejects: whatever goes wrong is an outcome. */
  async send(lines: Lines, stop: AbortSignal): Promise<Outcome> {
    const controller = new AbortController();
    const { signal } = controller;
    const stopped = (): void => controller.abort(new Error('the reporter is closing'));
    const timer = setTimeout(() => controller.abort(new Error('no answer in time')), this.options.requestTimeoutMs);
    // Neither AbortSignal.any, which holds on to signals on some versions of node, nor trust that a caller's functions heed a signal.
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    stop.addEventListener('abort', stopped);
    if (stop.aborted) stopped();
    try {
      return await Promise.race([this.exchange(lines, signal), aborted]);
    } catch (error) {
      return noAnswer(error);
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', stopped);
    }
  }

  private async exchange({ bytes, events }: Lines, signal: AbortSignal): Promise<Outcome> {
    const { apiKey } = this.options;
    const zip = this.options.gzip && bytes.length >= GZIP_BYTES_MIN;
    const response = await this.options.fetch(this.endpoint, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${typeof apiKey === 'string' ? apiKey : await apiKey()}`,
        'content-type': 'application/x-ndjson',
        accept: 'application/json',
        ...(zip ? { 'content-encoding': 'gzip' } : {}),
      },
      body: zip ? await packed(bytes) : bytes,
      redirect: 'manual', // a redirected POST may arrive as a GET, and the key somewhere else
      signal,
    });
    const answer = { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.text() };
    return outcomeOf(answer, { events, nowMs: this.options.now() });
  }
}
