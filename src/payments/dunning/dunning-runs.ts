import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock, type TimeTraveller } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { LOG } from '../../common/telemetry/log-token.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Collection } from '../collection.js';
import { type Step, walk } from '../walk.js';
import { DUNNING_STEP } from './recovered-cases.js';
import { RunCase } from './run-case.js';

const TASK = 'dunning.run';

/** Relies on dunning_case_due. */
const DUE = `
  select id, due_at as "createdAt" from dunning_case
  where due_at <= $3 and (due_at, id) > ($1::timestamptz, $2) order by due_at, id limit 500`;

/** When cases are seen to: every minute what is due, at once what was settled, and as test time passes. */
@Injectable()
export class DunningRuns implements OnModuleInit, TimeTraveller {
  constructor(
    @Inject(LOG) private readonly log: Logger,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: Jobs,
    private readonly collection: Collection,
    private readonly running: RunCase,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(DUNNING_STEP, (payload) => this.running.run((payload as { caseId: string }).caseId));
    this.jobs.everyMinute(TASK, async () => {
      await this.runSteps();
    });
    this.clock.register(this);
  }

  async nextDue(after: Instant): Promise<Instant | undefined> {
    const [row] = await this.database.query<{ at: Instant | null }>({
      name: 'dunning_next_due',
      text: 'select min(due_at) as at from dunning_case where due_at > $1',
      values: [formatInstant(after)],
    });
    return row?.at ?? undefined;
  }

  /** What a step begins is collected, and what comes of that may be due at once. */
  async runDue(): Promise<void> {
    while ((await this.runSteps()) > 0) await this.collection.runDue();
  }

  /** Answers how many cases were due, and seen to. */
  private async runSteps(): Promise<number> {
    let done = 0;
    const now = formatInstant(this.clock.now());
    await walk({
      page: (after) => this.database.query<Step>({ name: 'dunning_due', text: DUE, values: [...after, now] }),
      work: async (id) => {
        await this.running.run(id);
        done += 1;
      },
      failed: (err, caseId) => {
        this.log.error({ err, caseId }, 'a dunning case could not be seen to; it is tried again within a minute');
      },
    });
    return done;
  }
}
