import { parseArgs } from 'node:util';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Database } from '../../common/database/database.js';
import { type Instant, parseInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { Backtest } from '../../invoices/backtest/backtest.js';
import { type Command, UsageError } from '../command.js';
import { type CommandContext, openContext } from '../context.js';
import { openCsv } from './csv-file.js';
import { type PlanFile, readPlanFile } from './plan-file.js';
import { tables } from './tables.js';

const BAD_PLAN = 2;
const TOP = 10;
const TOP_MAX = 1_000;

export const backtest: Command = {
  summary: 'what holders of a plan would have paid under a draft of it',
  usage: `Usage: wharfage backtest --plan FILE --from INSTANT --to INSTANT [--holders PLAN] [--account KEY ...] [--top N] [--json] [--csv FILE]

  --plan     the draft: a body of PUT /v2/plans/{key} with its key, as JSON, or as YAML by its name
  --from     compare billing periods that begin at this instant or later,
  --to       and before this one; a period that is not over yet is left out
  --holders  re-rate who held this plan, and not the one that the draft is of
  --account  only this account; may be given more than once
  --top      how many accounts of each currency are named in the lists; ${String(TOP)} if left out
  --json     print JSON
  --csv      write a line for each account to this file

Who held the plan is billed twice, by the code of a bill run: under the versions held, and with the draft in their place. Amounts are after
discounts, with tax; invoices, credit notes, balances and grants are left out. Nothing is stored. Exit status 2 where the draft is refused.`,
  async run(args) {
    const wanted = options(args);
    try {
      const plan = readPlanFile(wanted.plan);
      const context = await openContext();
      try {
        return await told(context, wanted, plan);
      } finally {
        await context.close();
      }
    } catch (error) {
      if (!(error instanceof Refusal) || error.problems.length === 0) throw error;
      for (const { pointer, code, detail } of error.problems) process.stderr.write(`${wanted.plan}${pointer}: ${code}: ${detail}\n`);
      return BAD_PLAN;
    }
  },
};

async function told({ app }: CommandContext, wanted: Options, plan: PlanFile): Promise<number> {
  const ids = await app
    .get(Database)
    .transaction(async (tx) => Promise.all(wanted.accounts.map(async (key) => (await app.get(AccountsService).byKey(tx, key)).id)));
  const csv = wanted.csv === undefined ? undefined : await openCsv(wanted.csv);
  try {
    const report = await app.get(Backtest).run(
      {
        plan,
        holders: wanted.holders ?? plan.key,
        range: { start: wanted.from, end: wanted.to },
        accountIds: ids.length === 0 ? undefined : ids,
        top: wanted.top,
      },
      async (accounts) => csv?.write(accounts),
    );
    process.stdout.write(wanted.json ? `${JSON.stringify(report, null, 2)}\n` : tables(report));
    return 0;
  } finally {
    await csv?.close();
  }
}

interface Options {
  readonly plan: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly holders?: string | undefined;
  readonly accounts: readonly string[];
  readonly top: number;
  readonly json: boolean;
  readonly csv?: string | undefined;
}

function options(args: readonly string[]): Options {
  const { plan, from, to, holders, account, top, json, csv } = parsed(args);
  if (plan === undefined) throw new UsageError('say which plan: --plan FILE');
  if (from === undefined || to === undefined) throw new UsageError('say which periods: --from INSTANT --to INSTANT');
  const range = { from: parseInstant(from), to: parseInstant(to) };
  if (range.from >= range.to) throw new UsageError('--from must be before --to');
  if (!/^\d{1,4}$/.test(top) || Number(top) > TOP_MAX) throw new UsageError(`--top is a number from 0 to ${String(TOP_MAX)}`);
  return { plan, ...range, holders, accounts: account, top: Number(top), json, csv };
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args: [...args],
      options: {
        plan: text,
        from: text,
        to: text,
        holders: text,
        account: { ...text, multiple: true, default: [] },
        top: { ...text, default: String(TOP) },
        json: { type: 'boolean', default: false },
        csv: text,
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
