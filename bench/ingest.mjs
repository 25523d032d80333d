/* Events a second over HTTP, stored durably and once; the floor is the bare insert of like rows, without HTTP, checks or identities. */
import { report, seconds, withService } from './service.mjs';

const EVENTS = Number(process.argv[2] ?? 100_000);
const BATCH = 1_000;
const CONNECTIONS = 4;
const ACCOUNTS = 100;

const batches = Array.from({ length: EVENTS / BATCH }, (_, b) =>
  Array.from({ length: BATCH }, (_, i) => ({
    specversion: '1.0',
    id: `${b}-${i}`,
    source: 'bench',
    type: 'call',
    subject: `a${i % ACCOUNTS}`,
    time: new Date(Date.now() - (b * BATCH + i) * 10).toISOString(),
    data: { n: i % 50, region: 'eu' },
  })),
);

/** Takes batches off one list with several hands. */
async function spread(work) {
  let next = 0;
  const hand = async () => {
    while (next < batches.length) await work(batches[next++]);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, hand));
}

await withService({ ROLE: 'api' }, async ({ call, pool }) => {
  await call('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
  for (let i = 0; i < ACCOUNTS; i += 1)
    await call('PUT', `/v2/accounts/a${i}`, { kind: 'user', name: 'A', currency: 'USD', timeZone: 'UTC' });
  const bodies = new Map(batches.map((events) => [events, JSON.stringify({ events })]));
  const took = await seconds(() => spread((events) => call('POST', '/v2/usage/events', bodies.get(events))));
  await pool.query('create table floor_event (like usage_event including all)');
  const floor = await seconds(() =>
    spread((events) =>
      pool.query({
        name: 'floor',
        text: `insert into floor_event (account_id, event_time, event_seq, source, id, type, sequence, data, received_at)
               select gen_random_uuid(), t, nextval('usage_event_seq'), 'bench', id, 'call', '', d, now() from unnest($1::text[], $2::timestamptz[], $3::jsonb[]) as e(id, t, d)`,
        values: [events.map((e) => e.id), events.map((e) => e.time), events.map((e) => JSON.stringify(e.data))],
      }),
    ),
  );
  report({
    bench: 'ingest',
    unit: 'events/s',
    value: Math.round(EVENTS / took),
    floor: Math.round(EVENTS / floor),
    events: EVENTS,
    batch: BATCH,
    connections: CONNECTIONS,
  });
});
