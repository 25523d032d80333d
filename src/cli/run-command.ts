import { ConfigError } from '../config.js';
import { Refusal } from '../domain/refusal.js';
import { type Command, OperatorError, UsageError } from './command.js';

/** Commands are loaded when they are called, so that `--help` and `simulate` start at once. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).serve,
  migrate: async () => (await import('./migrate.js')).migrateCommand,
  'bill-run': async () => (await import('./bill-run.js')).billRun,
  verify: async () => (await import('./verify.js')).verify,
  reconcile: async () => (await import('./reconcile.js')).reconcileCommand,
  backtest: async () => (await import('./backtest/backtest.js')).backtest,
  simulate: async () => (await import('./simulate/simulate.js')).simulateCommand,
  import: async () => (await import('./import/import.js')).importCommand,
  archive: async () => (await import('./archive.js')).archive,
  seed: async () => (await import('./seed.js')).seed,
  demo: async () => (await import('./demo/demo.js')).demo,
  openapi: async () => (await import('./openapi.js')).openapi,
};

const BAD_INPUT = 2;

async function help(): Promise<string> {
  const rows = await Promise.all(Object.entries(COMMANDS).map(async ([name, load]) => `  ${name.padEnd(10)} ${(await load()).summary}`));
  return `wharfage: subscription and metered billing\n\nUsage: wharfage <command> [options]\n\n${rows.join('\n')}\n\n'wharfage <command> --help' tells more.\n`;
}

/** What `wharfage` does with its arguments. Returns the exit status, and tells on standard output and standard error. */
export async function runCommand([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(await help());
    return name === undefined ? BAD_INPUT : 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    process.stderr.write(`wharfage: there is no command "${name}". There are: ${Object.keys(COMMANDS).join(', ')}.\n`);
    return BAD_INPUT;
  }
  const command = await load();
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${command.summary}\n\n${command.usage}\n`);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    return explain(error, command);
  }
}

function explain(error: unknown, command: Command): number {
  if (error instanceof UsageError) {
    process.stderr.write(`wharfage: ${error.message}\n\n${command.usage}\n`);
    return BAD_INPUT;
  }
  if (error instanceof ConfigError || error instanceof Refusal) {
    process.stderr.write(`wharfage: ${error.message}\n`);
    return BAD_INPUT;
  }
  if (error instanceof OperatorError) {
    process.stderr.write(`wharfage: ${error.message}\n`);
    return 1;
  }
  process.stderr.write(`wharfage: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
