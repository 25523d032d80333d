import { mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../app.module.js';
import { ApiKeysService } from '../common/api-keys/api-keys.service.js';
import { Clock } from '../common/clock.js';
import type { Embedded } from '../common/database/embedded.js';
import { serveMetrics } from '../common/telemetry/metrics.js';
import { type Config, readConfig } from '../config.js';
import { serveDocs } from '../openapi-document.js';
import { type Command, OperatorError } from './command.js';
import { openDatabase } from './context.js';

/** How long work in progress may take to end; then the process ends all the same. */
const STOP_TIMEOUT_MS = 9_000;

interface Running {
  readonly app: NestFastifyApplication;
  readonly metrics: Server | undefined;
  readonly embedded: Embedded | undefined;
}

export const serve: Command = {
  summary: 'start the service (with its own PostgreSQL where DATABASE_URL is not set)',
  usage: 'Usage: wharfage serve\n\nSettings are read from the environment; the README lists them.',
  async run() {
    const running = await start(readConfig());
    const signal = await stopSignal();
    const forced = setTimeout(() => process.exit(1), STOP_TIMEOUT_MS);
    await stop(running);
    clearTimeout(forced);
    process.stdout.write(`stopped (${signal})\n`);
    return 0;
  },
};

async function start(read: Config): Promise<Running> {
  const { url, embedded } = await openDatabase(read);
  const config: Config = { ...read, databaseUrl: url };
  let app: NestFastifyApplication | undefined;
  try {
    app = await createApp(config);
    serveDocs(app);
    const metrics = await serveMetrics(config.metricsPort, config.host).catch((error: unknown) =>
      explained(error, 'METRICS_PORT', config.metricsPort),
    );
    await app.get(Clock).refresh();
    await app.listen(config.port, config.host).catch((error: unknown) => explained(error, 'PORT', config.port));
    await announce(app, config);
    return { app, metrics, embedded };
  } catch (error) {
    await app?.close();
    await embedded?.stop();
    throw error;
  }
}

function explained(error: unknown, setting: string, port: number): never {
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  throw taken
    ? new OperatorError(`port ${String(port)} is in use: stop what listens there, or set ${setting} to another one`, { cause: error })
    : error;
}

/** Readiness off, jobs and requests ended, connections closed, then the database. */
async function stop({ app, metrics, embedded }: Running): Promise<void> {
  await app.close();
  metrics?.close();
  metrics?.closeAllConnections();
  await embedded?.stop();
}

/** The first signal asks to stop, a second one means now. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const handle = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve(signal);
    };
    process.on('SIGTERM', handle).on('SIGINT', handle);
  });
}

async function announce(app: NestFastifyApplication, config: Config): Promise<void> {
  const url = (await app.getUrl()).replace('0.0.0.0', 'localhost').replace('[::1]', 'localhost');
  const lines = [`Wharfage listens on ${url}`, `Reference: ${url}/docs (contract: ${url}/openapi.yaml)`];
  if (config.testClock) lines.push('Time stands still: PUT /v2/test-clock moves it.');
  const key = await app.get(ApiKeysService).bootstrap();
  if (key !== undefined) lines.push(handOver(key, config));
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Shown once where a person looks on, else left in a file that only the owner reads. */
function handOver(key: string, config: Config): string {
  if (config.bootstrapKey !== undefined) return "The administrator's API key is the one in WHARFAGE_BOOTSTRAP_KEY.";
  if (process.stdout.isTTY) return `The administrator's API key, shown this once: ${key}`;
  const file = join(config.dataDir, 'admin-key');
  mkdirSync(config.dataDir, { recursive: true });
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return `The administrator's API key is in ${file}`;
}
