import { readdirSync } from 'node:fs';
import { NotStoredError, Reporter, type RejectedEvent, type ReporterOptions } from '../src/reporter.js';
import { FakeService } from './support/fake-service.js';
import { event, rejectedIn, until, workplaces } from './support/workplace.js';

const workplace = workplaces();
let service: FakeService;
let reporter: Reporter;
let dir: string;

beforeEach(async () => {
  service = await FakeService.start();
  dir = workplace();
});
afterEach(async () => {
  const stats = reporter.stats();
  expect(stats.recovered + stats.reported).toBe(stats.delivered + stats.conflicts + stats.rejected + stats.pendingEvents);
  await reporter.close({ deadlineMs: 0 });
  await service.close();
});

async function opened(options: Partial<ReporterOptions> = {}): Promise<Reporter> {
  reporter = new Reporter({
    url: service.url,
    apiKey: 'key',
    dir,
    source: 'cloud',
    fsync: 'interval',
    flushIntervalMs: 5,
    retry: { firstMs: 2, maxMs: 10 },
    ...options,
  });
  await reporter.open();
  return reporter;
}

const report = (count: number): Promise<unknown> => Promise.all(Array.from({ length: count }, (_, n) => reporter.report(event(n))));
const none = { delivered: 0, accepted: 0, duplicates: 0, conflicts: 0, rejected: 0, pendingEvents: 0 };

describe('events', () => {
  test('are completed, stored, and delivered in order', async () => {
    await opened({ now: () => Date.parse('2026-03-01T12:00:00.5Z'), apiKey: 'whf_test' });
    const sent = await reporter.report({ type: 'node.state', subject: 'acme', data: { nodes: '0.1234567890123456789' }, sequence: '2' });
    expect(sent).toMatchObject({ specversion: '1.0', source: 'cloud', time: '2026-03-01T12:00:00.500Z' });
    expect(sent.id).toMatch(/^[0-9a-f-]{36}$/);
    await reporter.report({ ...event(1), source: 'other', time: '2026-03-01T13:00:00.000001+01:00' });
    expect(await reporter.flush()).toBe(true);
    expect(service.stored).toEqual([sent, { specversion: '1.0', ...event(1), source: 'other', time: '2026-03-01T13:00:00.000001+01:00' }]);
    expect(service.requests[0]?.headers.authorization).toBe('Bearer whf_test');
    expect(reporter.stats()).toMatchObject({ ...none, reported: 2, delivered: 2, accepted: 2, lastError: null });
  });

  test.each([
    ['NaN', { n: NaN }, TypeError],
    ['an infinite number', { deep: [{ n: Infinity }] }, TypeError],
    ['a line over 64 KiB', { text: 'x'.repeat(65_536) }, RangeError],
  ])('that JSON would falsify, or the service would not read, are refused at once: %s', async (_name, data, error) => {
    await opened();
    await expect(reporter.report({ type: 't', subject: 'acme', data })).rejects.toThrow(error);
  });

  test('are sent together: once there are enough, or after the interval, or when someone cannot wait', async () => {
    await opened({ batchEventsMax: 10, flushIntervalMs: 60_000 });
    await report(25);
    await until(() => service.events.size === 20);
    await until(() => reporter.stats().pendingEvents === 5);
    await reporter.flush();
    expect(service.requests.map(({ lines }) => lines.length)).toEqual([10, 10, 5]);
    await reporter.close();
    await opened({ flushIntervalMs: 30 });
    await reporter.report(event(100));
    await until(() => service.events.size === 26);
  });

  test('are packed where that pays', async () => {
    await opened({ flushIntervalMs: 60_000 });
    await report(100);
    await reporter.flush();
    await reporter.report(event(100));
    await reporter.flush();
    expect(service.requests.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', undefined]);
    expect(service.events.size).toBe(101);
  });

  test('are no longer taken once it closes; the error has the event as it would have been sent', async () => {
    await opened();
    await reporter.close();
    const error = await reporter.report({ type: 't', subject: 'acme' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotStoredError);
    expect(error instanceof NotStoredError && error.event).toMatchObject({ specversion: '1.0', source: 'cloud' });
    expect(reporter.stats()).toMatchObject({ notStored: 1, reported: 0 });
  });
});

describe('failures', () => {
  test.each([408, 425, 429, 500, 502, 503, 301, 401, 403, 404, 400])(
    'after %s the same events are sent again, and none is lost',
    async (status) => {
      await opened();
      service.behave = (_request, number) => (number <= 3 ? { status, headers: { location: service.url } } : undefined);
      await report(5);
      expect(await reporter.flush()).toBe(true);
      expect(reporter.stats()).toMatchObject({
        ...none,
        delivered: 5,
        accepted: 5,
        requests: 4,
        retried: 3,
        lastError: null,
        failuresInARow: 0,
      });
    },
  );

  test('an answer that never comes is given up in time', async () => {
    await opened({ requestTimeoutMs: 30 });
    service.behave = (_request, number) => (number === 1 ? 'silence' : undefined);
    await report(5);
    await until(() => reporter.stats().lastError !== null);
    expect(reporter.stats().lastError?.message).toBe('no answer in time');
    await reporter.flush();
    expect(reporter.stats()).toMatchObject({ ...none, delivered: 5, accepted: 5 });
  });

  test('an answer that got lost makes duplicates, which are delivered', async () => {
    await opened();
    service.behave = (_request, number) => (number <= 2 ? 'lost answer' : undefined);
    await report(5);
    await reporter.flush();
    expect(service.events.size).toBe(5);
    expect(reporter.stats()).toMatchObject({ ...none, delivered: 5, duplicates: 5, retried: 2 });
  });

  test('a service that is not there is tried until it is', async () => {
    const { url } = service;
    await service.close();
    await opened({ url });
    await report(5);
    await until(() => reporter.stats().failuresInARow > 3);
    expect(reporter.stats().lastError?.message).toMatch(/ECONNREFUSED/);
    expect(reporter.stats()).toMatchObject({ ...none, pendingEvents: 5 });
    service = await FakeService.start();
  });

  test('Retry-After is kept, and a flush does not shorten it', async () => {
    await opened();
    service.behave = (_request, number) => (number === 1 ? { status: 429, headers: { 'retry-after': '1' } } : undefined);
    await report(5);
    await until(() => service.requests.length === 1);
    await reporter.flush();
    expect(service.times[1]! - service.times[0]!).toBeGreaterThan(990);
  });

  test('a pause of the reporter’s own is cut short by a flush', async () => {
    await opened({ retry: { firstMs: 60_000, maxMs: 60_000 }, random: () => 0.99 });
    service.behave = (_request, number) => (number === 1 ? { status: 503 } : undefined);
    await report(5);
    await until(() => reporter.stats().failuresInARow === 1);
    await reporter.flush();
    expect(service.events.size).toBe(5);
  });

  test('pauses grow with each failure', async () => {
    await opened({ retry: { firstMs: 10, maxMs: 80 }, random: () => 0.99 });
    service.behave = (_request, number) => (number <= 6 ? { status: 503 } : undefined);
    await report(1);
    await until(() => service.events.size === 1);
    const pauses = service.times.slice(1).map((at, i) => at - service.times[i]!);
    for (const [i, floor] of [9, 19, 39, 78, 78].entries()) expect(pauses[i]).toBeGreaterThan(floor);
  });

  test('a wrong key stands in stats, and a function gives the right one as soon as there is one', async () => {
    let key = 'old';
    await opened({ apiKey: () => Promise.resolve(key) });
    service.behave = ({ headers }) =>
      headers.authorization === 'Bearer new' ? undefined : { status: 401, body: { code: 'invalid_api_key', detail: 'No such key.' } };
    await report(5);
    await until(() => reporter.stats().failuresInARow > 1);
    expect(reporter.stats().lastError).toMatchObject({ status: 401, code: 'invalid_api_key', message: 'HTTP 401: No such key.' });
    key = 'new';
    await reporter.flush();
    expect(reporter.stats()).toMatchObject({ ...none, delivered: 5, accepted: 5, lastError: null });
  });

  test('a key that never comes holds nothing up for ever', async () => {
    await opened({ requestTimeoutMs: 20, apiKey: () => new Promise(() => undefined) });
    await report(1);
    await until(() => reporter.stats().failuresInARow > 1);
    expect(await reporter.close({ deadlineMs: 10 })).toBe(false);
  });
});

describe('events that are not taken', () => {
  test('are kept with the reason, and hold no others up', async () => {
    const told: RejectedEvent[] = [];
    await opened({ onRejected: (rejected) => told.push(rejected), now: () => Date.parse('2026-03-01T12:00:00Z') });
    service.rejects = ({ data }) => (Number(data?.['nodes']) % 4 === 1 ? 'missing_property' : undefined);
    await report(10);
    await reporter.flush();
    expect(rejectedIn(dir)).toEqual(
      [1, 5, 9].map((n) => ({
        at: '2026-03-01T12:00:00.000Z',
        status: 'rejected',
        code: 'missing_property',
        pointer: '/data',
        event: { specversion: '1.0', ...event(n), source: 'cloud', time: '2026-03-01T12:00:00.000Z' },
      })),
    );
    expect(told).toEqual(rejectedIn(dir));
    expect(reporter.stats()).toMatchObject({ ...none, delivered: 7, accepted: 7, rejected: 3 });
  });

  test('conflicts are kept too, for what they say is not what stands', async () => {
    await opened();
    await reporter.report({ ...event(1), time: '2026-01-01T00:00:00Z' });
    await reporter.report({ ...event(1), time: '2026-01-02T00:00:00Z' });
    await reporter.flush();
    expect(rejectedIn(dir)).toMatchObject([{ status: 'conflict', code: 'conflict', event: { time: '2026-01-02T00:00:00Z' } }]);
    expect(reporter.stats()).toMatchObject({ ...none, delivered: 1, accepted: 1, conflicts: 1 });
  });

  test('a listener that throws stops nothing', async () => {
    await opened({
      onRejected: () => {
        throw new Error('oops');
      },
    });
    service.rejects = () => 'unknown_meter';
    await report(3);
    await reporter.flush();
    expect(reporter.stats()).toMatchObject({ ...none, rejected: 3, lastError: { message: 'onRejected threw: oops' } });
  });

  test('a batch that is too large is halved until it fits, and grows again', async () => {
    await opened({ batchEventsMax: 64, flushIntervalMs: 60_000 });
    service.behave = ({ lines }) => (lines.length > 10 ? { status: 413, body: '<html>' } : undefined);
    await report(128);
    await reporter.flush();
    expect(service.requests.slice(0, 8).map(({ lines }) => lines.length)).toEqual([64, 32, 16, 8, 8, 8, 8, 16]);
    expect([service.events.size, readdirSync(dir).includes('rejected.ndjson')]).toEqual([128, false]);
    expect(reporter.stats()).toMatchObject({ ...none, delivered: 128, accepted: 128, split: 3 + 3 });
  });

  test.each([
    ['too large by itself', { status: 413, body: '' }, 'http_413'],
    ['refused with the whole batch', { status: 400, body: { code: 'invalid_json', detail: 'No.' } }, 'invalid_json'],
  ])('one that is %s is found and set aside; all others arrive', async (_name, answer, code) => {
    await opened({ batchEventsMax: 50, flushIntervalMs: 60_000 });
    service.behave = ({ lines }) => (lines.some((line) => line.includes('"e37"')) ? answer : undefined);
    await report(100);
    await reporter.flush();
    expect(rejectedIn(dir)).toMatchObject([{ status: 'rejected', code, event: { id: 'e37' } }]);
    expect(service.stored.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, n) => `e${n}`).filter((id) => id !== 'e37'));
    expect(reporter.stats()).toMatchObject({ ...none, delivered: 99, accepted: 99, rejected: 1 });
  });

  test('a gateway that refuses everything does not empty the backlog in a moment', async () => {
    await opened({ retry: { firstMs: 50, maxMs: 60_000 }, random: () => 0.99, batchEventsMax: 1 });
    service.behave = () => ({ status: 413, body: '' });
    await report(100);
    await until(() => reporter.stats().rejected >= 3);
    expect(service.times[2]! - service.times[0]!).toBeGreaterThan(140);
    expect(reporter.stats().lastError).toMatchObject({ status: 413 });
  });
});
