import { randomUUID } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

type Method = 'GET' | 'PUT' | 'POST';

/** Talks to the service as its users do: through its API. */
export class DemoClient {
  constructor(
    private readonly app: NestFastifyApplication,
    private readonly key: string,
  ) {}

  async call<Body>(method: Method, url: string, payload?: object): Promise<Body> {
    return JSON.parse(await this.text(method, url, payload)) as Body;
  }

  async text(method: Method, url: string, payload?: object): Promise<string> {
    const headers = { authorization: `Bearer ${this.key}`, ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}) };
    const reply = await this.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    if (reply.statusCode >= 300) throw new Error(`${method} ${url} answered ${String(reply.statusCode)}: ${reply.body}`);
    return reply.body;
  }
}
