/*
 * Running totals where one account alone holds millions of events of the period and 999 others 1,000 each: for a sum meter, a level meter, and
 * one with a free level. The floor is one look-up of a row by its primary key, by the same connections in the same run. Then what the metering of
 * a bill run costs for an account with ten times the events over the same hours. Events are put into the tables by the service's own code.
 */
import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Database } from '../dist/src/common/database/database.js';
import { startEmbedded } from '../dist/src/common/database/embedded.js';
import { accountIdFor } from '../dist/src/common/ids.js';
import { dataSourceOptions } from '../dist/src/data-source.js';
import { parseInstant } from '../dist/src/domain/instant.js';
import { measureOf } from '../dist/src/domain/metering/measures.js';
import { migrate } from '../dist/src/migrate.js';
import { UsagePartitions } from '../dist/src/usage/intake/partitions.js';
import { storeEvents } from '../dist/src/usage/intake/store-events.js';
import { answerMeter } from '../dist/src/usage/quantities/answer.js';
import { compact } from '../dist/src/usage/rollups/compact.js';
import { countLevels } from '../dist/src/usage/rollups/count-levels.js';
import { median, percentile, report, SETTINGS } from './service.mjs';

const LARGE = Number(process.argv[2] ?? 10_000_000);
const TENTH = LARGE / 10;
const OTHERS = 999;
const SMALL = 1_000;
const BATCH = 5_000;
const ASKED = 2_000;
const START = parseInstant('2026-01-01T00:00:00Z');
const NOW = parseInstant('2026-01-30T17:23:45.678Z');

const METERS = [
  { id: 1, key: 'sum', aggregation: 'sum', value: 'nodes' },
  { id: 2, key: 'level', aggregation: 'time_weighted', mode: 'level', unit: 'hour', value: 'nodes', resource: 'node' },
].map((meter) => ({ name: meter.key, eventType: 'node.state', inUse: true, filling: false, ...meter }));
const ASKS = [
  { name: 'sum', meter: METERS[0] },
  { name: 'level', meter: METERS[1] },
  { name: 'free', meter: METERS[1], freeConcurrent: '100' },
];

const dir = mkdtempSync(join(tmpdir(), 'wharfage-bench-'));
const embedded = await startEmbedded({ dir, settings: { ...SETTINGS, synchronous_commit: 'off' } });
await migrate(embedded.url);
const source = await new DataSource(dataSourceOptions({ url: embedded.url, poolMax: 4 })).initialize();
const database = new Database(source, { refresh: async () => undefined });
const pool = new pg.Pool({ connectionString: embedded.url, max: 1 });
pool.on('error', () => undefined);

/** So many events of an account, evenly over the period, by 500 nodes that go up and down. */
async function fill(subject, count) {
  const accountId = accountIdFor(subject);
  const step = (NOW - START) / BigInt(count);
  for (let from = 0; from < count; from += BATCH) {
    const events = Array.from({ length: Math.min(BATCH, count - from) }, (_, j) => {
      const i = from + j;
      const event = {
        id: `e${i}`,
        source: 'bench',
        type: 'node.state',
        subject,
        time: START + BigInt(i) * step,
        data: { node: `n${(i * 7) % 500}`, nodes: i % 3 },
      };
      return { accountId, event, measures: METERS.map((meter) => ({ meter, measure: measureOf(meter, event) })) };
    });
    await database.transaction(async (tx) => {
      const stored = await storeEvents(tx, events, NOW);
      await countLevels(tx, stored.events);
    });
    if ((from / BATCH) % 20 === 19) await addUp();
  }
}

async function addUp() {
  while ((await database.transaction((tx) => compact(tx, 50_000))).more);
}

const ask = ({ meter, freeConcurrent }, subject, to = NOW) =>
  database.transaction((tx) =>
    answerMeter(tx, meter, [
      { meter: meter.key, accountId: accountIdFor(subject), from: START, to, ...(freeConcurrent === undefined ? {} : { freeConcurrent }) },
    ]),
  );

const timed = async (work) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

try {
  await new UsagePartitions(database).ensure([START]);
  await fill('large', LARGE);
  await fill('tenth', TENTH);
  for (let i = 0; i < OTHERS; i += 1) await fill(`other-${i}`, SMALL);
  await addUp();
  await source.query('vacuum analyze');
  await pool.query('create table floor (id uuid primary key, answer text not null)');
  await pool.query(`insert into floor select gen_random_uuid(), repeat('x', 100) from generate_series(1, 1000)`);
  const ids = (await pool.query('select id from floor')).rows.map(({ id }) => id);

  const floor = [];
  const waits = Object.fromEntries(ASKS.map(({ name }) => [name, []]));
  const ofLarge = Object.fromEntries(ASKS.map(({ name }) => [name, []]));
  for (let i = 0; i < ASKED; i += 1) {
    const large = i % 100 === 0; // every hundredth, so that the p99 knows it
    floor.push(await timed(() => pool.query({ name: 'floor', text: 'select answer from floor where id = $1', values: [ids[i % 1000]] })));
    for (const one of ASKS) {
      const took = await timed(() => ask(one, large ? 'large' : `other-${i % OTHERS}`));
      waits[one.name].push(took);
      if (large) ofLarge[one.name].push(took);
    }
  }
  const billRun = {};
  for (const one of ASKS) {
    const [large, tenth] = [[], []];
    for (let i = 0; i < 21; i += 1) {
      tenth.push(await timed(() => ask(one, 'tenth', START + 700n * 3_600_000_000n)));
      large.push(await timed(() => ask(one, 'large', START + 700n * 3_600_000_000n)));
    }
    billRun[`billRunTimes_${one.name}`] = Number((median(large) / median(tenth)).toFixed(2));
  }
  const all = ASKS.flatMap(({ name }) => waits[name]);
  const rounded = (value) => Number(value.toFixed(2));
  report({
    bench: 'usage',
    unit: 'ms',
    value: rounded(percentile(all, 99)),
    floor: rounded(percentile(floor, 99)),
    ...Object.fromEntries(
      ASKS.flatMap(({ name }) => [
        [`${name}P50`, rounded(percentile(waits[name], 50))],
        [`${name}P99`, rounded(percentile(waits[name], 99))],
        [`${name}LargeP99`, rounded(percentile(ofLarge[name], 99))],
      ]),
    ),
    ...billRun,
    events: LARGE,
    accounts: OTHERS + 1,
  });
} finally {
  await pool.end();
  await source.destroy();
  await embedded.stop();
  rmSync(dir, { recursive: true, force: true });
}
