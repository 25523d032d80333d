import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformFile } from '@swc/core';

/** One PostgreSQL for the run. Node 20 cannot import TypeScript, and jest's ESM hooks do not reach files that global setup imports. */
export default async function setup() {
  if (process.env.TEST_DATABASE_URL) return;
  const { code } = await transformFile('src/common/database/embedded.ts', {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  const out = join(process.cwd(), 'node_modules/.cache/wharfage/embedded.mjs');
  mkdirSync(join(out, '..'), { recursive: true });
  writeFileSync(out, code);
  const { startEmbedded, sweep } = await import(pathToFileURL(out).href);
  await sweep('wharfage-test');
  globalThis.__postgres = await startEmbedded({
    dir: join(tmpdir(), `wharfage-test-${process.pid}`),
    wipe: true,
    detached: false,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200', autovacuum: 'off' },
  });
  process.env.TEST_DATABASE_URL = globalThis.__postgres.url; // workers are forked after this and inherit it
}
