import './typescript.mjs';
import { mkdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOM_BYTES = 2 ** 31;

/** A folder and a PostgreSQL for the run. */
export default async function setup() {
  const parent = inMemory() ?? tmpdir();
  const run = join(parent, `wharfage-test-${process.pid}`);
  const { startEmbedded, sweep } = await import('../../../src/common/database/embedded.ts');
  await sweep(parent, 'wharfage-test');
  mkdirSync(run);
  globalThis.__run = run;
  process.env.TEST_RUN_DIR = run; // workers are forked after this and inherit it
  if (process.env.TEST_DATABASE_URL) return;
  globalThis.__postgres = await startEmbedded({
    dir: run,
    wipe: true,
    detached: false,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200', autovacuum: 'off' },
  });
  process.env.TEST_DATABASE_URL = globalThis.__postgres.url;
}

/** A file system in memory, where there is one with room. Each test file has a fresh database of 600 files: ext4 is slow at making those where others were just removed. */
function inMemory() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize >= ROOM_BYTES ? '/dev/shm' : undefined;
  } catch {
    return undefined;
  }
}
