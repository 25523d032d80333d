import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createApp } from '../dist/src/app.module.js';
import { ApiKeysService } from '../dist/src/common/api-keys/api-keys.service.js';
import { startEmbedded } from '../dist/src/common/database/embedded.js';
import { readConfig } from '../dist/src/config.js';
import { migrate } from '../dist/src/migrate.js';

/** The service on a throw-away PostgreSQL that is as durable as a real one, listening on a port of its own. */
export async function withService(env, work) {
  const dir = mkdtempSync(join(tmpdir(), 'wharfage-bench-'));
  const embedded = await startEmbedded({ dir, settings: SETTINGS });
  const pool = new pg.Pool({ connectionString: embedded.url, max: 4 });
  pool.on('error', () => undefined); // an idle connection that the stopping database closes
  try {
    await migrate(embedded.url);
    const app = await createApp(
      readConfig({ DATABASE_URL: embedded.url, DATA_DIR: dir, LOG_LEVEL: 'error', METRICS_PORT: '0', USAGE_GRACE_MINUTES: '0', ...env }),
    );
    await app.listen(0, '127.0.0.1');
    const key = await app.get(ApiKeysService).bootstrap();
    const base = await app.getUrl();
    const call = async (method, path, body) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
      const reply = await fetch(`${base}${path}`, { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
      if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
      return reply.json();
    };
    try {
      await work({ app, call, pool, base, key });
    } finally {
      await app.close();
    }
  } finally {
    await pool.end();
    await embedded.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

export const SETTINGS = { max_wal_size: '4GB', shared_buffers: '512MB' };

/** As `withService`, but in a process of its own, as it runs for others; `post` keeps its connections. Prints how the database is set. */
export async function withServiceProcess(env, work, nodeFlags = []) {
  const dir = mkdtempSync(join(tmpdir(), 'wharfage-bench-'));
  const embedded = await startEmbedded({ dir, settings: SETTINGS });
  const pool = new pg.Pool({ connectionString: embedded.url, max: 4 });
  pool.on('error', () => undefined);
  const key = 'whf_bench_administrator_0123456789abcdef0123456789abcdef';
  let child;
  try {
    const { rows } = await pool.query(
      `select name, setting, unit from pg_settings where name in ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size', 'wal_level')`,
    );
    console.log(`PostgreSQL: ${rows.map(({ name, setting, unit }) => `${name} ${setting}${unit ?? ''}`).join(', ')}`);
    const port = 20_000 + (process.pid % 20_000);
    child = spawn(process.execPath, ['--max-semi-space-size=64', ...nodeFlags, 'dist/src/main.js'], {
      env: {
        ...process.env,
        DATABASE_URL: embedded.url,
        DATA_DIR: dir,
        LOG_LEVEL: 'error',
        METRICS_PORT: '0',
        HOST: '127.0.0.1',
        PORT: String(port),
        WHARFAGE_BOOTSTRAP_KEY: key,
        ...env,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const base = `http://127.0.0.1:${port}`;
    await ready(base, child);
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    const post = (path, body, contentType = 'application/json') =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': contentType, 'content-length': Buffer.byteLength(body) };
        const sent = request(`${base}${path}`, { method: 'POST', agent, headers }, (reply) => {
          let text = '';
          reply.setEncoding('utf8').on('data', (chunk) => (text += chunk));
          reply.on('end', () =>
            reply.statusCode < 300 ? resolve(text) : reject(new Error(`${path}: ${reply.statusCode} ${text.slice(0, 300)}`)),
          );
        });
        sent.on('error', reject).end(body);
      });
    const call = async (method, path, body) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
      const reply = await fetch(`${base}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
      return reply.json();
    };
    const rssKib = async () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0);
    await work({ call, post, pool, base, key, url: embedded.url, rssKib, child });
    agent.destroy();
  } finally {
    if (child && child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await pool.end();
    await embedded.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function ready(base, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    const reply = await fetch(`${base}/health/ready`).catch(() => undefined);
    if (reply?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
export const percentile = (values, p) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil((values.length * p) / 100) - 1)] ?? 0;

/** Seconds that the work takes. */
export async function seconds(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** The last line of a benchmark. */
export const report = (fields) => console.log(JSON.stringify({ ...fields, ratio: Number((fields.value / fields.floor).toFixed(3)) }));
