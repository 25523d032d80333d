/*
 * Running totals where one account alone holds millions of events of the period and 999 others 1,000 each: what GET /v2/accounts/{key}/usage
 * takes for an account with a sum meter, a level meter and one with a free level, all three priced by the invoice's own code, and what metering
 * takes for each of them alone. The floor is one look-up of a row by its primary key in the same run. Then what the metering of a bill run costs for
 * an account with ten times the events over the same hours. Events are put into the tables by the service's own code.
 */
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { Database } from '../dist/src/common/database/database.js';
import { accountIdFor } from '../dist/src/common/ids.js';
import { dataSourceOptions } from '../dist/src/data-source.js';
import { formatInstant, parseInstant } from '../dist/src/domain/instant.js';
import { UsagePartitions } from '../dist/src/usage/intake/partitions.js';
import { answerMeter } from '../dist/src/usage/quantities/answer.js';
import { addUp, metersOf, storeAll } from './events.mjs';
import { median, percentile, report, withServiceProcess } from './service.mjs';

const LARGE = Number(process.argv[2] ?? 10_000_000);
const TENTH = LARGE / 10;
const OTHERS = 999;
const SMALL = 1_000;
const ASKED = 2_000;
const DAY = 86_400_000;
const NOW = parseInstant(new Date().toISOString());
const START = parseInstant(`${new Date(Date.now() - 29 * DAY).toISOString().slice(0, 13)}:00:00Z`);
const SETTLED = START + 28n * 24n * 3_600_000_000n;
/** Within an hour, whose events are then read one by one. */
const RAGGED = START + 1_397_000_000n;

const level = { aggregation: 'time_weighted', mode: 'level', unit: 'hour', value: 'nodes', resource: 'node' };
const METERS = { sum: { aggregation: 'sum', value: 'nodes' }, level, free: level };
const FREE = '100';

/** So many events of an account, evenly over the period, by 500 nodes that go up and down. */
function fill(database, meters, subject, count) {
  const step = (NOW - START) / BigInt(count);
  const toEvent = (i) => ({
    id: `e${i}`,
    source: 'bench',
    type: 'node.state',
    subject,
    time: START + BigInt(i) * step,
    data: { node: `n${(i * 7) % 500}`, nodes: i % 3 },
  });
  return storeAll(database, { count, now: NOW, meters, toEvent });
}

const timed = async (work) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

const others = Array.from({ length: OTHERS }, (_, i) => `other-${i}`);

await withServiceProcess({ ROLE: 'api' }, async ({ call, url, pool }) => {
  for (const [key, meter] of Object.entries(METERS)) {
    await call('PUT', `/v2/meters/${key}`, { name: key, eventType: 'node.state', ...meter });
    await call('PUT', `/v2/plans/${key}`, {
      name: key,
      product: key,
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: [
        {
          key: 'used',
          kind: 'metered',
          meter: key,
          model: 'per_unit',
          unitPrice: '0.01',
          ...(key === 'free' ? { freeConcurrent: FREE } : {}),
        },
      ],
    });
  }
  for (const account of ['large', 'tenth', ...others]) {
    await call('PUT', `/v2/accounts/${account}`, { kind: 'user', name: account, currency: 'USD', provider: 'manual' });
    for (const plan of Object.keys(METERS)) await call('POST', '/v2/subscriptions', { account, plan, startsAt: formatInstant(START) });
  }
  const meters = await metersOf(pool);
  const source = await new DataSource(dataSourceOptions({ url, poolMax: 4 })).initialize();
  const database = new Database(source, { refresh: async () => undefined });
  const ask = (key, account, { from = START, to = NOW } = {}) =>
    database.transaction((tx) =>
      answerMeter(
        tx,
        meters.find((meter) => meter.key === key),
        [{ meter: key, accountId: accountIdFor(account), from, to, ...(key === 'free' ? { freeConcurrent: FREE } : {}) }],
      ),
    );

  await new UsagePartitions({ now: () => NOW }, database).ensure([START, NOW].map((time) => ({ time, type: 'node.state' })));
  await fill(database, meters, 'large', LARGE);
  await fill(database, meters, 'tenth', TENTH);
  for (const account of others) await fill(database, meters, account, SMALL);
  await addUp(database);
  await source.query('vacuum analyze');
  await pool.query('create table floor (id uuid primary key, answer text not null)');
  await pool.query(`insert into floor select gen_random_uuid(), repeat('x', 100) from generate_series(1, 1000)`);
  const ids = (await pool.query('select id from floor')).rows.map(({ id }) => id);

  const waits = { floor: [], total: [], totalOfLarge: [], sum: [], level: [], free: [] };
  const measured = async (name, work) => waits[name].push(await timed(work));
  for (let i = -ASKED / 10; i < ASKED; i += 1) {
    if (i === 0) for (const list of Object.values(waits)) list.length = 0; // what came before warmed all of it up
    const isLarge = i % 100 === 0; // every hundredth, so that the p99 knows it
    const account = isLarge ? 'large' : others[Math.abs(i) % OTHERS];
    await measured('floor', () =>
      pool.query({ name: 'floor', text: 'select answer from floor where id = $1', values: [ids[Math.abs(i) % 1000]] }),
    );
    await measured('total', () => call('GET', `/v2/accounts/${account}/usage`));
    if (isLarge) waits.totalOfLarge.push(waits.total.at(-1));
    for (const key of Object.keys(METERS)) await measured(key, () => ask(key, account));
  }
  const billRun = {};
  for (const key of Object.keys(METERS)) {
    const [large, tenth, ragged] = [[], [], []];
    for (let i = 0; i < 21; i += 1) {
      tenth.push(await timed(() => ask(key, 'tenth', { to: SETTLED })));
      large.push(await timed(() => ask(key, 'large', { to: SETTLED })));
      ragged.push(await timed(() => ask(key, 'large', { from: RAGGED })));
    }
    billRun[`billRunTimes_${key}`] = Number((median(large) / median(tenth)).toFixed(2));
    billRun[`${key}RaggedLargeP50`] = Number(median(ragged).toFixed(2));
  }
  await source.destroy();
  const rounded = (value) => Number(value.toFixed(2));
  report({
    bench: 'usage',
    unit: 'ms',
    value: rounded(percentile(waits.total, 99)),
    floor: rounded(percentile(waits.floor, 99)),
    ...Object.fromEntries(
      Object.entries(waits).flatMap(([name, list]) => [
        [`${name}P50`, rounded(percentile(list, 50))],
        [`${name}P99`, rounded(percentile(list, 99))],
      ]),
    ),
    ...billRun,
    events: LARGE,
    accounts: OTHERS + 1,
  });
});
