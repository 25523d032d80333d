/*
 * A month closed for very many accounts: 70 % flat; 30 % metered, half of them by a sum, half by a level of which one is free at any moment. The run is
 * a process of its own, whose peak memory is told. The floor is the insert of the same rows, of every table that the run wrote to, into tables like
 * them. Measured for a tenth of the accounts too, and once more, on a copy of the same database, by two processes at once.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Database } from '../dist/src/common/database/database.js';
import { startEmbedded } from '../dist/src/common/database/embedded.js';
import { accountIdFor, newId } from '../dist/src/common/ids.js';
import { createApp } from '../dist/src/app.module.js';
import { ApiKeysService } from '../dist/src/common/api-keys/api-keys.service.js';
import { readConfig } from '../dist/src/config.js';
import { dataSourceOptions } from '../dist/src/data-source.js';
import { parseInstant } from '../dist/src/domain/instant.js';
import { migrate } from '../dist/src/migrate.js';
import { UsagePartitions } from '../dist/src/usage/intake/partitions.js';
import { addUp, metersOf, storeAll } from './events.mjs';
import { report, seconds, SETTINGS } from './service.mjs';

/** As `npm start` has it. */
const NODE_FLAGS = ['--max-semi-space-size=64'];
const ACCOUNTS = Number(process.argv[2] ?? 100_000);
const EVENTS = Number(process.argv[3] ?? ACCOUNTS * 100);
const [STARTS, ENDS] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'];
const START = parseInstant(STARTS);
const LENGTH = parseInstant(ENDS) - START;

/** What a run inserts into. */
const WRITTEN = [
  'invoice',
  'invoice_line',
  'invoice_number',
  'invoice_settlement',
  'journal_entry',
  'posting',
  'revenue_line',
  'audit_entry',
];

const flat = { key: 'base', kind: 'recurring', model: 'flat', amount: '12.34' };
const metered = (meter, more) => ({ key: 'used', kind: 'metered', meter, model: 'per_unit', unitPrice: '0.02', ...more });
const PLANS = {
  flat: [flat],
  requests: [metered('requests')],
  nodes: [metered('nodes', { freeConcurrent: '1' })],
};
const METERS = {
  requests: { eventType: 'request', aggregation: 'sum', value: 'amount' },
  nodes: { eventType: 'node', aggregation: 'time_weighted', mode: 'level', unit: 'hour', value: 'nodes', resource: 'node' },
};
/** Of ten accounts in a row seven are flat; of the other three, every second is metered by a sum. */
const planOf = (i) => (i % 10 < 7 ? 'flat' : i % 2 === 0 ? 'requests' : 'nodes');

const dir = mkdtempSync(join(tmpdir(), 'wharfage-bench-'));
const embedded = await startEmbedded({ dir, settings: SETTINGS });
const urlOf = (database) => Object.assign(new URL(embedded.url), { pathname: `/${database}` }).href;
const environment = (database) => ({
  DATABASE_URL: urlOf(database),
  DATA_DIR: dir,
  LOG_LEVEL: 'error',
  METRICS_PORT: '0',
  ROLE: 'api',
  BILLING_AUTO: 'off',
});

async function withPool(database, work) {
  const pool = new pg.Pool({ connectionString: urlOf(database), max: 2 });
  pool.on('error', () => undefined);
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** Plans, meters, accounts, subscriptions since the start, the first period of the flat ones billed, and the usage of the month. */
async function prepare(database, accounts, events) {
  await withPool('postgres', (pool) => pool.query(`create database ${database}`));
  await migrate(urlOf(database));
  await withPool(database, async (pool) => {
    await define(database);
    await subscribe(pool, accounts);
    await billed(database, STARTS, 1);
    await use(pool, database, { accounts, events });
    await pool.query('vacuum analyze');
  });
}

async function define(database) {
  const app = await createApp(readConfig(environment(database)));
  await app.listen(0, '127.0.0.1');
  const key = await app.get(ApiKeysService).bootstrap();
  const base = await app.getUrl();
  const put = async (path, body) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const reply = await fetch(`${base}/v2/${path}`, { method: 'PUT', headers, body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  };
  for (const [name, meter] of Object.entries(METERS)) await put(`meters/${name}`, { name, ...meter });
  for (const [name, prices] of Object.entries(PLANS))
    await put(`plans/${name}`, { name, product: name, currency: 'USD', interval: { unit: 'month', count: 1 }, prices });
  await app.close();
}

async function subscribe(pool, accounts) {
  const all = Array.from({ length: accounts }, (_, i) => ({ key: `a${i}`, id: accountIdFor(`a${i}`), plan: planOf(i) }));
  const payloadOf = (plan) => ({ plan, planVersion: 1, quantities: {}, timeZone: 'UTC', alignment: 'anniversary', ...NOTHING_SPECIAL });
  await pool.query(
    `with g as materialized (select * from unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[]) as g(id, key, sub, payload)),
       a as (insert into account (id, key, kind, name, currency, time_zone, provider, created_at, updated_at) select id, key, 'user', key, 'USD', 'UTC', 'manual', $5, $5 from g),
       s as (insert into subscription (account_id, id, starts_at, revision, created_at) select id, sub, $5, 1, $5 from g),
       b as (insert into billing_state (account_id, next_due) select id, $5 from g)
     insert into subscription_change (account_id, subscription_id, seq, kind, effective_at, recorded_at, payload) select id, sub, 1, 'started', $5, $5, payload from g`,
    [
      all.map(({ id }) => id),
      all.map(({ key }) => key),
      all.map(({ id }) => newId('sub', 0n, id)),
      all.map(({ plan }) => JSON.stringify(payloadOf(plan))),
      STARTS,
    ],
  );
}

const NOTHING_SPECIAL = { anchorAt: null, trialEndsAt: null, overrides: null, coupon: null, addOnTo: null, paidThroughAt: null };

/** Evenly over the month and the metered accounts; each of them has two nodes that go up and down. */
async function use(pool, database, { accounts, events }) {
  const source = await new DataSource(dataSourceOptions({ url: urlOf(database), poolMax: 2 })).initialize();
  const store = new Database(source, { refresh: async () => undefined });
  const metered = Array.from({ length: accounts }, (_, i) => i).filter((i) => planOf(i) !== 'flat');
  await new UsagePartitions({ now: () => START }, store).ensure(
    Object.values(METERS).map(({ eventType: type }) => ({ time: START, type })),
  );
  const toEvent = (i) => {
    const account = metered[i % metered.length];
    const turn = Math.floor(i / metered.length);
    const time = START + (LENGTH * BigInt(i)) / BigInt(events);
    const of = { id: `e${i}`, source: 'bench', subject: `a${account}`, time };
    return planOf(account) === 'requests'
      ? { ...of, type: 'request', data: { amount: 1 + (turn % 100) } }
      : { ...of, type: 'node', data: { node: `n${turn % 2}`, nodes: turn % 3 } };
  };
  await storeAll(store, { count: events, now: START + LENGTH, meters: await metersOf(pool), toEvent });
  await addUp(store);
  await source.destroy();
}

/** A run by some processes at once: how long from the first's start to the last's end. */
async function billed(database, asOf, processes) {
  const children = Array.from({ length: processes }, () =>
    fork(new URL('./bill-run-worker.mjs', import.meta.url), { execArgv: NODE_FLAGS, env: { ...process.env, ...environment(database) } }),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const answers = children.map((child) => once(child, 'message'));
  const ends = children.map((child) => once(child, 'exit'));
  for (const child of children) child.send(asOf);
  const results = (await Promise.all(answers)).map(([result]) => result);
  await Promise.all(ends);
  return {
    took: Math.max(...results.map(({ took }) => took)),
    invoices: results.reduce((sum, { invoices }) => sum + invoices, 0),
    parked: results.reduce((sum, { parked }) => sum + parked, 0),
    peakMib: Math.round(Math.max(...results.map(({ peakKib }) => peakKib)) / 1024),
  };
}

/** What was billed, but for what the order of the numbers gave: the same for whoever billed it. */
const totals = (database) =>
  withPool(database, async (pool) => {
    const { rows } = await pool.query(
      `select count(*)::int as invoices, md5(string_agg(account_id || ' ' || as_of || ' ' || total_minor || ' ' || due_minor, ',' order by account_id, as_of)) as digest,
         (select sum(amount_minor)::text from invoice_line) as lines, (select sum(amount_minor)::text from posting) as postings from invoice`,
    );
    return JSON.stringify(rows[0]);
  });

/** Invoices a second where their rows, and all that come with them, are inserted alone: with constraints and indexes, without triggers. */
const floorOf = (database) =>
  withPool(database, async (pool) => {
    for (const table of WRITTEN) await pool.query(`create table floor_${table} (like ${table} including all)`);
    const { rows: named } = await pool.query(
      `select table_name as "table", string_agg(quote_ident(column_name), ', ') as columns from information_schema.columns
       where table_name = any($1) and is_generated = 'NEVER' group by table_name`,
      [WRITTEN],
    );
    const given = new Map(named.map(({ table, columns }) => [table, columns]));
    const took = await seconds(async () => {
      for (const table of WRITTEN) {
        const columns = given.get(table);
        await pool.query(`insert into floor_${table} (${columns}) overriding system value select ${columns} from ${table}`);
      }
    });
    const { rows } = await pool.query('select count(*)::int as n from floor_invoice');
    return rows[0].n / took;
  });

try {
  const sizes = [
    { database: 'tenth', accounts: ACCOUNTS / 10, events: EVENTS / 10 },
    { database: 'whole', accounts: ACCOUNTS, events: EVENTS },
  ];
  for (const { database, accounts, events } of sizes) {
    console.log(
      `${database}: ${accounts} accounts, ${events} events; filled in ${(await seconds(() => prepare(database, accounts, events))).toFixed(0)} s`,
    );
  }
  await withPool('postgres', (pool) => pool.query('create database two template whole'));
  const tenth = await billed('tenth', ENDS, 1);
  const one = await billed('whole', ENDS, 1);
  const two = await billed('two', ENDS, 2);
  const [ofOne, ofTwo] = [await totals('whole'), await totals('two')];
  if (ofOne !== ofTwo) throw new Error(`one process billed ${ofOne}, two billed ${ofTwo}`);
  if (one.invoices !== ACCOUNTS || one.parked + two.parked > 0) throw new Error(`not all were billed: ${JSON.stringify([one, two])}`);
  const each = ({ took, invoices }) => (took / invoices) * 1e6;
  report({
    bench: 'bill-run',
    unit: 'invoices/s',
    value: Math.round(one.invoices / one.took),
    floor: Math.round(await floorOf('whole')),
    accounts: ACCOUNTS,
    events: EVENTS,
    tenth: Math.round(tenth.invoices / tenth.took),
    timesOfTenth: Number((each(one) / each(tenth)).toFixed(3)),
    twoProcesses: Math.round(two.invoices / two.took),
    peakMib: one.peakMib,
  });
} finally {
  await embedded.stop();
  rmSync(dir, { recursive: true, force: true });
}
