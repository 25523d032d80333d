import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, renameSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from './undo.mjs';

const MIB = 1024 * 1024;

function run(command, ...args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** A small disk in memory. */
export function mountSmall(folder, mib) {
  run('mount', '-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder);
  return atEnd(() => run('umount', folder));
}

/** Moves a folder onto a small disk of its own, in its place. */
export function moveToSmall(folder, mib) {
  const { uid, gid, mode } = statSync(folder);
  const before = `${folder}.before`;
  renameSync(folder, before);
  mkdirSync(folder);
  mountSmall(folder, mib);
  run('cp', '-a', `${before}/.`, folder);
  chownSync(folder, uid, gid);
  chmodSync(folder, mode);
  rmSync(before, { recursive: true });
}

/** Fills the disk of a folder but for so much. Answers how to make room again. */
export function fill(folder, { leaveMib }) {
  const ballast = join(folder, 'ballast');
  const file = openSync(ballast, 'w');
  const part = Buffer.alloc(MIB / 4);
  const free = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  while (free() >= leaveMib * MIB + part.length) writeSync(file, part);
  closeSync(file);
  return atEnd(() => rmSync(ballast, { force: true }));
}
