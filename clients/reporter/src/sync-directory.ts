import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const NOT_SUPPORTED = new Set(['EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP']);

/** Makes names that were created, renamed or removed in a directory last; where the file system knows no such thing, nothing. */
export async function syncDirectory(dir: string): Promise<void> {
  try {
    const handle = await open(dir, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!NOT_SUPPORTED.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Makes a directory, and those above it, so that they last. Others may not read it: it will hold what accounts use. */
export async function makeDirectory(dir: string): Promise<void> {
  const first = await mkdir(resolve(dir), { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = resolve(dir); ; made = dirname(made)) {
    await syncDirectory(dirname(made));
    if (made === first) return;
  }
}
