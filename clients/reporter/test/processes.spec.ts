import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReporterStats } from '../src/reporter.js';
import { FakeService } from './support/fake-service.js';
import { Child, compile, type Work } from './support/processes.js';
import { until, workplaces } from './support/workplace.js';

const workplace = workplaces();
let module: string;
let service: FakeService;
let dir: string;

beforeAll(() => {
  module = compile(workplace());
});
beforeEach(async () => {
  service = await FakeService.start();
  dir = workplace();
});
afterEach(() => service.close());

const child = (
  work: Omit<Work, 'options'> & { options?: Partial<Work['options']> },
  limits?: ConstructorParameters<typeof Child>[2],
): Child => new Child(module, { ...work, options: { url: service.url, dir, ...work.options } }, limits);

/** A process that reports nothing, but sends what others left. */
async function finish(): Promise<ReporterStats> {
  const last = child({ count: 0, width: 0, then: 'close', deadlineMs: 20_000 });
  expect(await last.ended()).toEqual({ code: 0, signal: null });
  const [closed = []] = last.said('closed');
  expect(closed[0]).toBe('true');
  return JSON.parse(closed.slice(1).join(' ')) as ReporterStats;
}

const arrived = (): Map<unknown, string> => new Map(service.stored.map(({ id, data }) => [JSON.stringify(data?.['nodes']), id]));

/** Everything that was promised arrived, under the id that was promised, and nothing arrived twice under two ids. */
function expectDelivered(promised: readonly (readonly string[])[]): void {
  const ids = arrived();
  expect(ids.size).toBe(service.stored.length);
  expect(promised.filter(([n, id]) => ids.get(n) !== id)).toEqual([]);
}

test('killed again and again, while answers get lost: all that was stored arrives, once', async () => {
  service.behave = () => (Math.random() < 0.2 ? 'lost answer' : Math.random() < 0.1 ? { status: 503 } : undefined);
  const promised: string[][] = [];
  for (let life = 0; life < 6; life += 1) {
    const victim = child({
      first: life * 1_000_000,
      count: 1_000_000,
      width: 20,
      options: { segmentBytesMax: 50_000, batchEventsMax: 50 },
    });
    await victim.says('stored');
    await sleep(Math.random() * 150);
    expect(await victim.ended('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    promised.push(...victim.said('stored'));
  }
  await finish();
  expect(promised.length).toBeGreaterThan(100);
  expectDelivered(promised);
  expect(readdirSync(dir)).toEqual(['cursor.json']);
});

test('without the service, memory does not grow with what waits; later all of it arrives', async () => {
  service.behave = () => ({ status: 503 });
  const count = 200_000;
  const options = { fsync: 'interval', memoryBytesMax: 1024 * 1024 } as const;
  const patient = child({ count, width: 2000, then: 'close', deadlineMs: 30_000, options }, { flags: ['--expose-gc'] });
  await until(() => patient.said('done').length > 0);
  expect(service.stored.length).toBe(0);
  service.behave = () => undefined;
  await patient.ended();
  expect(Number(patient.said('done')[0]?.[0])).toBeLessThan(20 * 1024 * 1024); // on the disk they are 38 MB
  expect(service.events.size).toBe(count);
});

test('a disk without room refuses events and loses none of those before', async () => {
  service.behave = () => ({ status: 503 });
  const cramped = child({ count: 1000, width: 7, then: 'close', deadlineMs: 0 }, { fileBlocksMax: 100 });
  await cramped.ended();
  const [stored, refused] = [cramped.said('stored'), cramped.said('refused')];
  expect(stored.length).toBeGreaterThan(100);
  expect(refused.length).toBe(1000 - stored.length);
  expect(new Set(refused.map(([, , code]) => code))).toEqual(new Set(['EFBIG']));
  const [segment = ''] = readdirSync(dir).filter((name) => name.startsWith('segment-'));
  expect(readFileSync(join(dir, segment), 'utf8').split('\n').length - 1).toBe(stored.length);
  service.behave = () => undefined;
  expect(await finish()).toMatchObject({ recovered: stored.length, delivered: stored.length });
  expectDelivered(stored);
  expect(service.stored.length).toBe(stored.length);
});

describe('told to stop, a process', () => {
  test('delivers what waits, lets go, and ends by the signal', async () => {
    service.latencyMs = 20;
    const stopped = child({ count: 500, width: 50, deadlineMs: 10_000, options: { flushIntervalMs: 60_000, batchEventsMax: 1000 } });
    await stopped.says('done');
    expect(service.stored.length).toBe(0);
    expect(await stopped.ended('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    expect(service.stored.length).toBe(500);
    expect(readdirSync(dir)).toEqual(['cursor.json']);
  });

  test('does not wait for a service that is away; the next one delivers', async () => {
    service.behave = () => 'silence';
    const stopped = child({ count: 500, width: 50, deadlineMs: 100 });
    await stopped.says('done');
    expect(await stopped.ended('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    service.behave = () => undefined;
    expect(await finish()).toMatchObject({ recovered: 500, delivered: 500 });
    expectDelivered(stopped.said('stored'));
  });

  test('while it reports, refuses what comes too late and delivers all the rest', async () => {
    const stopped = child({ count: 1_000_000, width: 20, deadlineMs: 10_000 });
    await until(() => stopped.said('stored').length > 200);
    expect(await stopped.ended('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    expectDelivered(stopped.said('stored'));
    expect(service.stored.length).toBe(stopped.said('stored').length);
  });

  test('leaves its end to others who listen', async () => {
    const stopped = child({ count: 500, width: 50, deadlineMs: 10_000, listener: true });
    await stopped.says('done');
    expect(await stopped.ended('SIGTERM')).toEqual({ code: 7, signal: null });
    expect(service.stored.length).toBe(500);
  });
});
