/*
 * Checks of an entitlement a second and their latency, over HTTP with the key's authentication, for accounts at random; the floor is a bare
 * Fastify route that answers the same row by one prepared look-up on a pool of the same size, without authentication. The load comes from
 * another process, by turns to both.
 */
import { fork } from 'node:child_process';
import autocannon from 'autocannon';
import Fastify from 'fastify';
import pg from 'pg';
import { accountIdFor } from '../dist/src/common/ids.js';
import { report, withService } from './service.mjs';

const ACCOUNTS = 50_000;
const CONNECTIONS = 16;
const SECONDS = Number(process.argv[2] ?? 8);
const ROUNDS = 3;
const POOL = 10;

/** In the process of the load: one round against one address. */
if (process.argv[2] === 'load') {
  const { url, path, headers } = JSON.parse(process.argv[3]);
  const keyOf = () => `a${Math.floor(Math.random() * ACCOUNTS)}`;
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: Number(process.argv[4]),
    requests: [{ method: 'GET', headers, setupRequest: (request) => ({ ...request, path: path.replace('{key}', keyOf()) }) }],
  });
  process.send({
    rate: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failed: result.non2xx + result.errors,
  });
  process.exit(0);
}

const load = (target, seconds = SECONDS) =>
  new Promise((resolve, reject) => {
    const child = fork(process.argv[1], ['load', JSON.stringify(target), String(seconds)]);
    child.on('message', resolve);
    child.on('error', reject);
  });

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

await withService({ ROLE: 'api', DATABASE_POOL: String(POOL) }, async ({ call, pool, base, key }) => {
  await call('PUT', '/v2/features/repos', { name: 'Repositories', kind: 'limit' });
  await call('PUT', '/v2/plans/small', {
    name: 'Small',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    entitlements: { repos: { limit: 10 } },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.00' }],
  });
  await call('PUT', '/v2/accounts/a0', { kind: 'user', name: 'A', currency: 'USD' });
  await call('POST', '/v2/subscriptions', { account: 'a0', plan: 'small' });
  const keys = Array.from({ length: ACCOUNTS - 1 }, (_, i) => `a${i + 1}`);
  await pool.query(
    `insert into entitlement (account_id, revision, valid_until, answer, used)
     select id, e.revision, e.valid_until, replace(e.answer, '"a0"', '"' || key || '"'), e.used
     from unnest($1::uuid[], $2::text[]) as a(id, key), entitlement e where e.account_id = $3`,
    [keys.map(accountIdFor), keys, accountIdFor('a0')],
  );
  await pool.query('vacuum analyze entitlement');

  const floorPool = new pg.Pool({ connectionString: pool.options.connectionString, max: POOL });
  floorPool.on('error', () => undefined);
  const floor = Fastify();
  floor.get('/:key', async (request) => {
    const { rows } = await floorPool.query({
      name: 'row',
      text: 'select revision, valid_until, answer, used from entitlement where account_id = $1',
      values: [accountIdFor(request.params.key)],
    });
    return rows[0];
  });
  const floorBase = await floor.listen({ port: 0, host: '127.0.0.1' });

  const check = { url: base, path: '/v2/accounts/{key}/entitlements/repos?quantity=3', headers: { authorization: `Bearer ${key}` } };
  const bare = { url: floorBase, path: '/{key}', headers: {} };
  for (const target of [check, bare]) await load(target, 2); // warms both up
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push({ check: await load(check), bare: await load(bare) });
  await floor.close();
  await floorPool.end();
  for (const { check: one, bare: other } of rounds) console.log('check', JSON.stringify(one), 'floor', JSON.stringify(other));
  report({
    bench: 'entitlements',
    unit: 'requests/s',
    value: Math.round(mean(rounds.map((round) => round.check.rate))),
    floor: Math.round(mean(rounds.map((round) => round.bare.rate))),
    p50Ms: median(rounds.map((round) => round.check.p50)),
    p99Ms: median(rounds.map((round) => round.check.p99)),
    floorP50Ms: median(rounds.map((round) => round.bare.p50)),
    floorP99Ms: median(rounds.map((round) => round.bare.p99)),
    accounts: ACCOUNTS,
    connections: CONNECTIONS,
    failed: rounds.reduce((sum, round) => sum + round.check.failed + round.bare.failed, 0),
  });
});
