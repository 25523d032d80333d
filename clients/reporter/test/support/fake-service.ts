import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { CompleteEvent } from '../../src/event.js';

export interface Request {
  readonly headers: IncomingMessage['headers'];
  readonly lines: readonly string[];
  readonly bytes: number;
}

/** What the service does with a request instead of taking it: an answer of its own, silence, or to take it and hang up. */
export type Behaviour =
  { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown } | 'silence' | 'lost answer';

const sorted = (event: CompleteEvent): string => JSON.stringify([event.type, event.subject, event.time, event.data]);

/** The usage endpoint, as the contract describes it, in memory; and all that may go wrong on the way to it. */
export class FakeService {
  /** What is stored, by source and id. */
  readonly events = new Map<string, CompleteEvent>();
  readonly requests: Request[] = [];
  /** When the requests came, in ms. */
  readonly times: number[] = [];
  behave: (request: Request, number: number) => Behaviour | undefined = () => undefined;
  rejects: (event: CompleteEvent) => string | undefined = () => undefined;
  latencyMs = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.receive(request, response));
  }

  static async start(): Promise<FakeService> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FakeService(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get stored(): CompleteEvent[] {
    return [...this.events.values()];
  }

  private async receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return; // the reporter was killed
    }
    const body = Buffer.concat(chunks);
    const text = (incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
    const request = { headers: incoming.headers, lines: text.split('\n').filter((line) => line !== ''), bytes: text.length };
    this.requests.push(request);
    this.times.push(performance.now());
    if (incoming.method !== 'POST' || incoming.url !== '/v2/usage/events' || incoming.headers['content-type'] !== 'application/x-ndjson') {
      answer(response, { status: 404 });
      return;
    }
    const behaviour = this.behave(request, this.requests.length);
    if (this.latencyMs > 0) await sleep(this.latencyMs);
    if (behaviour === 'silence') return;
    if (typeof behaviour === 'object') {
      answer(response, behaviour);
      return;
    }
    const report = this.take(request.lines);
    if (behaviour === 'lost answer') response.destroy();
    else answer(response, { status: 200, body: report });
  }

  private take(lines: readonly string[]) {
    const results = lines.map((line, index) => this.takeOne(line, index));
    const count = (status: string): number => results.filter((result) => result.status === status).length;
    return {
      accepted: count('accepted'),
      duplicates: count('duplicate'),
      conflicts: count('conflict'),
      rejected: count('rejected'),
      results: results.filter((result) => result.status !== 'accepted'),
    };
  }

  private takeOne(line: string, index: number) {
    let event: CompleteEvent;
    try {
      event = JSON.parse(line) as CompleteEvent;
    } catch {
      return { index, id: null, status: 'rejected', code: 'not_an_object', pointer: '' };
    }
    const { id } = event;
    const code = this.rejects(event);
    if (code !== undefined) return { index, id, status: 'rejected', code, pointer: '/data' };
    const stands = this.events.get(`${event.source} ${id}`);
    if (stands) return { index, id, status: sorted(stands) === sorted(event) ? 'duplicate' : 'conflict' };
    this.events.set(`${event.source} ${id}`, event);
    return { index, id, status: 'accepted' };
  }
}

function answer(response: ServerResponse, { status, headers = {}, body = {} }: Exclude<Behaviour, string>): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
