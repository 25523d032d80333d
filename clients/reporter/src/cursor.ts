import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './sync-directory.js';

/** A place between two lines: everything before it is settled. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

const NAME = 'cursor.json';

/** Where an earlier process got to. `undefined` where that cannot be told: then all that is there is sent again, which does no harm. */
export async function loadCursor(dir: string): Promise<Position | undefined> {
  try {
    return read(await readFile(join(dir, NAME), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the cursor at once: a crash leaves the old one or the new one. */
export async function saveCursor(dir: string, { segment, offset }: Position): Promise<void> {
  const temporary = join(dir, `${NAME}.tmp`);
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(`${JSON.stringify({ segment, offset })}\n`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(dir, NAME));
  await syncDirectory(dir);
}

function read(text: string): Position | undefined {
  try {
    const { segment, offset } = (JSON.parse(text) ?? {}) as Partial<Record<keyof Position, unknown>>;
    return isCount(segment) && isCount(offset) ? { segment, offset } : undefined;
  } catch {
    return undefined;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
