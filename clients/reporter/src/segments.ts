import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = /^segment-(\d{12})\.ndjson$/;
const NEWLINE = 10;
const CHUNK_BYTES = 256 * 1024;

/** Whole lines from one segment. */
export interface Lines {
  readonly bytes: Buffer;
  readonly events: number;
}

export const segmentPath = (dir: string, number: number): string => join(dir, `segment-${String(number).padStart(12, '0')}.ndjson`);

/** The numbers of the segments in a directory, oldest first. */
export async function segmentsIn(dir: string): Promise<number[]> {
  const numbers = (await readdir(dir)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

/** How many whole lines a file has from an offset on, and where the last of them ends: what follows it was torn by a crash. */
export async function measure(path: string, from: number): Promise<{ readonly events: number; readonly end: number }> {
  return reading(path, async (handle) => {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let [events, end] = [0, from];
    for (let at = from; ;) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return { events, end };
      const read = chunk.subarray(0, bytesRead);
      for (let newline = read.indexOf(NEWLINE); newline >= 0; newline = read.indexOf(NEWLINE, newline + 1)) {
        events += 1;
        end = at + newline + 1;
      }
      at += bytesRead;
    }
  });
}

/** The next lines from an offset: at most so many and so many bytes, but at least one. `end` is the end of a line. */
export async function readLines(
  path: string,
  {
    from,
    end,
    eventsMax,
    bytesMax,
  }: { readonly from: number; readonly end: number; readonly eventsMax: number; readonly bytesMax: number },
): Promise<Lines> {
  return reading(path, async (handle) => {
    // A line longer than a batch is debris of a failed disk; it is sent too, to be refused and set aside like any other bad line.
    for (let window = bytesMax; ; window *= 2) {
      const length = Math.min(window, end - from);
      const bytes = await readFully(handle, from, length);
      if (bytes.length < length) throw new Error(`${path} ends at byte ${from + bytes.length}, but ${end} bytes were written.`);
      const lines = firstLines(bytes, eventsMax);
      if (lines.events > 0) return lines;
      if (from + length >= end) throw new Error(`${path} has no line between bytes ${from} and ${end}.`);
    }
  });
}

function firstLines(bytes: Buffer, eventsMax: number): Lines {
  let [events, end] = [0, 0];
  while (events < eventsMax) {
    const newline = bytes.indexOf(NEWLINE, end);
    if (newline < 0) break;
    events += 1;
    end = newline + 1;
  }
  return { bytes: bytes.subarray(0, end), events };
}

async function readFully(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function reading<T>(path: string, read: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r');
  try {
    return await read(handle);
  } finally {
    await handle.close();
  }
}
