import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryInUseError, lockDirectory } from '../src/lock.js';
import { until, workplaces } from './support/workplace.js';

const workplace = workplaces();
const lockOf = (dir: string, pid: number, started = '0'): void => writeFileSync(join(dir, `lock-${pid}-${started}-${randomUUID()}`), '');

test('a directory belongs to one at a time, also within a process', async () => {
  const dir = workplace();
  const lock = await lockDirectory(dir);
  await expect(lockDirectory(dir)).rejects.toThrow(DirectoryInUseError);
  await lock.release();
  await (await lockDirectory(dir)).release();
  expect(readdirSync(dir)).toEqual([]);
});

test('of many that come at once, one at most gets it', async () => {
  for (let round = 0; round < 20; round += 1) {
    const dir = workplace();
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => lockDirectory(dir)));
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
  }
});

test('a process that runs keeps it', async () => {
  const dir = workplace();
  lockOf(dir, process.ppid);
  await expect(lockDirectory(dir)).rejects.toThrow(`in use by process ${process.ppid}`);
  expect(readdirSync(dir).length).toBe(1);
});

test.each([
  ['is dead', () => Promise.resolve(spawnSync('true').pid)],
  ['had the pid that is ours now', () => Promise.resolve(process.pid)],
])('it is taken over from a process that %s', async (_name, pid) => {
  const dir = workplace();
  lockOf(dir, await pid());
  const lock = await lockDirectory(dir);
  expect(readdirSync(dir).length).toBe(1);
  await lock.release();
});

const linux = process.platform === 'linux' ? test : test.skip;

linux('it is taken over from a process whose pid another has now', async () => {
  const dir = workplace();
  lockOf(dir, process.ppid, '1');
  await (await lockDirectory(dir)).release();
});

linux('it is taken over from a zombie', async () => {
  const dir = workplace();
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 20']); // the second sleep never asks what became of the first
  try {
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    lockOf(dir, pid);
    await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z'));
    await (await lockDirectory(dir)).release();
  } finally {
    parent.kill();
  }
});
