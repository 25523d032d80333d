import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Month } from '../months.js';
import { EventFile, lookedAt } from './event-files.js';
import type { WrittenFile } from './archive-records.js';
import type { EventRow } from './event-rows.js';

/** One file holds no more, so that each can be read and copied by itself. */
const FILE_EVENTS_MAX = 5_000_000;
const FILE_BYTES_MAX = 1024 * 1024 * 1024;

const UNFINISHED = '.writing';

const nameOf = (month: Month, part: number): string => `usage-${month}-${String(part).padStart(4, '0')}.parquet`;

/** What was read back from a file is not what was written. */
export class DamagedFile extends Error {
  constructor(path: string, what: string) {
    super(`${path} is damaged: ${what}`);
    this.name = 'DamagedFile';
  }
}

/** Writes a month's events to files, from the given part on. Files are whole, on the disk and read back when they get their names. @throws DamagedFile */
export async function writeFiles(
  dir: string,
  { month, part, batches }: { readonly month: Month; readonly part: number; readonly batches: AsyncIterable<readonly EventRow[]> },
): Promise<WrittenFile[]> {
  await mkdir(dir, { recursive: true });
  const files: WrittenFile[] = [];
  let writing: EventFile | undefined;
  const pathOf = (): string => join(dir, `${nameOf(month, part + files.length)}${UNFINISHED}`);
  const finish = async (file: EventFile): Promise<void> => {
    await file.finish();
    files.push(await named(dir, { month, part: part + files.length, written: file }));
    writing = undefined;
  };
  for await (const rows of batches) {
    writing ??= new EventFile(pathOf());
    await writing.add(rows);
    if (writing.content.events >= FILE_EVENTS_MAX || writing.bytes >= FILE_BYTES_MAX) await finish(writing);
  }
  if (writing) await finish(writing);
  return files;
}

/** Reads a file back, and gives it its name. */
async function named(
  dir: string,
  { month, part, written }: { readonly month: Month; readonly part: number; readonly written: EventFile },
): Promise<WrittenFile> {
  const file = nameOf(month, part);
  const path = join(dir, `${file}${UNFINISHED}`);
  const { content, bytes, sha256 } = await lookedAt(path);
  const [events, contentSha256] = [written.content.events, written.content.digest()];
  if (content.events !== events) throw new DamagedFile(path, `${String(content.events)} of ${String(events)} events were read back`);
  if (content.digest() !== contentSha256) throw new DamagedFile(path, 'other events were read back than were written');
  await rename(path, join(dir, file));
  await syncFolder(dir);
  return { month, part, file, events, bytes, sha256, contentSha256, types: [...written.types].sort(), lastSeq: written.lastSeq };
}

/** A name is on the disk when its folder is. */
async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes files of a month from that part on: what a run left that did not come to its end. */
export async function removeFrom(dir: string, month: Month, part: number): Promise<void> {
  const names = await readdir(dir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    const [, of, n] = /^usage-(\d{4}-\d{2})-(\d{4,})\.parquet(?:\.writing)?$/.exec(name) ?? [];
    if (of === month && Number(n) >= part) await rm(join(dir, name));
  }
}
