import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What may go wrong with one request. `late`: it takes effect only once `settleLate` is called, long after its sender has given up. */
export const FAULTS = [
  'hang_before',
  'hang_after',
  'late',
  'reset_before',
  'reset_after',
  'cut',
  'fault_after',
  'rate_limited',
  'in_flight',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a provider's own refusals look like. */
export interface Refusals {
  readonly rateLimited: Answer;
  readonly inFlight: Answer;
  readonly fault: Answer;
  readonly mismatch: Answer;
  readonly replayed: Readonly<Record<string, string>>;
  readonly windowMs: number;
}

interface Kept {
  readonly fingerprint: string;
  readonly answer: Answer | undefined;
  readonly atMs: number;
}

const WRITES = ['POST', 'PUT', 'DELETE'];
const NOT_KEPT = [400, 401, 404, 409, 429];

/** An HTTP server on 127.0.0.1 that stands for a provider: it keeps idempotency keys as the provider does, and does wrong as it is told. */
export abstract class FakeServer {
  readonly requests: Received[] = [];
  /** Requests that the provider's contract does not have, and answers of this fake that it would not give: none, in every test. */
  readonly wrong: string[] = [];
  private readonly server: Server = createServer((request, response) => void this.receive(request, response));
  private readonly kept = new Map<string, Kept>();
  private script: { readonly fault: Fault; readonly on: (request: Received) => boolean }[] = [];
  private late: (() => void)[] = [];
  private laterMs = 0;

  protected constructor(private readonly refusals: Refusals) {}

  protected abstract answer(request: Received): Answer;
  /** What of a request has to be the same under one key. */
  protected abstract fingerprint(request: Received): string;

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  get nowMs(): number {
    return Date.now() + this.laterMs;
  }

  /** Lets time pass at the provider. */
  advance(ms: number): void {
    this.laterMs += ms;
  }

  /** The next request of that kind goes wrong so; told twice, the next two. */
  fail(fault: Fault, on: (request: Received) => boolean = () => true): void {
    this.script.push({ fault, on });
  }

  healed(): void {
    this.script = [];
  }

  /** What was under way takes effect. */
  settleLate(): void {
    for (const act of this.late.splice(0)) act();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { pathname, search } = new URL(incoming.url ?? '', this.url);
    const { method = '', headers } = incoming;
    const request = { method, path: pathname, query: search.slice(1), headers, body: Buffer.concat(chunks).toString('utf8') };
    this.requests.push(request);
    try {
      this.respond(request, response, this.faultFor(request));
    } catch (error) {
      this.wrong.push(`${method} ${pathname}: ${String(error)}`);
      send(response, this.refusals.fault);
    }
  }

  private faultFor(request: Received): Fault | undefined {
    const index = this.script.findIndex(({ on }) => on(request));
    return index < 0 ? undefined : this.script.splice(index, 1)[0]?.fault;
  }

  private respond(request: Received, response: ServerResponse, fault: Fault | undefined): void {
    if (fault === 'hang_before') return;
    if (fault === 'late') {
      this.later(request);
      return;
    }
    if (fault === 'reset_before') {
      response.socket?.resetAndDestroy();
      return;
    }
    if (fault === 'rate_limited' || fault === 'in_flight') {
      send(response, fault === 'in_flight' ? this.refusals.inFlight : this.refusals.rateLimited);
      return;
    }
    const answer = this.run(request, fault === 'fault_after');
    if (fault === 'hang_after') return;
    if (fault === 'reset_after') response.socket?.resetAndDestroy();
    else if (fault === 'cut') cut(response, answer);
    else send(response, answer);
  }

  /** In flight until it is settled: whoever comes with the same key meanwhile is told so. */
  private later(request: Received): void {
    const key = this.keyOf(request);
    if (key !== undefined && this.kept.has(key)) return;
    if (key !== undefined) this.kept.set(key, { fingerprint: this.fingerprint(request), answer: undefined, atMs: this.nowMs });
    this.late.push(() => {
      if (key !== undefined) this.kept.delete(key);
      this.run(request, false);
    });
  }

  private run(request: Received, faulty: boolean): Answer {
    const key = this.keyOf(request);
    const known = key === undefined ? undefined : this.kept.get(key);
    if (known && this.nowMs - known.atMs < this.refusals.windowMs) {
      if (known.fingerprint !== this.fingerprint(request)) return this.refusals.mismatch;
      if (!known.answer) return this.refusals.inFlight;
      return { ...known.answer, headers: { ...known.answer.headers, ...this.refusals.replayed } };
    }
    const answered = this.answer(request);
    const answer = faulty && answered.status < 400 ? this.refusals.fault : answered;
    if (key !== undefined && !NOT_KEPT.includes(answer.status))
      this.kept.set(key, { fingerprint: this.fingerprint(request), answer, atMs: this.nowMs });
    return answer;
  }

  private keyOf({ method, headers }: Received): string | undefined {
    const key = headers['idempotency-key'];
    return WRITES.includes(method) && typeof key === 'string' ? key : undefined;
  }
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Half of the body, then nothing: the connection is broken. */
function cut(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)), ...headers });
  response.write(text.slice(0, text.length / 2), () => response.socket?.resetAndDestroy());
}
