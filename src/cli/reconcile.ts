import { parseArgs } from 'node:util';
import { OPERATOR } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import { DAY, type Instant, parseInstant } from '../domain/instant.js';
import { Reconcile } from '../payments/reconciliation/reconcile.js';
import type { Reconciliation } from '../payments/reconciliation/reconciliation-records.js';
import { Providers } from '../providers/providers.js';
import { type Command, UsageError } from './command.js';
import { openContext } from './context.js';
import { aligned } from './text-table.js';

export const reconcileCommand: Command = {
  summary: 'compare payments and refunds with the books of their providers',
  usage: `Usage: wharfage reconcile [--provider NAME] [--from INSTANT] [--to INSTANT]

  --provider  only with this one; with all that keep books, if left out
  --from      what was begun at this instant or later; a day before --to, if left out
  --to        what was begun before this instant; now, if left out

Prints how many drifts there are of each kind, and keeps them (GET /v2/reconciliation). Nothing is mended. Exit status 0 when nothing differs, else 1.`,
  async run(args) {
    const { provider, from, to } = options(args);
    const context = await openContext();
    const { app } = context;
    try {
      await app.get(Clock).refresh();
      const until = to ?? app.get(Clock).now();
      const names = provider === undefined ? app.get(Providers).withRecords.map(({ name }) => name) : [provider];
      let differs = false;
      for (const name of names) {
        const compared = { provider: name, cause: 'request', from: from ?? until - DAY, to: until } as const;
        const report = await app.get(Reconcile).run(OPERATOR, compared);
        process.stdout.write(told(report));
        differs ||= Object.keys(report.drifts).length > 0;
      }
      return differs ? 1 : 0;
    } finally {
      await context.close();
    }
  },
};

function told({ id, provider, ours, theirs, drifts }: Reconciliation): string {
  const kinds = Object.entries(drifts).sort(([a], [b]) => (a < b ? -1 : 1));
  const table = kinds.length === 0 ? '' : `${aligned(kinds.map(([kind, count]) => [kind, String(count)]))}\n`;
  const what = kinds.length === 0 ? 'nothing differs' : 'drifts were found';
  return `${table}${provider}: ${String(ours)} of ours, ${String(theirs)} of theirs, ${what} (${id})\n`;
}

function options(args: readonly string[]): { provider: string | undefined; from: Instant | undefined; to: Instant | undefined } {
  const text = { type: 'string' } as const;
  try {
    const { provider, from, to } = parseArgs({ args: [...args], options: { provider: text, from: text, to: text } }).values;
    return { provider, from: from === undefined ? undefined : parseInstant(from), to: to === undefined ? undefined : parseInstant(to) };
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
