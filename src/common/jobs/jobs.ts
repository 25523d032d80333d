import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger as WorkerLogger, parseCronItems, run, type Runner, type Task } from 'graphile-worker';
import pg from 'pg';
import type { Logger } from 'pino';
import { CONFIG, type Config } from '../../config.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Clock } from '../clock.js';
import type { Tx } from '../database/database.js';
import { messageOf } from '../telemetry/error-record.js';
import { LOG } from '../telemetry/log-token.js';

const CONCURRENCY = 4;
const ATTEMPTS_MAX = 25;
const POLL_MS = 1_000;

export type JobHandler = (payload: unknown) => Promise<void>;

/** The job queue: jobs are added in the caller's transaction, and run in processes whose role is worker or all. */
@Injectable()
export class Jobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly tasks = new Map<string, JobHandler>();
  private readonly recurring: { readonly task: string; readonly match: string }[] = [];
  private runner: Runner | undefined;
  private pool: pg.Pool | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Logger,
    private readonly clock: Clock,
  ) {}

  /** The job exists if and only if the transaction commits. A job with the key of a waiting one replaces it. */
  async add(
    tx: Tx,
    task: string,
    payload: object,
    { key, runAt }: { readonly key?: string; readonly runAt?: Instant } = {},
  ): Promise<void> {
    await tx.query(
      'select graphile_worker.add_job($1, payload := $2::json, job_key := $3, run_at := coalesce($4::timestamptz, now()), max_attempts := $5)',
      [task, JSON.stringify(payload), key ?? null, runAt === undefined ? null : formatInstant(runAt), ATTEMPTS_MAX],
    );
  }

  /** What a task does; called when modules start. A handler that throws is tried again later. */
  handle(task: string, handler: JobHandler): void {
    this.tasks.set(task, handler);
  }

  /** A task of its own accord, every minute of real time. */
  everyMinute(task: string, handler: () => Promise<void>): void {
    this.recur(task, '* * * * *', handler);
  }

  /** A task of its own accord, every day of real time, in the small hours (UTC). */
  everyDay(task: string, handler: () => Promise<void>): void {
    this.recur(task, '17 2 * * *', handler);
  }

  private recur(task: string, match: string, handler: () => Promise<void>): void {
    this.handle(task, handler);
    this.recurring.push({ task, match });
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.role === 'api') return;
    this.pool = new pg.Pool({ connectionString: this.config.databaseUrl, max: CONCURRENCY + 2 });
    this.pool.on('error', () => undefined).on('connect', (client) => client.on('error', () => undefined)); // a lost connection is opened anew
    this.runner = await run({
      pgPool: this.pool,
      concurrency: CONCURRENCY,
      noHandleSignals: true,
      pollInterval: POLL_MS,
      logger: this.workerLogger(),
      parsedCronItems: parseCronItems(
        this.recurring.map(({ task, match }) => ({ task, match, identifier: task, options: { jobKey: task } })),
      ),
      taskList: Object.fromEntries([...this.tasks].map(([name, handler]) => [name, this.taskOf(handler)])),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runner?.stop();
    await this.pool?.end();
  }

  private taskOf(handler: JobHandler): Task {
    return async (payload) => {
      await this.clock.refresh();
      await handler(payload).catch((error: unknown) => {
        throw toldOf(error);
      });
    };
  }

  private workerLogger(): WorkerLogger {
    return new WorkerLogger(() => (level, message, meta) => {
      const { error, job } = (meta ?? {}) as { error?: unknown; job?: { id?: unknown; task_identifier?: unknown } };
      const about = { job: job?.id, task: job?.task_identifier }; // not the payload
      if ((level as string) !== 'error') this.log.debug(about, message);
      else if (error instanceof Error)
        this.log.error({ ...about, err: error }, 'a job failed'); // the queue's message quotes the error
      else this.log.error(about, message);
    });
  }
}

/** The queue keeps and shows the message of what a job failed with. */
function toldOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const message = messageOf(error);
  return message === error.message ? error : new Error(message, { cause: error });
}
