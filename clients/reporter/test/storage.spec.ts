import { appendFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AppendFile, type OpenFile } from '../src/append-file.js';
import { Backlog } from '../src/backlog.js';
import { loadCursor, saveCursor } from '../src/cursor.js';
import { Journal, type JournalOptions } from '../src/journal.js';
import { measure, readLines, segmentPath, segmentsIn } from '../src/segments.js';
import { until, workplaces } from './support/workplace.js';

const workplace = workplaces();
const unexpected = (error: unknown): never => {
  throw error;
};
const line = (text: string): Buffer => Buffer.from(`${JSON.stringify({ time: text })}\n`);

/** A disk on which the next writes go as told: so many bytes, then an error. Everything that is done to it is noted. */
function disk(): {
  openFile: OpenFile;
  done: string[];
  failAfterBytes: number;
  truncateFails: boolean;
  syncFails: boolean;
  hold?: Promise<void>;
} {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  const state: ReturnType<typeof disk> = {
    done: [],
    failAfterBytes: Infinity,
    truncateFails: false,
    syncFails: false,
    openFile: async (path, flags) => {
      const handle = await open(path, flags);
      const write = async (bytes: Buffer, offset: number) => {
        await state.hold;
        if (state.failAfterBytes <= 0) throw full;
        const length = Math.min(bytes.length - offset, state.failAfterBytes);
        state.failAfterBytes -= length;
        state.done.push(`write ${length}`);
        return handle.write(bytes, offset, length);
      };
      return {
        write: write as unknown as FileHandle['write'],
        truncate: async (length) => {
          if (state.truncateFails) throw full;
          state.done.push(`truncate ${length ?? 0}`);
          await handle.truncate(length);
        },
        datasync: async () => {
          if (state.syncFails) throw full;
          state.done.push('sync');
          await handle.datasync();
        },
        close: () => handle.close(),
      };
    },
  };
  return state;
}

function journalIn(dir: string, options: Partial<JournalOptions> = {}): Journal {
  return new Journal({
    dir,
    nextSegment: 1,
    segmentBytesMax: 1_000_000,
    memoryBytesMax: 1_000_000,
    fsync: 'always',
    fsyncIntervalMs: 1,
    onSegment: () => undefined,
    onStored: () => undefined,
    onProblem: unexpected,
    ...options,
  });
}

/** Segments as a process left them. */
function leave(dir: string, segments: Readonly<Record<number, string>>): void {
  for (const [number, text] of Object.entries(segments)) writeFileSync(segmentPath(dir, Number(number)), text);
}

describe('a file that only grows', () => {
  test('a piece that fits in part leaves nothing behind, and the next one follows the last whole one', async () => {
    const [path, state] = [join(workplace(), 'f'), disk()];
    const file = await AppendFile.open(path, { length: 0, flags: 'ax', openFile: state.openFile });
    await file.append(line('one'), { sync: true });
    state.failAfterBytes = 5;
    await expect(file.append(line('two'), { sync: true })).rejects.toThrow('no space left');
    expect(readFileSync(path, 'utf8')).toBe(line('one').toString());
    state.failAfterBytes = Infinity;
    await file.append(line('three'), { sync: true });
    expect(readFileSync(path, 'utf8')).toBe(`${line('one').toString()}${line('three').toString()}`);
    await file.close();
  });

  test('where not even the torn piece can be cut off, nothing is written until it can', async () => {
    const [path, state] = [join(workplace(), 'f'), disk()];
    const file = await AppendFile.open(path, { length: 0, flags: 'ax', openFile: state.openFile });
    Object.assign(state, { failAfterBytes: 5, truncateFails: true });
    await expect(file.append(line('one'), { sync: true })).rejects.toThrow('no space left');
    state.failAfterBytes = Infinity;
    await expect(file.append(line('two'), { sync: true })).rejects.toThrow('no space left');
    state.truncateFails = false;
    await file.append(line('three'), { sync: true });
    expect(readFileSync(path, 'utf8')).toBe(line('three').toString());
    await file.close();
  });

  test('a piece that did not reach the disk is cut off again', async () => {
    const [path, state] = [join(workplace(), 'f'), disk()];
    const file = await AppendFile.open(path, { length: 0, flags: 'ax', openFile: state.openFile });
    state.syncFails = true;
    await expect(file.append(line('one'), { sync: true })).rejects.toThrow('no space left');
    expect(readFileSync(path, 'utf8')).toBe('');
    await file.close();
  });
});

describe('the journal', () => {
  test('with fsync "always", a line is on the disk before its writer is told', async () => {
    const state = disk();
    const journal = journalIn(workplace(), { openFile: state.openFile });
    await journal.append(line('one')).then(() => state.done.push('told'));
    expect(state.done).toEqual([`write ${line('one').length}`, 'sync', 'told']);
    await journal.close();
  });

  test('with fsync "interval", it is on the disk a moment later', async () => {
    const state = disk();
    const journal = journalIn(workplace(), { openFile: state.openFile, fsync: 'interval' });
    await journal.append(line('one')).then(() => state.done.push('told'));
    await until(() => state.done.includes('sync'));
    expect(state.done).toEqual([`write ${line('one').length}`, 'told', 'sync']);
    await journal.close();
  });

  test('lines that come together share a write, and keep their order', async () => {
    const [dir, state] = [workplace(), disk()];
    const journal = journalIn(dir, { openFile: state.openFile });
    await Promise.all(Array.from({ length: 100 }, (_, n) => journal.append(line(String(n)))));
    expect(state.done.filter((act) => act === 'sync').length).toBeLessThan(5);
    const times = readFileSync(segmentPath(dir, 1), 'utf8').trim().split('\n');
    expect(times).toEqual(Array.from({ length: 100 }, (_, n) => line(String(n)).toString().trim()));
    await journal.close();
  });

  test('writers wait for room rather than fill the memory', async () => {
    let release = (): void => undefined;
    const state = disk();
    state.hold = new Promise((resolve) => (release = resolve));
    let stored = 0;
    const journal = journalIn(workplace(), {
      openFile: state.openFile,
      memoryBytesMax: line('0').length * 10,
      onStored: ({ events }) => {
        expect(events).toBeLessThanOrEqual(10);
        stored += events;
      },
    });
    const all = Promise.all(Array.from({ length: 100 }, (_, n) => journal.append(line(String(n % 10)))));
    release();
    await all;
    expect(stored).toBe(100);
    await journal.close();
  });

  test('a full disk refuses the lines at hand, and only these', async () => {
    const [dir, state] = [workplace(), disk()];
    const journal = journalIn(dir, { openFile: state.openFile });
    await journal.append(line('one'));
    state.failAfterBytes = 3;
    await expect(journal.append(line('two'))).rejects.toThrow('no space left');
    state.failAfterBytes = Infinity;
    await journal.append(line('three'));
    expect(await measure(segmentPath(dir, 1), 0)).toEqual({ events: 2, end: line('one').length + line('three').length });
    await journal.close();
  });

  test('a full segment is followed by another one', async () => {
    const dir = workplace();
    const begun: number[] = [];
    const journal = journalIn(dir, { segmentBytesMax: 20, nextSegment: 7, onSegment: (segment) => begun.push(segment) });
    for (const text of ['one', 'two', 'three']) await journal.append(line(text));
    expect(begun).toEqual([7, 8]);
    expect(await segmentsIn(dir)).toEqual([7, 8]);
    await journal.close();
  });
});

describe('segments', () => {
  test('are read by whole lines, so many or so many bytes at most', async () => {
    const dir = workplace();
    leave(dir, { 1: 'aa\nbb\ncc\ndd\n' });
    const read = (eventsMax: number, bytesMax: number, from = 0) => readLines(segmentPath(dir, 1), { from, end: 12, eventsMax, bytesMax });
    expect((await read(3, 100)).bytes.toString()).toBe('aa\nbb\ncc\n');
    expect((await read(3, 7)).bytes.toString()).toBe('aa\nbb\n');
    expect((await read(3, 100, 6)).bytes.toString()).toBe('cc\ndd\n');
    expect((await read(1, 2)).bytes.toString()).toBe('aa\n'); // longer than a batch, and yet sent
  });

  test('that are shorter than what was written are told, not passed over', async () => {
    const dir = workplace();
    leave(dir, { 1: 'aa\n' });
    await expect(readLines(segmentPath(dir, 1), { from: 0, end: 6, eventsMax: 9, bytesMax: 9 })).rejects.toThrow('ends at byte 3');
  });

  test('many chunks long are measured whole', async () => {
    const dir = workplace();
    leave(dir, { 1: `${'x'.repeat(999)}\n`.repeat(1000) + 'torn' });
    expect(await measure(segmentPath(dir, 1), 0)).toEqual({ events: 1000, end: 1_000_000 });
    expect(await measure(segmentPath(dir, 1), 999_000)).toEqual({ events: 1, end: 1_000_000 });
  });
});

describe('the cursor', () => {
  test('is what was saved last', async () => {
    const dir = workplace();
    expect(await loadCursor(dir)).toBeUndefined();
    await saveCursor(dir, { segment: 1, offset: 20 });
    await saveCursor(dir, { segment: 2, offset: 0 });
    expect(await loadCursor(dir)).toEqual({ segment: 2, offset: 0 });
    expect(readdirSync(dir)).toEqual(['cursor.json']);
  });

  test.each(['', '{"segment":', 'null', '{"segment":1}', '{"segment":-1,"offset":0}', '{"segment":"1","offset":0}'])(
    'that says %j says nothing: all is sent again',
    async (text) => {
      const dir = workplace();
      writeFileSync(join(dir, 'cursor.json'), text);
      expect(await loadCursor(dir)).toBeUndefined();
    },
  );
});

describe('the backlog', () => {
  const everything = { eventsMax: 1000, bytesMax: 1_000_000 };

  test('of an earlier process is found, without the line that its crash tore', async () => {
    const dir = workplace();
    leave(dir, { 3: 'aa\nbb\n', 4: 'cc\ndd\nto' });
    await saveCursor(dir, { segment: 3, offset: 3 });
    const backlog = await Backlog.open(dir, unexpected);
    expect([backlog.recovered, backlog.pendingEvents, backlog.pendingBytes, backlog.nextSegment]).toEqual([3, 3, 9, 5]);
    const first = await backlog.read(everything);
    expect(first.bytes.toString()).toBe('bb\n');
    await backlog.settle(first);
    expect(await segmentsIn(dir)).toEqual([4]);
    const second = await backlog.read(everything);
    expect(second.bytes.toString()).toBe('cc\ndd\n');
    await backlog.settle(second);
    expect([backlog.pendingEvents, backlog.pendingBytes]).toEqual([0, 0]);
    await backlog.close();
    expect(await segmentsIn(dir)).toEqual([]);
  });

  test('without a cursor begins at the oldest segment; segments before the cursor are gone', async () => {
    const dir = workplace();
    leave(dir, { 3: 'aa\n', 4: 'bb\n' });
    expect((await Backlog.open(dir, unexpected)).recovered).toBe(2);
    await saveCursor(dir, { segment: 4, offset: 0 });
    expect((await Backlog.open(dir, unexpected)).recovered).toBe(1);
    expect(await segmentsIn(dir)).toEqual([4]);
  });

  test('never writes where the cursor has been, although a power failure took lines that were delivered', async () => {
    const dir = workplace();
    leave(dir, { 4: 'aa\nbb\ncc\n' });
    await saveCursor(dir, { segment: 4, offset: 9 });
    truncateSync(segmentPath(dir, 4), 3);
    const backlog = await Backlog.open(dir, unexpected);
    expect([backlog.recovered, backlog.pendingBytes, backlog.nextSegment]).toEqual([0, 0, 5]);
    backlog.begin(5);
    backlog.grow({ bytes: 3, events: 1, first: Buffer.from('dd\n') });
    leave(dir, { 5: 'dd\n' });
    expect((await backlog.read(everything)).bytes.toString()).toBe('dd\n');
  });

  test('goes on where the cursor cannot be saved, makes room, and says so', async () => {
    const dir = workplace();
    leave(dir, { 1: 'aa\n', 2: 'bb\n' });
    const problems: unknown[] = [];
    const backlog = await Backlog.open(dir, (error) => problems.push(error));
    mkdirSync(join(dir, 'cursor.json.tmp')); // cannot be opened as a file
    await backlog.settle(await backlog.read(everything));
    expect([problems.length, backlog.pendingEvents]).toEqual([1, 1]);
    expect(await segmentsIn(dir)).toEqual([2]);
    expect((await Backlog.open(dir, unexpected)).recovered).toBe(1);
  });

  test('knows up to when usage is delivered', async () => {
    const dir = workplace();
    const backlog = await Backlog.open(dir, unexpected);
    expect(backlog.oldestPendingAt).toBeNull();
    const lines = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'].map(line);
    backlog.begin(1);
    for (const each of lines) {
      appendFileSync(segmentPath(dir, 1), each);
      backlog.grow({ bytes: each.length, events: 1, first: each });
    }
    expect(backlog.oldestPendingAt).toBe('2026-01-01T00:00:00Z');
    expect((await Backlog.open(dir, unexpected)).oldestPendingAt).toBe('2026-01-01T00:00:00Z');
    await backlog.settle(await backlog.read({ eventsMax: 1, bytesMax: 100 }));
    expect(backlog.oldestPendingAt).toBe('2026-01-01T00:00:01Z');
    await backlog.settle(await backlog.read({ eventsMax: 1, bytesMax: 100 }));
    expect(backlog.oldestPendingAt).toBeNull();
  });
});
