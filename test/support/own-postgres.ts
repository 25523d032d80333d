import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Embedded, startEmbedded } from '../../src/common/database/embedded.js';
import { steadyPort } from './steady-port.js';

const START_TIMEOUT_MS = 15_000;

/** A PostgreSQL of a test's own, as durable as it comes, and always on one port: it can be stopped or killed, and comes back. */
export class OwnPostgres {
  private constructor(
    private readonly dir: string,
    private readonly port: number,
    private embedded: Embedded,
  ) {}

  static async start(dir: string): Promise<OwnPostgres> {
    const port = await steadyPort();
    return new OwnPostgres(dir, port, await start(dir, port));
  }

  get url(): string {
    return this.embedded.url;
  }

  /** Open transactions are rolled back, connections are told, all is written. */
  stop(): Promise<void> {
    return this.embedded.stop();
  }

  /** Nothing is told and nothing is written: what was committed comes back from the log. */
  kill(): void {
    const [pid = ''] = readFileSync(join(this.dir, 'pg/postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGKILL');
  }

  /** Tried again while processes of a killed server are still leaving. */
  async start(): Promise<void> {
    for (const until = performance.now() + START_TIMEOUT_MS; ;) {
      try {
        this.embedded = await start(this.dir, this.port);
        return;
      } catch (error) {
        if (performance.now() > until) throw error;
      }
    }
  }
}

const start = (dir: string, port: number): Promise<Embedded> => startEmbedded({ dir, detached: false, settings: { port: String(port) } });
