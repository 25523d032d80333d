import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
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
  const embedded = await startEmbedded({ dir, settings: { max_wal_size: '4GB', shared_buffers: '512MB' } });
  const pool = new pg.Pool({ connectionString: embedded.url, max: 4 });
  pool.on('error', () => undefined); // an idle connection that the stopping database closes
  try {
    await migrate(embedded.url);
    const app = await createApp(readConfig({ DATABASE_URL: embedded.url, DATA_DIR: dir, LOG_LEVEL: 'error', METRICS_PORT: '0', ...env }));
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

/** Seconds that the work takes. */
export async function seconds(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** The last line of a benchmark. */
export const report = (fields) => console.log(JSON.stringify({ ...fields, ratio: Number((fields.value / fields.floor).toFixed(3)) }));
