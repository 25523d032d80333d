import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestApp } from '../../support/app.js';
import type { ServiceProcess } from '../../support/service-process.js';

export interface Answer {
  readonly status: number;
  readonly body: any;
}

export type Method = 'GET' | 'PUT' | 'POST';

/** The service, as its customers and its staff see it. */
export interface Service {
  call(method: Method, path: string, payload?: unknown): Promise<Answer>;
}

/** In this process: it is never killed. */
export const inProcess = (wharfage: TestApp): Service => ({ call: (method, path, payload) => wharfage.call(method, path, payload) });

const RETRY_MS = 20;
const ATTEMPTS_MAX = 2_000;

/** In a process of its own, which is killed and comes back; who asked asks again, for the same act, until there is an answer. */
export class Mortal implements Service {
  kills = 0;
  private back: Promise<void> = Promise.resolve();

  constructor(private readonly process: ServiceProcess) {}

  async call(method: Method, path: string, payload?: unknown): Promise<Answer> {
    const key = randomUUID();
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      await this.back;
      const answer = await this.process.call(method, path, { payload, key }).catch(() => undefined); // it died meanwhile
      if (answer?.status === 500) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
      if (answer && answer.status < 500 && answer.body?.code !== 'idempotency_in_progress') return answer;
      await sleep(RETRY_MS);
    }
    throw new Error(`${method} ${path} was never answered`);
  }

  /** Kills the process in so many milliseconds, whatever it does then. Resolves when it is back. */
  async killIn(ms: number): Promise<void> {
    await sleep(ms);
    this.back = this.killed();
    await this.back;
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    await this.back;
    await this.process.stop();
  }

  private async killed(): Promise<void> {
    await this.process.kill();
    this.kills += 1;
    await this.process.start();
  }
}

/** For what cannot be refused. */
export function must({ status, body }: Answer): any {
  if (status >= 300) throw new Error(`refused: ${String(status)} ${JSON.stringify(body)}`);
  return body;
}
