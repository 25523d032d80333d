import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { Refusal } from '../../domain/refusal.js';
import { type Command, UsageError } from '../command.js';
import { openContext } from '../context.js';
import type { FileLine } from './file-line.js';
import { GivenTwice } from './given-twice.js';
import { fieldsOf, type Importable, IMPORTABLES, type Importer, type Outcome } from './importers.js';
import { refuseUnreadable } from './readable.js';
import { type Format, records } from './records.js';

const CHUNK = 500;

export const importCommand: Command = {
  summary: 'move accounts and running subscriptions in from another system',
  usage: `Usage: wharfage import accounts|subscriptions FILE [--format csv|jsonl] [--dry-run]

  --format   the form of the file; by its name if left out (.csv, .jsonl, .ndjson)
  --dry-run  check every line, and store nothing

Import accounts first. CSV has the names of fields in its first line (a dot leads into a field: address.city, quantities.seat); in JSON Lines
each line is an object.

accounts:       the fields of PUT /v2/accounts, and openingBalance, providerCustomer, providerMethod
subscriptions:  reference, account, plan, planVersion, anchorAt, paidThrough, quantities, endsAt

Lines that are refused are told with their numbers, and the others are taken in, ${String(CHUNK)} in a transaction. A file may be imported again, also
after it was cut off: the same lines again change nothing. What a file says about one account or subscription twice is taken once. No service before
paidThrough is charged. The exit status is 1 where a line was refused or the file could not be read.`,
  async run(args) {
    const { importable, file, format, dryRun } = options(args);
    await refuseUnreadable(file);
    const context = await openContext();
    try {
      await context.app.get(Clock).refresh();
      const counts = await imported(context.app, importable, { file, format, dryRun });
      const { created, changed, unchanged, refused } = counts;
      process.stdout.write(
        `${String(created + changed + unchanged + refused)} lines: ${String(created)} created, ${String(changed)} changed, ${String(unchanged)} unchanged, ${String(refused)} refused${dryRun ? ' (nothing was stored)' : ''}\n`,
      );
      return refused === 0 ? 0 : 1;
    } finally {
      await context.close();
    }
  },
};

interface Source {
  readonly file: string;
  readonly format: Format;
  readonly dryRun: boolean;
}

type Counts = Record<'created' | 'changed' | 'unchanged' | 'refused', number>;

/** Undoes a chunk whose outcomes are all that is wanted. */
class DryRun extends Error {
  constructor(readonly outcomes: readonly Outcome[]) {
    super('dry run');
  }
}

async function imported(app: INestApplicationContext, importable: Importable, { file, format, dryRun }: Source): Promise<Counts> {
  const counts: Counts = { created: 0, changed: 0, unchanged: 0, refused: 0 };
  const twice = new GivenTwice(importable.name);
  const take = async (chunk: readonly FileLine[]): Promise<void> => {
    const byLine = new Map<FileLine, Outcome | undefined>(chunk.map((line) => [line, twice.refusal(line)]));
    const fresh = chunk.filter((line) => line.record !== undefined && byLine.get(line) === undefined);
    const outcomes = await outcomesOf(app, importable.take, fresh, dryRun);
    fresh.forEach((line, i) => byLine.set(line, outcomes[i]));
    for (const line of chunk) tell(line, byLine.get(line), counts);
  };
  let chunk: FileLine[] = [];
  for await (const line of records(file, format, fieldsOf(importable))) {
    chunk.push(line);
    if (chunk.length < CHUNK) continue;
    await take(chunk);
    chunk = [];
  }
  if (chunk.length > 0) await take(chunk);
  return counts;
}

async function outcomesOf(
  app: INestApplicationContext,
  importer: Importer,
  lines: readonly FileLine[],
  dryRun: boolean,
): Promise<readonly Outcome[]> {
  try {
    return await app.get(Database).transaction(async (tx) => {
      const outcomes = await importer(
        app,
        tx,
        lines.map(({ record }) => record ?? {}),
      );
      if (dryRun) throw new DryRun(outcomes);
      return outcomes;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.outcomes;
    throw error;
  }
}

function tell({ line, problem }: FileLine, outcome: Outcome | undefined, counts: Counts): void {
  if (typeof outcome === 'string') {
    counts[outcome] += 1;
    return;
  }
  counts.refused += 1;
  const reasons = outcome instanceof Refusal ? reasonsOf(outcome) : [`unreadable: ${problem ?? ''}`];
  for (const reason of reasons) process.stderr.write(`line ${String(line)}: ${reason}\n`);
}

const reasonsOf = ({ code, detail, problems }: Refusal): string[] =>
  problems.length === 0 ? [`${code}: ${detail}`] : problems.map((problem) => `${problem.pointer} ${problem.code}: ${problem.detail}`);

function options(args: readonly string[]): Source & { readonly importable: Importable } {
  const { values, positionals } = parsed(args);
  const [what = '', file] = positionals;
  const importable = Object.hasOwn(IMPORTABLES, what) ? IMPORTABLES[what as keyof typeof IMPORTABLES] : undefined;
  if (!importable) throw new UsageError(`say what to import: ${Object.keys(IMPORTABLES).join(' or ')}`);
  if (file === undefined || !existsSync(file)) throw new UsageError(file === undefined ? 'say which file' : `there is no file ${file}`);
  const format = values.format ?? (file.endsWith('.csv') ? 'csv' : /\.(jsonl|ndjson)$/.test(file) ? 'jsonl' : undefined);
  if (format !== 'csv' && format !== 'jsonl') throw new UsageError('say what form the file has: --format csv or --format jsonl');
  return { importable, file, format, dryRun: values['dry-run'] };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { format: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
