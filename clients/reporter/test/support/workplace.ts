import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RejectedEvent, UsageEvent } from '../../src/reporter.js';

/** A directory for each call, removed when the test file is done. */
export function workplaces(): () => string {
  const dirs: string[] = [];
  afterAll(() => {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });
  return () => {
    const dir = mkdtempSync(join(tmpdir(), 'wharfage-reporter-'));
    dirs.push(dir);
    return dir;
  };
}

export async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain until ${holds.toString()}`);
    await sleep(5);
  }
}

export const event = (n: number): UsageEvent => ({ type: 'node.state', subject: 'acme', id: `e${n}`, data: { node: 'n1', nodes: n } });

export function rejectedIn(dir: string): RejectedEvent[] {
  const lines = readFileSync(join(dir, 'rejected.ndjson'), 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as RejectedEvent);
}
