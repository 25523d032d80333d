import { parseInstant } from '../../src/domain/instant.js';
import { Clock } from '../../src/common/clock.js';
import { UsagePartitions } from '../../src/usage/intake/partitions.js';
import { TestApp } from '../support/app.js';
import { meteredStory } from '../support/metered-story.js';

let wharfage: TestApp;
const { account, meter, call } = meteredStory(() => wharfage);
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-31T23:59:00Z', env: { ROLE: 'api' } });
}, 30_000);
afterAll(() => wharfage.close());

const partitions = async (): Promise<string[]> =>
  (
    await wharfage.source.query<{ name: string }[]>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'usage_event'::regclass order by 1`,
    )
  ).map(({ name }) => name);

test('a service that starts has made the partitions of its month and of the next two', async () => {
  const later = await TestApp.start({ now: '2026-01-31T23:59:00Z', env: { ROLE: 'api', DATABASE_URL: wharfage.url } });
  await later.close();
  expect(await partitions()).toEqual(expect.arrayContaining(['usage_event_2026_01', 'usage_event_2026_02', 'usage_event_2026_03']));
});

test('at the turn of a month an event finds its partition, and waits for nobody who reads the table', async () => {
  await account('turn');
  await meter('calls', {});
  await wharfage.app.get(Clock).set(parseInstant('2026-03-01T00:00:00Z'), '2026-03-01T00:00:00Z');
  const before = await partitions();
  const reader = wharfage.source.createQueryRunner();
  await reader.startTransaction();
  try {
    await reader.query('lock table usage_event in share update exclusive mode'); // what attaching a partition takes, too
    expect(await wharfage.report([call('first', 'turn', '2026-03-01T00:00:00Z', 1)])).toMatchObject({ accepted: 1 });
  } finally {
    await reader.rollbackTransaction();
    await reader.release();
  }
  expect(await partitions()).toEqual(before);
  await wharfage.app.get(UsagePartitions).createAhead();
  expect(await partitions()).toEqual([...before, 'usage_event_2026_04', 'usage_event_2026_05'].sort());
  await wharfage.app.get(UsagePartitions).createAhead();
});

test('a month long past has a partition from its first event on', async () => {
  await account('past');
  expect(await wharfage.report([call('old', 'past', '2019-07-04T00:00:00Z', 1)])).toMatchObject({ accepted: 1 });
  expect(await partitions()).toContain('usage_event_2019_07');
});
