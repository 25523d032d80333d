import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../dist/src/common/database/embedded.js';
import { migrate } from '../dist/src/migrate.js';
import { Proxy } from './proxy.mjs';
import { until } from './random.mjs';
import { atEnd } from './undo.mjs';

export const PREFIX = 'wharfage-chaos-';
const KEY = 'whf_chaos_administrator_0123456789abcdef0123456789abcdef';
const SETTINGS = { max_wal_size: '1GB' };
const STOPS_WITHIN_MS = 15_000;

/** The service as a process of its own, the database that it reaches through a proxy, and a way to both. */
export class Stage {
  /** `prepare` may move the stopped database elsewhere before it is used. */
  static async set({ nodeFlags = [], settings = SETTINGS, prepare }) {
    const stage = new Stage();
    stage.dir = mkdtempSync(join(tmpdir(), PREFIX));
    stage.settings = settings;
    stage.clear = atEnd(() => rmSync(stage.dir, { recursive: true, force: true }));
    await stage.startDatabase();
    await migrate(stage.embedded.url);
    if (prepare) {
      await stage.stopDatabase();
      prepare(stage.dir);
      await stage.startDatabase();
    }
    stage.proxy = await Proxy.to(Number(new URL(stage.embedded.url).port));
    atEnd(() => stage.proxy.close());
    await stage.startService(nodeFlags);
    return stage;
  }

  /** Also after it went down: the service finds it where it was. */
  async startDatabase() {
    const embedded = await startEmbedded({ dir: this.dir, settings: this.settings });
    atEnd(() => embedded.stop());
    this.embedded = embedded;
    this.pool = new pg.Pool({ connectionString: this.embedded.url, max: 2 });
    this.pool.on('error', () => undefined);
    if (this.proxy) this.proxy.target = Number(new URL(this.embedded.url).port);
  }

  async stopDatabase() {
    await this.pool.end();
    await this.embedded.stop();
  }

  get databaseRuns() {
    const probe = new pg.Client({ connectionString: this.embedded.url, connectionTimeoutMillis: 1_000 });
    probe.on('error', () => undefined);
    return probe.connect().then(
      () => probe.end().then(() => true),
      () => false,
    );
  }

  /** What the database wrote into its log. */
  get databaseLog() {
    return readFileSync(join(this.dir, 'pg.log'), 'utf8');
  }

  get serviceLog() {
    return readFileSync(join(this.dir, 'service.log'), 'utf8');
  }

  async startService(nodeFlags) {
    const url = new URL(this.embedded.url);
    url.port = String(this.proxy.port);
    const log = openSync(join(this.dir, 'service.log'), 'a');
    this.port = 20_000 + (process.pid % 20_000);
    this.base = `http://127.0.0.1:${this.port}`;
    this.child = spawn(process.execPath, [...nodeFlags, 'dist/src/main.js'], {
      env: {
        ...process.env,
        DATABASE_URL: url.href,
        DATA_DIR: this.dir,
        LOG_LEVEL: 'error',
        METRICS_PORT: '0',
        USAGE_GRACE_MINUTES: '0',
        HOST: '127.0.0.1',
        PORT: String(this.port),
        WHARFAGE_BOOTSTRAP_KEY: KEY,
      },
      stdio: ['ignore', log, log],
    });
    this.key = KEY;
    atEnd(() => this.stopService());
    await this.untilReady();
    this.call = async (method, path, body) => {
      const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
      const reply = await fetch(`${this.base}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
      return reply.json();
    };
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async isReady() {
    if (!this.isRunning)
      throw new Error(`the service ended (${this.child.signalCode ?? this.child.exitCode}): ${this.serviceLog.slice(-1_500)}`);
    const reply = await fetch(`${this.base}/health/ready`).catch(() => undefined);
    return reply?.ok === true;
  }

  /** Answers how many milliseconds it took. */
  untilReady() {
    return until('the service is ready', () => this.isReady());
  }

  /** Memory of the service in MiB: the most there was. */
  get rssMaxMib() {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  }

  async stopService() {
    if (!this.isRunning) return;
    this.child.kill('SIGTERM');
    const killed = setTimeout(() => this.child.kill('SIGKILL'), STOPS_WITHIN_MS);
    await once(this.child, 'exit');
    clearTimeout(killed);
  }

  /** It does its scheduled work: adds up what was appended. */
  async works() {
    await this.pool.query(`select graphile_worker.add_job('usage.compact', '{}', job_key := 'usage.compact')`);
    await until(
      'the appended rows are added up',
      async () => {
        const { rows } = await this.pool.query(
          'select exists (select 1 from usage_rollup_tail) or exists (select 1 from usage_level_tail) as waiting',
        );
        return !rows[0].waiting;
      },
      { withinMs: 60_000 },
    );
  }
}
