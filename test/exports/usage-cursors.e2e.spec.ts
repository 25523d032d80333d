import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPERATOR } from '../../src/common/actor.js';
import { accountIdFor } from '../../src/common/ids.js';
import { BeginExport } from '../../src/exports/begin-export.js';
import { SnapshotReader } from '../../src/exports/snapshot-reader.js';
import { ArchiveMonths } from '../../src/usage/archive/archive-months.js';
import { RestoreMonth } from '../../src/usage/archive/restore-month.js';
import { USAGE } from '../../src/usage/exported-usage.js';
import { SHARE_INGEST } from '../../src/usage/late-marks.js';
import { TestApp } from '../support/app.js';
import { meteredStory } from '../support/metered-story.js';

let wharfage: TestApp;
const { account, meter, call } = meteredStory(() => wharfage);
const dir = mkdtempSync(join(tmpdir(), 'wharfage-usage-cursors-'));

beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-03-20T00:00:00Z', env: { USAGE_ARCHIVE_DIR: dir } });
  await meter('calls', {});
  await account('acme');
}, 60_000);
afterAll(async () => {
  await wharfage.close();
  rmSync(dir, { recursive: true, force: true });
});

const reported = (id: string, time: string): Promise<unknown> => wharfage.report([call(id, 'acme', time, 1)]);

async function exported(query = ''): Promise<{ events: string[]; next: string }> {
  const { text, headers, status } = await wharfage.call('GET', `/v2/exports/usage?format=jsonl&${query}`);
  if (status !== 200) throw new Error(text);
  const events = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => String(JSON.parse(line).id));
  return { events: events.sort(), next: JSON.parse(headers['wharfage-export-manifest'] ?? '').nextCursor };
}

test('an event that is being stored is waited for, and comes once', async () => {
  await reported('a', '2026-03-01T00:00:00Z');
  const first = await exported();
  expect(first.events).toEqual(['a']);
  const runner = wharfage.source.createQueryRunner();
  await runner.startTransaction();
  await runner.query(SHARE_INGEST);
  await runner.query(
    `insert into usage_event (account_id, event_time, event_seq, source, id, type, sequence, data, received_at)
     values ($1, '2026-03-02T00:00:00Z', nextval('usage_event_seq') - 1, 's', 'b-slow', 'call', '', '{"n": 1}', now())`,
    [accountIdFor('acme')],
  );
  let waits = true;
  const second = exported(`after=${first.next}`).finally(() => (waits = false));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(waits).toBe(true);
  await runner.commitTransaction();
  await runner.release();
  expect((await second).events).toEqual(['b-slow']);
  await reported('c', '2026-03-01T12:00:00Z');
  expect((await exported(`after=${(await second).next}`)).events).toEqual(['c']);
});

test('what is stored before the snapshot is taken, and after the cursor was made, comes once', async () => {
  const { next } = await exported();
  const begin = wharfage.app.get(BeginExport);
  const run = begin.run.bind(begin);
  begin.run = async (request) => {
    const begun = await run(request);
    await reported('d', '2026-03-02T12:00:00Z');
    return begun;
  };
  const second = await exported(`after=${next}`);
  begin.run = run;
  expect(second.events).toEqual([]);
  expect((await exported(`after=${second.next}`)).events).toEqual(['d']);
});

test('a cursor of a position that has not come is refused', async () => {
  const [dataset, from, to, [sequence, , mark]] = JSON.parse(Buffer.from((await exported()).next, 'base64url').toString());
  const after = Buffer.from(JSON.stringify([dataset, from, to, [sequence, '900000000000', mark]])).toString('base64url');
  expect(await wharfage.call('GET', `/v2/exports/usage?after=${after}`)).toMatchObject({ status: 409, body: { code: 'cursor_elsewhere' } });
});

test('archived events are refused where they were not exported, and never come twice', async () => {
  await reported('j1', '2026-01-10T00:00:00Z');
  const first = await exported('to=2026-03-01T00:00:00Z');
  expect(first.events).toEqual(['j1']);
  await reported('j2', '2026-01-20T00:00:00Z');
  await wharfage.app.get(ArchiveMonths).run(OPERATOR, '2026-01');
  for (const query of ['', `after=${first.next}`, 'from=2026-01-31T00:00:00Z&to=2026-02-01T00:00:00Z', 'manifest=only'])
    expect(await wharfage.call('GET', `/v2/exports/usage?${query}`)).toMatchObject({ status: 409, body: { code: 'usage_archived' } });
  expect((await exported('from=2026-02-01T00:00:00Z')).events).toEqual(['a', 'b-slow', 'c', 'd']);

  await wharfage.app.get(RestoreMonth).run(OPERATOR, '2026-01');
  const second = await exported(`after=${first.next}`);
  expect(second.events).toEqual(['j2']);
  await wharfage.app.get(ArchiveMonths).run(OPERATOR, '2026-01');
  expect((await exported(`after=${second.next}`)).events).toEqual([]);
  await reported('j3', '2026-01-25T00:00:00Z');
  const third = await exported(`after=${second.next}`);
  expect(third.events).toEqual(['j3']);
  await wharfage.app.get(RestoreMonth).run(OPERATOR, '2026-01');
  expect((await exported(`after=${third.next}`)).events).toEqual([]);
});

test('no month is taken away from under an export, not even before it read anything', async () => {
  const take = (): Promise<unknown> =>
    wharfage.source.transaction((tx) => tx.query('lock table usage_event in access exclusive mode nowait'));
  const reader = await SnapshotReader.open(wharfage.source, USAGE.takenAway?.table);
  await expect(take()).rejects.toThrow('could not obtain lock');
  await reader.close();
  await take();
});
