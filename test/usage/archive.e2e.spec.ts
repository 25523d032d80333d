import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DAY, formatInstant, HOUR, parseInstant } from '../../src/domain/instant.js';
import { eventsInFile } from '../../src/usage/archive/event-files.js';
import { OPERATOR } from '../../src/common/actor.js';
import { ArchiveMonths } from '../../src/usage/archive/archive-months.js';
import { ArchivePolicy } from '../../src/invoices/archive/archive-policy.js';
import { TestApp } from '../support/app.js';
import { commandHere } from '../support/command.js';
import { meteredStory } from '../support/metered-story.js';

let wharfage: TestApp;
const { account, meter, call, eventId, invoices } = meteredStory(() => wharfage);
const dir = mkdtempSync(join(tmpdir(), 'wharfage-archive-'));
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);

beforeAll(async () => {
  wharfage = await TestApp.start({
    now: '2026-01-01T00:00:00Z',
    env: { BILLING_AUTO: 'off', USAGE_ARCHIVE_DIR: dir, USAGE_ARCHIVE_AFTER_MONTHS: '2' },
  });
  await meter('calls', {});
  await meter('times', { aggregation: 'count', value: undefined });
  await meter('top', { aggregation: 'max' });
  await meter('who', { aggregation: 'unique', value: 'node' });
  const level = { aggregation: 'time_weighted', resource: 'node', mode: 'level', unit: 'hour' };
  await meter('nodes', { eventType: 'node', ...level });
  const metered = (key: string) => ({ key, kind: 'metered', meter: key, model: 'per_unit', unitPrice: '0.10' });
  await wharfage.ok('PUT', '/v2/plans/cloud', {
    name: 'Cloud',
    product: 'cloud',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [metered('calls'), metered('top'), metered('nodes')],
  });
  await account('aligned');
  await account('ragged');
  await account('unbilled');
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'aligned', plan: 'cloud', alignment: 'calendar' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'ragged', plan: 'cloud', startsAt: '2026-01-02T10:17:33Z' });
  for (const month of ['01', '02', '03', '04', '05', '06']) {
    await wharfage.travel(`2026-${month}-28T00:00:00Z`);
    for (const subject of ['aligned', 'ragged', 'unbilled']) await wharfage.report(eventsOf(subject, `2026-${month}`));
    await run();
  }
  for (const at of ['2026-07-01T00:00:00Z', '2026-07-03T00:00:00Z', '2026-08-01T00:00:00Z', '2026-08-03T00:00:00Z']) {
    await wharfage.travel(at);
    await run();
  }
}, 60_000);
afterAll(async () => {
  await wharfage.close();
  rmSync(dir, { recursive: true, force: true });
});

const run = async () => {
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  return await wharfage.ok('POST', '/v2/bill-runs', { asOf: now });
};

/** Numbers, texts and instants of all kinds; some within the half hour in which a ragged period ends. */
const eventsOf = (subject: string, month: string) =>
  [2, 5, 9, 20].flatMap((day, i) => {
    const time = parseInstant(`${month}-${String(day).padStart(2, '0')}T10:05:00Z`) + BigInt(i) * (HOUR + 1n);
    const id = `${month} ${String(i)}`;
    return [
      call(id, subject, formatInstant(time), ['1', '2.50', '0.1234567890123456789', '7'][i] ?? '', { node: `n"${String(i)}\\é`, odd: i }),
      { ...call(`n ${id}`, subject, formatInstant(time + 1n), i % 3, { node: `n${String(i % 2)}` }), type: 'node', sequence: String(i) },
    ];
  });

const settings = () => ({
  DATABASE_URL: wharfage.url,
  DATA_DIR: dir,
  USAGE_ARCHIVE_DIR: dir,
  BILLING_AUTO: 'off',
  TEST_CLOCK: 'on',
  LOG_LEVEL: 'silent',
  KEY_HASH_SECRET: 'a secret for tests, and for tests only',
});
const archive = async (...args: string[]): Promise<{ code: number | null; said: string }> => {
  const { status, told, errors } = await commandHere(['archive', ...args], settings());
  return { code: status, said: [told, ...errors].join('\n') };
};

const COLUMNS = `account_id::text, to_char(event_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as event_time, event_seq::text, source, id, type, sequence,
  data::text, to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as received_at`;
const rowsOf = (month: string): Promise<Record<string, string>[]> =>
  wharfage.source.query(
    `select ${COLUMNS} from usage_event where to_char(event_time at time zone 'UTC', 'YYYY-MM') = $1 order by account_id, type, event_time, event_seq`,
    [month],
  );
const hasPartition = async (month: string): Promise<boolean> =>
  (await wharfage.source.query<unknown[]>(`select from pg_class where relname = $1`, [`usage_event_${month.replace('-', '_')}`])).length >
  0;
const recorded = (month: string): Promise<any[]> =>
  wharfage.source.query('select part, file, events::int, restored_at from usage_archive where month = $1 order by part', [month]);

const micros = (at: bigint): string => formatInstant(at).replace('Z', '').padEnd(20, '.').padEnd(26, '0');
const inFiles = async (...files: string[]): Promise<Record<string, string>[]> => {
  const found: Record<string, string>[] = [];
  for (const file of files)
    for await (const rows of eventsInFile(join(dir, file)))
      for (const { accountId, time, seq, receivedAt, ...row } of rows)
        found.push({ account_id: accountId, event_time: micros(time), event_seq: String(seq), ...row, received_at: micros(receivedAt) });
  return found;
};

const query = (meterKey: string, subject: string, from: string, to: string, more = '') =>
  wharfage.call('GET', `/v2/usage/query?meter=${meterKey}&account=${subject}&from=${from}&to=${to}${more}`);
const JANUARY = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'] as const;
const answers = async (): Promise<unknown[]> =>
  Promise.all(
    ['aligned', 'ragged', 'unbilled'].flatMap((subject) =>
      ['calls', 'times', 'top', 'nodes'].map(async (key) => (await query(key, subject, ...JANUARY, '&window=day&timeZone=UTC')).body),
    ),
  );

const adjustments = async (): Promise<string[]> =>
  (await invoices('aligned')).flatMap(({ lines }) =>
    lines.filter((line: any) => line.kind === 'adjustment').map((line: any) => line.amount),
  );

test('a month that a bill still needs stays, and it is said why', async () => {
  const dry = await archive('--before', '2027-01', '--dry-run');
  expect(dry).toMatchObject({ code: 0, said: expect.stringContaining('2026-01: would be archived') });
  expect(dry.said).not.toContain('2026-07'); // neither the month that runs nor the one before
  await wharfage.report([call('late', 'aligned', '2026-01-03T00:00:00Z', 3, { node: 'n9' })]);
  const late = await archive('--before', '2026-02', '--dry-run');
  expect(late).toMatchObject({ code: 1, said: expect.stringMatching(/2026-01: stays: 1 accounts have usage that came late.*aligned/) });
  expect(await archive('--before', '2026-02')).toMatchObject({ code: 1 });
  expect(await recorded('2026-01')).toEqual([]);
  expect(readdirSync(dir).filter((name) => name.includes('parquet'))).toEqual([]);
  await wharfage.travel('2026-09-01T00:00:00Z');
  await run();
  await wharfage.travel('2026-09-03T00:00:00Z');
  await run();
  expect(await adjustments()).toEqual(['0.30']);
}, 60_000);

test('what was archived is in the file as it was in the table, and what rollups and levels answer stays the same', async () => {
  const [before, rows] = [await answers(), await rowsOf('2026-01')];
  expect(rows).toHaveLength(25);
  expect(await archive('--before', '2026-02')).toMatchObject({
    code: 0,
    said: expect.stringContaining('2026-01: 25 events in usage-2026-01-0001.parquet'),
  });
  expect(await hasPartition('2026-01')).toBe(false);
  expect(await hasPartition('2026-02')).toBe(true);
  expect(await recorded('2026-01')).toEqual([{ part: 1, file: 'usage-2026-01-0001.parquet', events: 25, restored_at: null }]);
  expect(await inFiles('usage-2026-01-0001.parquet')).toEqual(rows);
  expect(await answers()).toEqual(before);
  const { data } = await wharfage.ok('GET', '/v2/audit?action=usage.archived');
  expect(data).toMatchObject([{ subjectId: '2026-01', actorKind: 'cli', after: { files: [{ events: 25 }] } }]);
  expect(await archive('--before', '2026-02')).toMatchObject({ code: 0, said: expect.stringContaining('no events of such months') });
}, 60_000);

test('what only events can tell or mend is refused, with what to do', async () => {
  const restore = expect.stringContaining('wharfage archive --restore 2026-01');
  const { results } = await wharfage.report([
    eventsOf('aligned', '2026-01')[0],
    { ...eventsOf('aligned', '2026-01')[2], data: { n: 1, node: 'n' } },
  ]);
  expect(results).toMatchObject([{ status: 'duplicate' }, { status: 'conflict' }]);
  expect(await wharfage.call('GET', '/v2/usage/events?account=aligned&source=s&id=2026-01 0')).toMatchObject({
    status: 410,
    body: { code: 'event_archived', detail: expect.stringContaining('usage-2026-01-0001.parquet') },
  });
  const [{ account_id, ident }] = await wharfage.source.query(
    `select account_id, ident from event_identity where event_time < '2026-02-01' and account_id = (select id from account where key = 'aligned') limit 1`,
  );
  const { namingId } = await import('../../src/common/ids.js');
  const evt = namingId('evt', { accountId: account_id, ident });
  for (const path of [`/v2/usage/events/${evt}`, `/v2/usage/events/${evt}/lines`])
    expect(await wharfage.call('GET', path)).toMatchObject({ status: 410, body: { code: 'event_archived' } });
  const refused = { status: 409, body: { code: 'usage_archived', detail: restore } };
  expect(await wharfage.call('POST', `/v2/usage/events/${evt}/void`, { reason: 'x' })).toMatchObject(refused);
  const event = call('instead', 'aligned', '2026-01-05T00:00:00Z', 1, { node: 'n' });
  expect(await wharfage.call('POST', `/v2/usage/events/${evt}/replace`, { reason: 'x', event })).toMatchObject(refused);
  const backfill = { account: 'aligned', meter: 'calls', mode: 'replace', from: JANUARY[0], to: JANUARY[1], reason: 'x', events: [] };
  expect(await wharfage.call('POST', '/v2/usage/backfills', backfill)).toMatchObject(refused);
  expect(await wharfage.call('PUT', '/v2/meters/new', { name: 'n', eventType: 'call', aggregation: 'count' })).toMatchObject(refused);
  expect(await query('who', 'aligned', ...JANUARY)).toMatchObject(refused);
  expect(await query('calls', 'aligned', ...JANUARY, '&groupBy=node')).toMatchObject(refused);
  expect(await query('calls', 'aligned', '2026-01-02T10:04:00Z', JANUARY[1])).toMatchObject(refused);
  expect(await query('calls', 'aligned', '2026-01-02T12:04:00Z', JANUARY[1])).toMatchObject({ status: 200 }); // no events in that hour
  expect(await query('who', 'aligned', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z')).toMatchObject({
    status: 200,
    body: { data: [{ quantity: '4' }] },
  });
  expect(await wharfage.call('GET', '/v2/usage/receipts?source=s&from=2026-01-01&to=2026-02-01')).toMatchObject({ status: 200 });
  expect(await run()).toMatchObject({ parked: 0 });
}, 60_000);

test('a late event of an archived month is stored, counted, billed and archived in a file of its own, and all is put back', async () => {
  const [before] = [await answers()];
  expect(await wharfage.report([call('later', 'aligned', '2026-01-03T00:30:00Z', 5, { node: 'n9' })])).toMatchObject({ accepted: 1 });
  expect(await hasPartition('2026-01')).toBe(true);
  const counted = await answers();
  expect(counted).not.toEqual(before);
  for (const at of ['2026-10-01T00:00:00Z', '2026-10-03T00:00:00Z', '2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z']) {
    await wharfage.travel(at);
    expect(await run()).toMatchObject({ parked: 0 });
  }
  expect(await adjustments()).toEqual(['0.30', '0.50']);
  expect(await wharfage.call('POST', `/v2/usage/events/${await eventId('aligned', 'later')}/void`, { reason: 'x' })).toMatchObject({
    status: 409, // the greatest of the hour is not known without what is archived
    body: { code: 'usage_archived' },
  });
  const rows = await rowsOf('2026-01');
  expect(await archive('--before', '2026-02')).toMatchObject({
    code: 0,
    said: expect.stringContaining('1 events in usage-2026-01-0002.parquet'),
  });
  expect(await inFiles('usage-2026-01-0002.parquet')).toEqual(rows);
  expect(await answers()).toEqual(counted);

  const path = join(dir, 'usage-2026-01-0001.parquet');
  const whole = readFileSync(path);
  const damaged = Buffer.from(whole);
  damaged[200] = (damaged[200] ?? 0) ^ 1;
  writeFileSync(path, damaged);
  expect(await archive('--restore', '2026-01')).toMatchObject({ code: 1, said: expect.stringContaining('usage-2026-01-0001.parquet') });
  expect(await rowsOf('2026-01')).toEqual([]);
  writeFileSync(path, whole);
  expect(await archive('--restore', '2026-01')).toMatchObject({ code: 0, said: expect.stringContaining('2026-01: put back, 25 events') });
  const all = await inFiles('usage-2026-01-0001.parquet', 'usage-2026-01-0002.parquet');
  const order = (a: any, b: any) => (a.event_seq < b.event_seq ? -1 : 1);
  expect((await rowsOf('2026-01')).sort(order)).toEqual(all.sort(order));
  expect(await answers()).toEqual(counted);
  expect(await archive('--restore', '2026-01')).toMatchObject({ code: 2, said: expect.stringContaining('month_not_archived') });
  expect(await query('who', 'aligned', ...JANUARY)).toMatchObject({ status: 200 });
  await wharfage.ok('POST', `/v2/usage/events/${await eventId('aligned', 'later')}/void`, { reason: 'x' });
  expect(await answers()).toEqual(before);
}, 120_000);

test('the policy archives what ended long enough ago, but not what was put back lately', async () => {
  await run();
  await wharfage.travel('2026-11-04T00:00:00Z');
  await wharfage.source.query('update billing_state set next_due = $1', ['2026-11-04T00:00:00Z']);
  await run();
  await wharfage.app.get(ArchivePolicy).run();
  const there = await Promise.all(['01', '02', '03', '04', '05', '06', '07', '08', '09'].map((month) => hasPartition(`2026-${month}`)));
  expect(there).toEqual([true, false, false, false, false, false, false, false, true]);
}, 60_000);

test(`a command that is killed loses nothing and writes nothing twice, and goes on when it is run again (KILL_SEED=${String(SEED)})`, async () => {
  const EVENTS = 40_000;
  await account('many');
  const lines = Array.from({ length: EVENTS }, (_, i) =>
    JSON.stringify(
      call(`m${String(i)}`, 'many', formatInstant(parseInstant('2025-03-01T00:00:00Z') + (BigInt(i) * DAY) / 1_500n), i, {
        node: 'n',
        pad: 'x'.repeat(i % 50),
      }),
    ),
  );
  const sent = await wharfage.ok('POST', '/v2/usage/events', gzipSync(lines.join('\n')), {
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
  });
  expect(sent.accepted).toBe(EVENTS);
  const rows = await rowsOf('2025-03');
  expect(rows).toHaveLength(EVENTS);
  let random = SEED;
  const phases = new Set<string>();
  for (let kill = 0; kill < 8; kill += 1) {
    const child = spawn(process.execPath, ['dist/src/cli/main.js', 'archive', '--before', '2025-04'], {
      env: { ...process.env, ...settings() },
      stdio: 'ignore',
    });
    random = (random * 48_271 + 11) % 2_147_483_647;
    const begun = (): boolean => readdirSync(dir).some((name) => name.startsWith('usage-2025-03'));
    while (child.exitCode === null && !begun()) await new Promise((resolve) => setTimeout(resolve, 5));
    const isNamed = (): boolean => readdirSync(dir).includes('usage-2025-03-0001.parquet');
    if (kill % 2 === 0) await new Promise((resolve) => setTimeout(resolve, (random % 1_000) * 0.2));
    else while (child.exitCode === null && !isNamed()) await new Promise((resolve) => setTimeout(resolve, 1)); // just before it is recorded
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const files = await recorded('2025-03');
    phases.add(files.length > 0 ? 'done' : readdirSync(dir).some((name) => name === 'usage-2025-03-0001.parquet') ? 'written' : 'writing');
    expect(await hasPartition('2025-03')).toBe(files.length === 0);
    if (files.length > 0) break;
    expect(Number((await wharfage.source.query('select count(*) as n from usage_event_2025_03'))[0].n)).toBe(EVENTS);
  }
  console.info(`seed ${String(SEED)}: killed while ${[...phases].join(', ')}`);
  expect((await archive('--before', '2025-04')).code).toBe(0);
  expect(await recorded('2025-03')).toEqual([{ part: 1, file: 'usage-2025-03-0001.parquet', events: EVENTS, restored_at: null }]);
  expect(readdirSync(dir).filter((name) => name.startsWith('usage-2025-03'))).toEqual(['usage-2025-03-0001.parquet']);
  expect(await inFiles('usage-2025-03-0001.parquet')).toEqual(rows);
  expect(await archive('--restore', '2025-03')).toMatchObject({ code: 0 });
  expect(await rowsOf('2025-03')).toEqual(rows);

  const archiving = wharfage.app.get(ArchiveMonths).run(OPERATOR, '2025-03');
  const isWriting = (): boolean => readdirSync(dir).includes('usage-2025-03-0002.parquet.writing');
  while (!isWriting()) await new Promise((resolve) => setTimeout(resolve, 1));
  await wharfage.report([call('between', 'many', '2025-03-09T00:00:00Z', 1, { node: 'n' })]);
  await expect(archiving).rejects.toMatchObject({ code: 'archive_disturbed' });
  expect(await rowsOf('2025-03')).toHaveLength(EVENTS + 1);
  expect(readdirSync(dir).filter((name) => name.startsWith('usage-2025-03'))).toEqual(['usage-2025-03-0001.parquet']);
}, 240_000);
