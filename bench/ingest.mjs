/*
 * Events a second over HTTP, durable, each stored once and counted: batches of 1,000 from 4 connections, 20 % of them sent before, for a meter
 * that is added up and for one that keeps levels. In the same run, and in turn with it:
 *   floor          the same rows through the same statements, without HTTP, JSON and checks
 *   physicalFloor  the leanest statement that still stores each event once: what it says, in a table with one key, and no more
 *   oneByOne       what one would write first: an entity saved by itself for each event
 * Also: single events, 32 at a time; and with --memory the resident memory of the service at 1 and at 5 million events.
 */
import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';
import { instantArray, textArray, uuidArray } from '../dist/src/common/database/arrays.js';
import { Database } from '../dist/src/common/database/database.js';
import { accountIdFor } from '../dist/src/common/ids.js';
import { dataSourceOptions } from '../dist/src/data-source.js';
import { parseInstant } from '../dist/src/domain/instant.js';
import { measureOf } from '../dist/src/domain/metering/measures.js';
import { storeEvents } from '../dist/src/usage/intake/store-events.js';
import { SHARE_INGEST } from '../dist/src/usage/late-marks.js';
import { countLevels } from '../dist/src/usage/rollups/count-levels.js';
import { median, percentile, report, seconds, withServiceProcess } from './service.mjs';

const EVENTS = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 100_000);
const BATCH = 1_000;
const CONNECTIONS = 4;
const ACCOUNTS = 1_000;
const ROUNDS = 3;
const REPEATED = 0.2;
const SINGLES = 20_000;
const SINGLES_AT_ONCE = 32;
const ONE_BY_ONE = 2_000;
const START = Date.now() - 40 * 86_400_000;

/** What two hands save at once only one of them may. */
const ifThere = (error) => {
  if (error.code !== '23505') throw error;
};

let made = 0;
/** Events of about 200 bytes, spread over accounts, in the order of their time; one in five was sent before. */
function batches(type, count) {
  const all = [];
  const fresh = [];
  for (let i = 0; i < count; i += 1) {
    const before = fresh.length > ACCOUNTS && i % 5 === 4;
    const event = before
      ? fresh[fresh.length - 1 - ((i * 7919) % ACCOUNTS)]
      : {
          specversion: '1.0',
          id: `event-${String(made).padStart(12, '0')}`,
          source: '//bench/nodes',
          type,
          subject: `account-${made % ACCOUNTS}`,
          time: new Date(START + made * 20).toISOString(),
          data: { node: `node-${(made % ACCOUNTS) + ACCOUNTS * (made % 3)}`, nodes: made % 50, region: 'eu-1' },
        };
    if (!before) {
      fresh.push(event);
      made += 1;
    }
    all.push(event);
  }
  return Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => all.slice(i * BATCH, (i + 1) * BATCH));
}

/** Several hands take from one list. */
async function spread(list, hands, work) {
  let next = 0;
  await Promise.all(
    Array.from({ length: hands }, async () => {
      while (next < list.length) await work(list[next++]);
    }),
  );
}

await withServiceProcess({ ROLE: 'api', DATABASE_POOL: '10' }, async ({ call, post, url, pool, rssKib }) => {
  const plain = { name: 'm', aggregation: 'sum', value: 'nodes', eventType: 'added' };
  await call('PUT', '/v2/meters/added', plain);
  const level = {
    name: 'm',
    aggregation: 'time_weighted',
    mode: 'level',
    unit: 'hour',
    value: 'nodes',
    resource: 'node',
    eventType: 'level',
  };
  await call('PUT', '/v2/meters/level', level);
  await pool.query(
    `insert into account (id, key, kind, name, currency, time_zone, provider, created_at, updated_at)
     select id, key, 'user', key, 'USD', 'UTC', 'manual', now(), now() from unnest($1::uuid[], $2::text[]) as a(id, key)`,
    [Array.from({ length: ACCOUNTS }, (_, i) => accountIdFor(`account-${i}`)), Array.from({ length: ACCOUNTS }, (_, i) => `account-${i}`)],
  );
  for (const name of ['added', 'level']) await post('/v2/usage/events', JSON.stringify({ events: batches(name, 10)[0] })); // both are in use
  await pool.query(`
    create table floor_event (
      account_id uuid not null, source text not null, id text not null, type text not null, at timestamptz not null, data jsonb not null,
      primary key (account_id, source, id))`);
  await pool.query(
    `create table saved_event (id text primary key, subject text not null, type text not null, at timestamptz not null, data jsonb not null)`,
  );

  const meters = (await pool.query('select id, key, definition from meter')).rows.map(({ id, key, definition }) => ({
    id,
    key,
    ...definition,
    inUse: true,
  }));
  const source = await new DataSource(dataSourceOptions({ url, poolMax: CONNECTIONS })).initialize();
  const database = new Database(source, { refresh: async () => undefined });

  const waits = { added: [], level: [] };
  async function overHttp(type) {
    const bodies = batches(type, EVENTS).map((events) => JSON.stringify({ events }));
    const took = await seconds(() =>
      spread(bodies, CONNECTIONS, async (body) => {
        const began = performance.now();
        await post('/v2/usage/events', body);
        waits[type].push(performance.now() - began);
      }),
    );
    return EVENTS / took;
  }
  async function sameStatements(type) {
    const meter = meters.find(({ key }) => key === type);
    const given = batches(type, EVENTS).map((events) =>
      events.map((event) => {
        const read = { ...event, time: parseInstant(event.time) };
        return { accountId: accountIdFor(event.subject), event: read, measures: [{ meter, measure: measureOf(meter, read) }] };
      }),
    );
    const took = await seconds(() =>
      spread(given, CONNECTIONS, (events) =>
        database.transaction(async (tx) => {
          await tx.query(SHARE_INGEST);
          const stored = await storeEvents(tx, events, parseInstant(new Date().toISOString()));
          await countLevels(tx, stored.events);
        }),
      ),
    );
    return EVENTS / took;
  }
  async function leanest() {
    const given = batches('lean', EVENTS).map((events) => [
      uuidArray(events.map((event) => accountIdFor(event.subject))),
      ...['source', 'id', 'type'].map((field) => textArray(events.map((event) => event[field]))),
      instantArray(events.map((event) => parseInstant(event.time))),
      events.map((event) => JSON.stringify(event.data)),
    ]);
    const text = `
      insert into floor_event select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[]) as e(account, source, id)
      order by account, source, id on conflict do nothing`;
    const took = await seconds(() => spread(given, CONNECTIONS, (values) => pool.query({ name: 'lean', text, values })));
    return EVENTS / took;
  }
  async function oneByOne() {
    const entity = new EntitySchema({
      name: 'saved_event',
      columns: {
        id: { type: 'text', primary: true },
        subject: { type: 'text' },
        type: { type: 'text' },
        at: { type: 'timestamptz' },
        data: { type: 'jsonb' },
      },
    });
    const saving = await new DataSource({
      type: 'postgres',
      url,
      entities: [entity],
      poolSize: CONNECTIONS,
      installExtensions: false,
    }).initialize();
    const rows = batches('saved', ONE_BY_ONE).flat();
    const took = await seconds(() =>
      spread(rows, CONNECTIONS, ({ id, subject, type, time, data }) =>
        saving
          .getRepository('saved_event')
          .save({ id, subject, type, at: new Date(time), data })
          .catch(ifThere),
      ),
    );
    await saving.destroy();
    return ONE_BY_ONE / took;
  }
  async function singles() {
    const bodies = batches('added', SINGLES)
      .flat()
      .map((event) => JSON.stringify(event));
    const took = await seconds(() =>
      spread(bodies, SINGLES_AT_ONCE, (body) => post('/v2/usage/events', body, 'application/cloudevents+json')),
    );
    return SINGLES / took;
  }

  await overHttp('added'); // warms all of it up
  waits.added.length = 0;
  const rates = { added: [], level: [], floor: [], levelFloor: [], physicalFloor: [], oneByOne: [], singles: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.added.push(await overHttp('added'));
    rates.floor.push(await sameStatements('added'));
    rates.physicalFloor.push(await leanest());
    rates.level.push(await overHttp('level'));
    rates.levelFloor.push(await sameStatements('level'));
    rates.oneByOne.push(await oneByOne());
    rates.singles.push(await singles());
    console.log(
      Object.entries(rates)
        .map(([name, values]) => `${name} ${Math.round(values.at(-1))}`)
        .join(', '),
    );
  }
  await source.destroy();
  const of = Object.fromEntries(Object.entries(rates).map(([name, values]) => [name, Math.round(median(values))]));

  const memory = {};
  if (process.argv.includes('--memory')) {
    let sent = 0;
    for (const millions of [1, 5]) {
      for (; sent < millions * 1_000_000; sent += EVENTS) await overHttp('added');
      memory[`rssMib${millions}M`] = Math.round((await rssKib()) / 1024);
    }
  }
  report({
    bench: 'ingest',
    unit: 'events/s',
    value: of.added,
    floor: of.floor,
    physicalFloor: of.physicalFloor,
    ofPhysicalFloor: Number((of.added / of.physicalFloor).toFixed(3)),
    oneByOne: of.oneByOne,
    level: of.level,
    levelFloor: of.levelFloor,
    singles: of.singles,
    batchP99Ms: Math.round(percentile(waits.added, 99)),
    levelBatchP99Ms: Math.round(percentile(waits.level, 99)),
    events: EVENTS,
    batch: BATCH,
    connections: CONNECTIONS,
    accounts: ACCOUNTS,
    repeated: REPEATED,
    ...memory,
  });
});
