import { parseArgs } from 'node:util';
import { OPERATOR } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import { ArchiveUsage, inWords, type MonthOutcome } from '../invoices/archive/archive-usage.js';
import { DamagedFile } from '../usage/archive/archive-files.js';
import type { ArchivedFile } from '../usage/archive/archive-records.js';
import { RestoreMonth } from '../usage/archive/restore-month.js';
import { isMonth, type Month } from '../usage/months.js';
import { type Command, OperatorError, UsageError } from './command.js';
import { type CommandContext, openContext } from './context.js';

export const archive: Command = {
  summary: 'move the usage events of old months to files, or back',
  usage: `Usage: wharfage archive --before YYYY-MM [--dry-run]
       wharfage archive --restore YYYY-MM

  --before   archive the events of the months before this one that no bill needs any more
  --dry-run  only say which months those are, and what the others are needed for
  --restore  put the events of this month back into the database; the files stay

Files are Parquet, in USAGE_ARCHIVE_DIR. What was cut off is done again by the same command.`,
  async run(args) {
    const wanted = options(args);
    const context = await openContext();
    try {
      await context.app.get(Clock).refresh();
      return 'restore' in wanted ? await restored(context, wanted.restore) : await archived(context, wanted);
    } catch (error) {
      throw error instanceof DamagedFile ? new OperatorError(error.message, { cause: error }) : error;
    } finally {
      await context.close();
    }
  },
};

async function archived({ app }: CommandContext, wanted: { readonly before: Month; readonly dryRun: boolean }): Promise<number> {
  const outcomes = await app.get(ArchiveUsage).run(OPERATOR, wanted);
  const lines = outcomes.map((outcome) => `${outcome.month}: ${told(outcome, wanted.dryRun)}\n`);
  process.stdout.write(lines.length === 0 ? 'there are no events of such months\n' : lines.join(''));
  return outcomes.every(({ obstacles }) => obstacles.length === 0) ? 0 : 1;
}

function told({ files, obstacles }: MonthOutcome, dryRun: boolean): string {
  if (obstacles.length > 0) return `stays: ${inWords(obstacles)}`;
  if (dryRun) return 'would be archived';
  return files.length === 0 ? 'had no events' : summary(files);
}

async function restored({ app }: CommandContext, month: Month): Promise<number> {
  const files = await app.get(RestoreMonth).run(OPERATOR, month);
  process.stdout.write(`${month}: put back, ${summary(files)}\n`);
  return 0;
}

const summary = (files: readonly ArchivedFile[]): string =>
  files.map(({ file, events, bytes }) => `${String(events)} events in ${file} (${String(bytes)} bytes)`).join(', ');

function options(args: readonly string[]): { readonly restore: Month } | { readonly before: Month; readonly dryRun: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { before: { type: 'string' }, restore: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
    });
    const { before, restore, 'dry-run': dryRun } = values;
    if ((before === undefined) === (restore === undefined)) throw new UsageError('say either --before or --restore');
    if (!isMonth(before ?? restore ?? '')) throw new UsageError('say a month, such as 2025-01');
    return restore === undefined ? { before: before ?? '', dryRun } : { restore };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}
