import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Who holds it, and when that process started. All is in the name: an empty file can be made on a full disk too, and never half. */
const NAME = /^lock-(\d+)-(\d+)-[0-9a-f-]{36}$/;

const UNKNOWN = '0';

/** Locks of this process: after a restart in a container another process may bear the same pid. */
const held = new Set<string>();

/** The directory belongs to a process that runs. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';

  constructor(
    readonly dir: string,
    readonly pid: number,
  ) {
    super(`${dir} is in use by process ${pid}: give each reporter a directory of its own.`);
  }
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a directory for this process; what a dead process left is removed. Each puts down a file of its own first and looks around then, so
 * that of two that start at once neither can miss the other; at worst both give way.
 * @throws DirectoryInUseError
 */
export async function lockDirectory(dir: string): Promise<Lock> {
  const name = `lock-${process.pid}-${startOf(process.pid)}-${randomUUID()}`;
  const path = resolve(dir, name);
  const release = async (): Promise<void> => {
    held.delete(path);
    await rm(path, { force: true });
  };
  held.add(path);
  try {
    await writeFile(path, '', { flag: 'wx' });
    for (const other of await readdir(dir)) {
      const [, pid, started] = NAME.exec(other) ?? [];
      if (pid === undefined || other === name) continue;
      if (isHeld(resolve(dir, other), Number(pid), started)) throw new DirectoryInUseError(dir, Number(pid));
      await rm(join(dir, other), { force: true });
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

function isHeld(path: string, pid: number, started: string | undefined): boolean {
  if (pid === process.pid) return held.has(path);
  return isAlive(pid) && (started === UNKNOWN || started === startOf(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return statOf(pid)?.[0] !== 'Z'; // a zombie answers signals, but will never let go
}

/** When a process started, so that another one with its pid is told apart. Only Linux says so. */
const startOf = (pid: number): string => statOf(pid)?.[19] ?? UNKNOWN;

/** The fields of /proc/pid/stat that follow the name, which may hold blanks and brackets. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
