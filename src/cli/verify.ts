import { parseArgs } from 'node:util';
import { Checks, type CheckScope } from '../common/checks.js';
import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { accountIdFor } from '../common/ids.js';
import { parseInstant } from '../domain/instant.js';
import { Recognition } from '../ledger/recognition.js';
import { chainHead, Sealing } from '../ledger/sealing.js';
import { type Command, UsageError } from './command.js';
import { type CommandContext, openContext } from './context.js';

const SHOWN_MAX = 100;
const GROUPS = ['usage', 'invoices', 'ledger'] as const;

export const verify: Command = {
  summary: 'check that what is stored holds together',
  usage: `Usage: wharfage verify [--ledger] [--invoices] [--usage] [--account KEY] [--from INSTANT] [--to INSTANT]

  --ledger    every entry balances, the chain of hashes is whole, entries, documents and balances tie
  --invoices  every invoice adds up and is as it was issued; what was billed is what subscriptions and usage come to
  --usage     every event says what it said when it was stored; the sums by hour are those of the events
  --account   only what belongs to this account
  --from      only documents, and usage, of this instant or later
  --to        only documents, and usage, from before this instant

Everything is verified where none of the three is named.
What can only be checked as a whole is left out where less is asked for. Prints what differs; exit status 0 when nothing does, else 1.
Note the last line elsewhere: what it names must be in the chain for ever.`,
  async run(args) {
    const { groups, scope } = options(args);
    const context = await openContext();
    try {
      return await checked(context, groups, scope);
    } finally {
      await context.close();
    }
  },
};

/** All checks of one moment. */
async function checked({ app }: CommandContext, groups: readonly string[], scope: CheckScope): Promise<number> {
  const database = app.get(Database);
  await app.get(Clock).refresh();
  await app.get(Recognition).runDue();
  await app.get(Sealing).run();
  return database.snapshot(async (tx) => {
    let differences = 0;
    for (const check of app.get(Checks).of(groups, scope)) {
      let found = 0;
      for await (const { subject, detail } of await check.run(tx, scope)) {
        found += 1;
        if (found <= SHOWN_MAX) say(`${check.name}: ${subject}: ${detail}`);
      }
      if (found > SHOWN_MAX) say(`${check.name}: and ${String(found - SHOWN_MAX)} more`);
      if (found === 0) say(`${check.name}: ok`);
      differences += found;
    }
    const { entries, hash } = await chainHead(tx);
    say(`${String(differences)} differences; ${entries.toString()} entries sealed, the last one as ${hash}`);
    return differences === 0 ? 0 : 1;
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function options(args: readonly string[]): { groups: readonly string[]; scope: CheckScope } {
  const { account, from, to, ...asked } = parsed(args);
  const named = GROUPS.filter((group) => asked[group] === true);
  return {
    groups: named.length === 0 ? GROUPS : named,
    scope: {
      ...(account === undefined ? {} : { accountId: accountIdFor(account) }),
      ...(from === undefined ? {} : { from: parseInstant(from) }),
      ...(to === undefined ? {} : { to: parseInstant(to) }),
    },
  };
}

type Options = Partial<Record<(typeof GROUPS)[number], boolean>> & { account?: string; from?: string; to?: string };

function parsed(args: readonly string[]): Options {
  const [flag, text] = [{ type: 'boolean' }, { type: 'string' }] as const;
  try {
    return parseArgs({ args: [...args], options: { ledger: flag, invoices: flag, usage: flag, account: text, from: text, to: text } })
      .values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
