import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ReporterOptions } from '../../src/reporter.js';
import { until } from './workplace.js';

export interface Work {
  readonly options: Pick<ReporterOptions, 'url' | 'dir'> & Partial<ReporterOptions>;
  readonly first?: number;
  readonly count: number;
  readonly width: number;
  /** No faster than this. */
  readonly perSecond?: number;
  /** A file of events, one a line, to report instead of made-up ones: `first` and `count` are of its lines. */
  readonly events?: string;
  readonly deadlineMs?: number;
  readonly then?: 'close' | 'wait';
  readonly listener?: boolean;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The package as it is published, compiled by its own settings. */
export function compile(dir: string): string {
  const { status, stdout } = spawnSync(process.execPath, [
    here('../../../../node_modules/typescript/bin/tsc'),
    ...['-p', here('../../tsconfig.build.json'), '--outDir', dir],
  ]);
  if (status !== 0) throw new Error(stdout.toString());
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  return pathToFileURL(join(dir, 'reporter.js')).href;
}

/** A process that reports. */
export class Child {
  private readonly process: ChildProcess;
  private readonly exit: Promise<unknown[]>;
  private output = '';

  constructor(
    reporter: string,
    { options, ...work }: Work,
    { flags = [], fileBlocksMax }: { flags?: string[]; fileBlocksMax?: number } = {},
  ) {
    const defaults = { apiKey: 'key', source: 'cloud', flushIntervalMs: 5, retry: { firstMs: 5, maxMs: 50 } };
    const parameters = JSON.stringify({ reporter, options: { ...defaults, ...options }, ...work });
    const command = [process.execPath, ...flags, here('child.mjs'), parameters];
    const limited = fileBlocksMax === undefined ? 'exec "$@"' : `ulimit -f ${fileBlocksMax}; exec "$@"`;
    this.process = spawn('sh', ['-c', limited, 'sh', ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.exit = once(this.process, 'close');
    this.process.stdout?.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
  }

  /** What it has said with this word first: the other words. */
  said(word: string): string[][] {
    const lines = this.output.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(' ').slice(1));
  }

  says(word: string): Promise<void> {
    return until(() => this.said(word).length > 0);
  }

  /** Kills it, or waits until it ends by itself. */
  async ended(signal?: NodeJS.Signals): Promise<{ code: unknown; signal: unknown }> {
    if (signal) this.process.kill(signal);
    const [code, by] = await this.exit;
    return { code, signal: by };
  }
}
