import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { OPERATOR } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { formatMoney } from '../domain/currency.js';
import { parseInstant } from '../domain/instant.js';
import { BillRuns } from '../invoices/bill-runs.js';
import { listChanges } from '../invoices/controls/run-changes.js';
import { type Command, UsageError } from './command.js';
import { openContext } from './context.js';
import { aligned } from './text-table.js';

const CHANGES_TOLD = 20;

export const billRun: Command = {
  summary: 'bill every account that something is due for',
  usage: `Usage: wharfage bill-run --as-of INSTANT [--dry-run]

  --as-of    bill what has fallen due by then, such as 2026-12-01T00:00:00Z
  --dry-run  only say what would be billed, and for whom that changes most`,
  async run(args) {
    const { asOf, dryRun } = options(args);
    const context = await openContext();
    try {
      const { app } = context;
      await app.get(Clock).refresh();
      const runs = app.get(BillRuns);
      const { id } = await app.get(Database).transaction((tx) => runs.note(tx, OPERATOR, { asOf: parseInstant(asOf), dryRun }));
      const { accounts, invoices, parked, totals } = await runs.execute(id);
      if (dryRun) process.stdout.write(await largestChanges(app, id));
      const sums = Object.entries(totals).map(([currency, total]) => `, ${formatMoney(BigInt(total), currency)} ${currency}`);
      process.stdout.write(`${String(accounts)} accounts, ${String(invoices)} invoices, ${String(parked)} parked${sums.join('')}\n`);
      return parked === 0 ? 0 : 1;
    } finally {
      await context.close();
    }
  },
};

/** A table of the accounts that a dry run changes most for; nothing where it bills none. */
async function largestChanges(app: INestApplicationContext, runId: string): Promise<string> {
  const [changes, keys] = await app.get(Database).transaction(async (tx) => {
    const found = await listChanges(tx, runId, undefined, CHANGES_TOLD);
    const ids = found.map(({ accountId }) => accountId);
    return [found, await app.get(AccountsService).keys(tx, ids)] as const;
  });
  if (changes.length === 0) return '';
  const rows = changes.map(({ accountId, currency, totalMinor, lastTotalMinor, changeMinor }) => [
    keys.get(accountId) ?? accountId,
    currency,
    formatMoney(totalMinor, currency),
    lastTotalMinor === null ? '-' : formatMoney(lastTotalMinor, currency),
    formatMoney(changeMinor, currency),
  ]);
  return `${aligned([['account', 'currency', 'total', 'last', 'change'], ...rows])}\n\n`;
}

function options(args: readonly string[]): { asOf: string; dryRun: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { 'as-of': { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
    });
    if (values['as-of'] === undefined) throw new UsageError('say as of when: --as-of INSTANT');
    return { asOf: values['as-of'], dryRun: values['dry-run'] };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}
