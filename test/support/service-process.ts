import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { steadyPort } from './steady-port.js';

/** Of the administrator, in every such service. */
export const ADMIN_KEY = 'whf_test_administrator_0123456789abcdef0123456789abcdef';
const START_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 2_000;

/** The service in a process of its own, always on one port: it can be killed, and comes back. Needs a build. */
export class ServiceProcess {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly log: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async start({ dir, env }: { readonly dir: string; readonly env: Readonly<Record<string, string>> }): Promise<ServiceProcess> {
    const service = new ServiceProcess(await steadyPort(), join(dir, 'service.log'), { DATA_DIR: dir, ...env });
    await service.start();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  /** Resolves once it is ready. */
  async start(): Promise<void> {
    const log = openSync(this.log, 'a');
    this.child = spawn(process.execPath, ['dist/src/main.js'], {
      env: {
        ...process.env,
        LOG_LEVEL: 'error',
        METRICS_PORT: '0',
        HOST: '127.0.0.1',
        PORT: String(this.port),
        WHARFAGE_BOOTSTRAP_KEY: ADMIN_KEY,
        KEY_HASH_SECRET: 'a secret for tests, and for tests only',
        USAGE_GRACE_MINUTES: '0',
        ...this.env,
      },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    try {
      await this.untilReady();
    } catch (error) {
      this.child.kill('SIGKILL');
      throw error;
    }
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** As an orchestrator stops it. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
    if (this.child?.exitCode !== 0) throw new Error(`the service did not stop in order: ${this.lastWords()}`);
  }

  /** @throws Error where it ended by itself */
  expectRunning(): void {
    if (this.isRunning) return;
    const { exitCode, signalCode } = this.child ?? {};
    throw new Error(`the service ended by itself (${String(exitCode ?? signalCode)}): ${this.lastWords()}`);
  }

  get isRunning(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  /** A request of the administrator. @throws Error where no answer comes */
  async call(
    method: string,
    path: string,
    { payload, key = randomUUID() }: { readonly payload?: unknown; readonly key?: string } = {},
  ): Promise<{ readonly status: number; readonly body: any }> {
    const reply = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_KEY}`,
        'idempotency-key': key,
        ...(payload !== undefined && { 'content-type': 'application/json' }),
      },
      ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** The same for one that must succeed. */
  async ok<Body = any>(method: string, path: string, payload?: unknown): Promise<Body> {
    const { status, body } = await this.call(method, path, { payload });
    if (status >= 300) throw new Error(`${method} ${path}: ${String(status)} ${JSON.stringify(body)}`);
    return body as Body;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    this.expectRunning();
    const child = this.child as ChildProcess;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  private async untilReady(): Promise<void> {
    const until = performance.now() + START_TIMEOUT_MS;
    while (!(await this.isReady())) {
      await sleep(20);
      this.expectRunning();
      if (performance.now() > until) throw new Error(`the service does not become ready: ${this.lastWords()}`);
    }
  }

  private async isReady(): Promise<boolean> {
    const reply = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch(() => undefined);
    await reply?.arrayBuffer().catch(() => undefined);
    return reply?.ok ?? false;
  }

  private lastWords(): string {
    return readFileSync(this.log, 'utf8').slice(-2_000);
  }
}
