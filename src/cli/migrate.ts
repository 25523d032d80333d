import { startEmbedded } from '../common/database/embedded.js';
import { readConfig } from '../config.js';
import { migrate, migrateDown, migrationStatus } from '../migrate.js';
import { type Command, UsageError } from './command.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export const migrateCommand: Command = {
  summary: 'bring the database to the newest form, or one step back',
  usage: 'Usage: wharfage migrate [--down | --status]\n\n  --down    take the newest migration back\n  --status  list the migrations',
  async run(args) {
    const unknown = args.find((arg) => arg !== '--down' && arg !== '--status');
    if (unknown !== undefined) throw new UsageError(`unknown option "${unknown}"`);
    const config = readConfig();
    const embedded = config.databaseUrl === undefined ? await startEmbedded({ dir: config.dataDir }) : undefined;
    try {
      await act(config.databaseUrl ?? embedded?.url ?? '', args[0]);
      return 0;
    } finally {
      await embedded?.stop();
    }
  },
};

async function act(url: string, option: string | undefined): Promise<void> {
  if (option === '--status') for (const { name, done } of await migrationStatus(url)) say(`${done ? 'done   ' : 'pending'} ${name}`);
  else if (option === '--down') say(`taken back: ${(await migrateDown(url)) ?? 'nothing, there was none'}`);
  else {
    const done = await migrate(url);
    say(done.length === 0 ? 'nothing to do' : done.map((name) => `done ${name}`).join('\n'));
  }
}
