import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ReporterStats } from '../../clients/reporter/src/reporter.js';
import { Child, compile } from '../../clients/reporter/test/support/processes.js';
import { chance, shuffled } from '../support/chance.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { ServiceProcess } from '../support/service-process.js';
import { describeTrace, expectNothingLeft, expectTraceBilled, prepareTrace, traceLines } from '../support/trace.js';

const REPORTERS = 4;
const TWICE = 0.2;
const PER_SECOND = 1000;
const BLOWS_UP_TO = 0.85; // of the events; the rest flows after the last one
const PROGRESS_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 180_000; // all blows may fall while a reporter closes
const SEED = Number(process.env['TRACE_SEED'] ?? Date.now() % 1_000_000);

type Blow = 'service killed' | 'database stopped' | 'database killed' | 'both killed' | 'reporter killed';

const BLOWS: readonly Blow[] = [
  ...Array<Blow>(4).fill('service killed'),
  ...Array<Blow>(2).fill('database stopped'),
  'database killed',
  'both killed',
];

/** What each process reports: a quarter of the events, and some that it or another one reports as well; days in order, within a day in none. */
function shares(lines: readonly string[], random: () => number): string[][] {
  const parts = shuffled(lines, random).map((line, i) => ({ line, to: i % REPORTERS }));
  const again = parts.slice(0, Math.round(lines.length * TWICE)).map(({ line }) => ({ line, to: Math.floor(random() * REPORTERS) }));
  const byDay = shuffled([...parts, ...again], random)
    .map(({ line, to }) => ({ line, to, day: (JSON.parse(line) as { time: string }).time.slice(0, 10) }))
    .sort((a, b) => a.day.localeCompare(b.day));
  return Array.from({ length: REPORTERS }, (_, n) => byDay.filter(({ to }) => to === n).map(({ line }) => line));
}

/** When each blow falls: at how many accepted events. The reporter is killed early, when it still has much to report. */
function blows(total: number, random: () => number): { readonly blow: Blow; readonly at: number }[] {
  const order = shuffled(BLOWS, random);
  order.splice(Math.floor(random() * 2), 0, 'reporter killed');
  return order.map((blow, i) => ({ blow, at: Math.ceil((total * BLOWS_UP_TO * (i + random())) / order.length) }));
}

describeTrace('two months of a real cluster, reported by processes', () => {
  const random = chance(SEED);
  const dir = join(process.env['TEST_RUN_DIR'] ?? '', 'reporter-trace');
  const children: Child[] = [];
  const ends: (() => unknown)[] = [() => rmSync(dir, { recursive: true })];
  let parts: string[][];
  let total: number;
  let database: OwnPostgres;
  let service: ServiceProcess;
  let pool: pg.Pool;
  let reporter: string;
  let apiKey: string;

  beforeAll(async () => {
    mkdirSync(dir);
    const lines = traceLines();
    total = lines.length;
    parts = shares(lines, random);
    for (const [n, part] of parts.entries()) writeFileSync(join(dir, `events-${String(n)}`), part.join('\n'));
    reporter = compile(join(dir, 'reporter'));
    database = await OwnPostgres.start(join(dir, 'database'));
    ends.push(() => database.stop());
    service = await ServiceProcess.start({ dir, env: { DATABASE_URL: database.url, BILLING_AUTO: 'off' } });
    ends.push(() => (service.isRunning ? service.kill() : undefined));
    pool = new pg.Pool({ connectionString: database.url, max: 1 }).on('error', () => undefined);
    ends.push(() => pool.end());
    apiKey = await prepareTrace(service, lines);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(children.map((child) => child.ended('SIGKILL')));
    for (const end of ends.reverse()) await end();
  });

  /** A process that reports its share from its event `first` on, and keeps what waits in a folder of its own. */
  const reporting = (n: number, first = 0): Child =>
    new Child(reporter, {
      events: join(dir, `events-${String(n)}`),
      first,
      count: sizeOf(n) - first,
      width: 20,
      perSecond: PER_SECOND,
      then: 'close',
      deadlineMs: CLOSE_TIMEOUT_MS,
      options: {
        url: service.url,
        apiKey,
        dir: join(dir, `reporter-${String(n)}`),
        batchEventsMax: 200,
        flushIntervalMs: 100,
        retry: { firstMs: 10, maxMs: 200 },
      },
    });

  const sizeOf = (n: number): number => parts[n]?.length ?? 0;

  const accepted = async (): Promise<number> =>
    Number((await pool.query<{ n: string }>('select count(*) as n from event_identity')).rows[0]?.n);

  async function untilAccepted(count: number): Promise<void> {
    const until = performance.now() + PROGRESS_TIMEOUT_MS;
    while ((await accepted()) < count) {
      await sleep(20);
      service.expectRunning();
      if (performance.now() > until) throw new Error(`no more than ${String(await accepted())} of ${String(total)} events arrive`);
    }
  }

  /** Another one goes on with the first event of which nobody was told that it is stored. Returns that event's number. */
  async function killReporter(n: number): Promise<number> {
    expect(await children[n]?.ended('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    const stored = new Set(children[n]?.said('stored').map(([at]) => Number(at)));
    let first = 0;
    while (stored.has(first)) first += 1;
    children[n] = reporting(n, first);
    return first;
  }

  test(`the service and its database fall again and again, and every amount is what the log says (TRACE_SEED=${String(SEED)})`, async () => {
    const victim = Math.floor(random() * REPORTERS);
    let resumedAt = 0;
    const strike: Record<Blow, () => Promise<unknown>> = {
      'service killed': () => service.kill().then(() => service.start()),
      'database stopped': async () => {
        await database.stop();
        await sleep(random() * 300);
        await database.start();
      },
      'database killed': async () => {
        database.kill();
        await database.start();
      },
      'both killed': async () => {
        database.kill();
        await service.kill();
        await database.start();
        await service.start();
      },
      'reporter killed': async () => (resumedAt = await killReporter(victim)),
    };

    children.push(...parts.map((_, n) => reporting(n)));
    const told: string[] = [];
    for (const { blow, at } of blows(total, random)) {
      await untilAccepted(at);
      await sleep(random() * 30);
      await strike[blow]();
      const now = await accepted();
      told.push(`${blow} at ${String(now)}`);
      expect(now).toBeGreaterThan(0); // it fell into the flow
      expect(now).toBeLessThan(total);
    }
    console.info(`seed ${String(SEED)}: ${told.join(', ')}`);
    expect(resumedAt).toBeGreaterThan(0);
    expect(resumedAt).toBeLessThan(sizeOf(victim));

    expect(await Promise.all(children.map((child) => child.ended()))).toEqual(children.map(() => ({ code: 0, signal: null })));
    const stats = children.map((child) => JSON.parse(child.said('closed')[0]?.[1] ?? '') as ReporterStats);
    for (const [n, { recovered, reported, delivered, ...others }] of stats.entries()) {
      expect(others).toMatchObject({ notStored: 0, conflicts: 0, rejected: 0, pendingEvents: 0, lastError: null });
      expect(reported).toBe(sizeOf(n) - (n === victim ? resumedAt : 0));
      expect(delivered).toBe(recovered + reported);
    }
    for (const { recovered, reported, accepted, duplicates, requests, retried } of stats)
      console.info(JSON.stringify({ recovered, reported, accepted, duplicates, requests, retried }));
    expect(await accepted()).toBe(total);
    const receipts = await service.ok('GET', '/v2/usage/receipts?source=nasa-ipsc-860&from=1993-10-01&to=1994-02-01');
    expect(receipts.data.reduce((sum: number, { events }: { events: number }) => sum + events, 0)).toBe(total);
    await expectTraceBilled(service);
    await expectNothingLeft(service);
    await service.stop();
  }, 240_000);
});
