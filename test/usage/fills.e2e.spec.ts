import { Database } from '../../src/common/database/database.js';
import { FillMeters } from '../../src/usage/fills/fill-meters.js';
import { CorrectEvents } from '../../src/usage/corrections/correct-events.js';
import { SYSTEM } from '../../src/common/actor.js';
import { TestApp } from '../support/app.js';
import { meteredStory } from '../support/metered-story.js';

let wharfage: TestApp;
const { account, meter, plan, call, eventId, used, invoices } = meteredStory(() => wharfage);
afterEach(() => wharfage.close());

const start = async (role: 'all' | 'api'): Promise<void> => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { ROLE: role } });
  await meter('calls', {});
};
const T = '2025-12-31T00:00:00Z';
const isFilling = async (key: string): Promise<boolean> => (await wharfage.ok('GET', `/v2/meters/${key}`)).filling;

async function untilFilled(key: string): Promise<void> {
  while (await isFilling(key)) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('a new meter counts earlier events once a worker has added them, and cannot be priced before', async () => {
  await start('api');
  await account('acme');
  await wharfage.report([call('a', 'acme', '2025-12-10T00:00:00Z', 5), call('b', 'acme', '2025-12-11T00:00:00Z', 2)]);
  expect(await meter('other', { eventType: 'unheard' })).toMatchObject({ filling: false, inUse: false });
  expect(await meter('late', { aggregation: 'max' })).toMatchObject({ filling: true, inUse: false });
  expect(await isFilling('late')).toBe(true);
  expect(
    await wharfage.call('PUT', '/v2/plans/p', {
      name: 'p',
      product: 'p',
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: [{ key: 'x', kind: 'metered', meter: 'late', model: 'per_unit', unitPrice: '1.00' }],
    }),
  ).toMatchObject({ status: 409, body: { code: 'meter_filling' } });
  await wharfage.app.get(FillMeters).run('late');
  expect([await isFilling('late'), await used('late', 'acme')]).toEqual([false, '5']);
  expect(await wharfage.call('PUT', '/v2/meters/late', { name: 'l', eventType: 'call', aggregation: 'min', value: 'n' })).toMatchObject({
    status: 409,
    body: { code: 'meter_in_use' },
  });
  await wharfage.report([call('c', 'acme', '2025-12-12T00:00:00Z', 1)]);
  await plan('p', 'late');
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'p', startsAt: '2025-12-01T00:00:00Z' });
  expect((await invoices('acme')).map(({ total }) => total)).toEqual(['5.00']);
});

test('what is voided while a meter is being filled is not counted, whether the meter had come to it or not', async () => {
  await start('api');
  await account('acme');
  for (const n of [1, 2, 3]) await wharfage.report([call(`e${String(n)}`, 'acme', T, n)]);
  await meter('late-sum', {});
  await meter('late-min', { aggregation: 'min' });
  const fill = wharfage.app.get(FillMeters);
  for (const key of ['late-sum', 'late-min']) {
    await fill.chunk(key, 1);
    expect(await used(key, 'acme')).toBe('1');
  }
  for (const id of ['e1', 'e2']) await wharfage.ok('POST', `/v2/usage/events/${await eventId('acme', id)}/void`, { reason: 'wrong' });
  for (const key of ['late-sum', 'late-min']) {
    await fill.run(key);
    const { data } = await wharfage.ok(
      'GET',
      `/v2/usage/query?meter=${key}&account=acme&from=2025-12-30T00:00:00Z&to=2026-01-01T00:00:00Z`,
    );
    expect([key, data]).toEqual([key, [{ group: {}, quantity: '3', events: 1 }]]);
  }
});

test('a worker does it by itself, and a meter that is defined anew begins anew', async () => {
  await start('all');
  await account('acme');
  await wharfage.report([call('a', 'acme', T, 5), { ...call('b', 'acme', T, 3), data: { n: 3, kind: 'x' } }]);
  await meter('late', { filter: { kind: ['nothing'] } });
  await meter('late', { filter: { kind: ['x'] } });
  await untilFilled('late');
  expect(await used('late', 'acme')).toBe('3');
});

test('a new definition of a type that nothing was reported of has nothing to add', async () => {
  await start('api');
  await account('acme');
  await wharfage.report([call('a', 'acme', T, 5)]);
  expect(await meter('late', { filter: { kind: ['x'] } })).toMatchObject({ filling: true });
  expect(await meter('late', { eventType: 'unheard' })).toMatchObject({ filling: false });
  await wharfage.app.get(FillMeters).run('late');
  expect(await used('late', 'acme')).toBe('0');
});

test('overrides of a price cannot name a meter that is being filled', async () => {
  await start('api');
  await account('acme');
  await plan('calling', 'calls');
  await wharfage.report([call('a', 'acme', T, 5)]);
  await wharfage.source.query(`update meter set filled_at = null where key = 'calls'`);
  await wharfage.source.query(`update catalog_revision set revision = revision + 1 where catalog = 'meters'`);
  const overrides = { prices: [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '2.00' }] };
  expect(await wharfage.call('POST', '/v2/subscriptions', { account: 'acme', plan: 'calling', overrides })).toMatchObject({
    status: 409,
    body: { code: 'meter_filling' },
  });
});

test('events that are reported while a meter is defined, filled twice at once and corrected count once', async () => {
  await start('api');
  const accounts = ['a', 'b', 'c'];
  for (const key of accounts) await account(key);
  const events = accounts.flatMap((key) =>
    Array.from({ length: 200 }, (_, i) =>
      call(`e${String(i)}`, key, `2025-12-31T00:${String(i % 60).padStart(2, '0')}:00Z`, 1, { node: `n${String(i % 7)}` }),
    ),
  );
  const levels = { aggregation: 'time_weighted', resource: 'node', mode: 'level', unit: 'minute' };
  let defined = false;
  const reporting = (async () => {
    for (let i = 0; i < events.length; i += 10) await wharfage.report(events.slice(i, i + 10));
  })();
  const more = (async () => {
    for (let i = events.length - 5; i >= 0; i -= 35) await wharfage.report(events.slice(i, i + 5));
  })();
  const defining = (async () => {
    await meter('late-sum', {});
    await meter('late-min', { aggregation: 'min' });
    await meter('late-level', levels);
    defined = true;
  })();
  const voiding = (async () => {
    const correct = wharfage.app.get(CorrectEvents);
    await defining;
    for (const key of accounts)
      for (let i = 0; i < 6; i += 1) {
        await wharfage.report([
          call(`e${String(i * 9)}`, key, `2025-12-31T00:${String((i * 9) % 60).padStart(2, '0')}:00Z`, 1, {
            node: `n${String((i * 9) % 7)}`,
          }),
        ]);
        const evt = await eventId(key, `e${String(i * 9)}`);
        await wharfage.app.get(Database).transaction((tx) => correct.void(tx, SYSTEM, evt, 'wrong'));
      }
  })();
  await defining;
  const fill = wharfage.app.get(FillMeters);
  const filling = ['late-sum', 'late-min', 'late-level'].flatMap((key) =>
    [7, 13].map(async (limit) => {
      while (await fill.chunk(key, limit));
    }),
  );
  await Promise.all([reporting, more, voiding, ...filling]);
  expect(defined).toBe(true);
  await meter('after-level', levels);
  await fill.run('after-level');
  for (const key of accounts) {
    expect([key, await used('calls', key), await used('late-sum', key), await used('late-min', key)]).toEqual([key, '194', '194', '1']);
    const [late, afterwards] = await Promise.all(
      ['late-level', 'after-level'].map((one) =>
        wharfage.ok('GET', `/v2/usage/query?meter=${one}&account=${key}&from=2025-12-01T00:00:00Z&to=2026-01-01T00:00:00Z`),
      ),
    );
    expect(late.data).toEqual(afterwards.data);
    expect(late.data[0].events).toBe(194);
  }
}, 60_000);
