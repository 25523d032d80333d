import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { createApp } from '../../src/app.module.js';
import { ApiKeysService } from '../../src/common/api-keys/api-keys.service.js';
import { Clock } from '../../src/common/clock.js';
import { readConfig } from '../../src/config.js';
import { parseInstant } from '../../src/domain/instant.js';
import { Contract } from './contract.js';
import { freshDatabase } from './database.js';

export interface Reply<Body = any> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly text: string;
}

type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** The service in this process, on a database of its own, with a test clock. Every answer is checked against the contract. */
export class TestApp {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly adminKey: string,
    private readonly contract: Contract,
  ) {}

  static async start({
    now = '2026-01-01T00:00:00Z',
    env = {},
  }: { readonly now?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<TestApp> {
    const url = env['DATABASE_URL'] ?? (await freshDatabase());
    const config = readConfig({
      DATABASE_URL: url,
      LOG_LEVEL: 'silent',
      TEST_CLOCK: 'on',
      KEY_HASH_SECRET: 'a secret for tests, and for tests only',
      USAGE_GRACE_MINUTES: '0',
      DATA_DIR: join(tmpdir(), 'wharfage-test-data'),
      ...env,
    });
    const app = await createApp(config);
    const contract = Contract.of(app);
    await app.init();
    await app.getHttpAdapter().getInstance().ready(); // without it the first request finds no routes
    if (config.testClock) await app.get(Clock).set(parseInstant(now), now);
    const adminKey = (await app.get(ApiKeysService).bootstrap()) ?? config.bootstrapKey ?? '';
    return new TestApp(app, url, adminKey, contract);
  }

  close(): Promise<void> {
    return this.app.close();
  }

  get source(): DataSource {
    return this.app.get(DataSource);
  }

  /** Any request, as it is. */
  async send(
    method: Method,
    url: string,
    { payload, headers = {} }: { readonly payload?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Reply> {
    const response = await this.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload: payload as string }) });
    const contentType = String(response.headers['content-type'] ?? '');
    this.contract.check({ method, url, status: response.statusCode, contentType, body: response.body });
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      text: response.body,
      body: contentType.includes('json') && !contentType.includes('ndjson') && response.body !== '' ? JSON.parse(response.body) : undefined,
    };
  }

  /** A request of the administrator; a POST gets an Idempotency-Key of its own. */
  call(method: Method, url: string, payload?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const key = method === 'POST' ? { 'idempotency-key': randomUUID() } : {};
    return this.send(method, url, { payload, headers: { authorization: `Bearer ${this.adminKey}`, ...key, ...headers } });
  }

  /** As `call`, but for what must succeed. */
  async ok<Body = any>(method: Method, url: string, payload?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Body> {
    const reply = await this.call(method, url, payload, headers);
    if (reply.status >= 300) throw new Error(`${method} ${url}: ${String(reply.status)} ${reply.text}`);
    return reply.body as Body;
  }

  /** Moves the test clock; everything that falls due in between is done. */
  async travel(now: string): Promise<void> {
    await this.ok('PUT', '/v2/test-clock', { now });
  }

  report(events: readonly unknown[]): Promise<any> {
    return this.ok('POST', '/v2/usage/events', { events });
  }
}
