import type { INestApplicationContext } from '@nestjs/common';
import { createApp } from '../app.module.js';
import { OPERATOR } from '../common/actor.js';
import { type Embedded, startEmbedded } from '../common/database/embedded.js';
import type { Call } from '../common/http/call.js';
import { type Config, readConfig } from '../config.js';
import { migrate } from '../migrate.js';
import { OperatorError } from './command.js';

/** What a command needs of the service, and how to let go of it. */
export interface CommandContext {
  readonly app: INestApplicationContext;
  readonly config: Config;
  close(): Promise<void>;
}

/** The database that the settings name, or the embedded one, started or adopted; migrated. */
export async function openDatabase(config: Config): Promise<{ readonly url: string; readonly embedded: Embedded | undefined }> {
  const embedded = config.databaseUrl === undefined ? await startEmbedded({ dir: config.dataDir }) : undefined;
  const url = config.databaseUrl ?? embedded?.url ?? '';
  try {
    await migrate(url);
    return { url, embedded };
  } catch (error) {
    await embedded?.stop();
    throw explained(error);
  }
}

/** The application without a listener and without scheduled work, for a command of its own. */
export async function openContext(): Promise<CommandContext> {
  const read = readConfig();
  const { url, embedded } = await openDatabase(read);
  const config: Config = { ...read, databaseUrl: url, role: 'api' };
  const app = await createApp(config);
  await app.init();
  return {
    app,
    config,
    close: async () => {
      await app.close();
      await embedded?.stop();
    },
  };
}

/** What a command does, as services see it. */
export const operatorCall = (command: string): Call => ({
  actor: OPERATOR,
  requestId: command,
  method: 'CLI',
  path: command,
  query: '',
  body: undefined,
  replayed: () => undefined,
});

const CONNECTION_FAILURES = ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET', '28P01', '28000', '3D000', '57P03'];
const LOCK_NOT_AVAILABLE = '55P03';

/** What a person can mend about a database that does not answer, or not in time. */
function explained(error: unknown): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  if (typeof code !== 'string') return error;
  if (CONNECTION_FAILURES.includes(code))
    return new OperatorError(`the database cannot be used (${message ?? code}): check DATABASE_URL, and that PostgreSQL runs there`, {
      cause: error,
    });
  if (code === LOCK_NOT_AVAILABLE)
    return new OperatorError('a migration waited too long for a lock, and changed nothing: try again when the database is less busy', {
      cause: error,
    });
  return error;
}
