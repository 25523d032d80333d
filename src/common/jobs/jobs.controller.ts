import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Database } from '../database/database.js';
import { ApiProblems } from '../http/problem.js';
import { Scopes } from '../http/scopes.js';

const FAILED_MAX = 100;

export class FailedJobView {
  @ApiProperty({ description: 'Names the job.' })
  id!: string;

  @ApiProperty({ description: 'What it was to do.', example: 'payments.collect' })
  task!: string;

  @ApiProperty({ description: 'How often it was tried.', type: 'integer' })
  attempts!: number;

  @ApiProperty({ description: 'When it is tried again.', format: 'date-time' })
  runAt!: string;

  @ApiProperty({ description: 'Why it failed last.' })
  lastError!: string;
}

export class JobsView {
  @ApiProperty({ description: 'Jobs that wait for their time or a free worker.', type: 'integer' })
  waiting!: number;

  @ApiProperty({ description: 'Jobs that failed at least once and are still there.', type: 'integer' })
  failed!: number;

  @ApiProperty({ description: `The first ${String(FAILED_MAX)} of them.`, type: [FailedJobView] })
  failures!: FailedJobView[];
}

interface FailedJob {
  readonly id: bigint;
  readonly task: string;
  readonly attempts: number;
  readonly runAt: Instant;
  readonly lastError: string;
}

@ApiTags('administration')
@Controller({ path: 'jobs', version: '2' })
export class JobsController {
  constructor(private readonly database: Database) {}

  @Get()
  @Scopes('admin')
  @ApiOperation({ operationId: 'getJobs', summary: 'What the job queue holds' })
  @ApiOkResponse({ type: JobsView, description: 'Counts, and what failed.' })
  @ApiProblems()
  async read(): Promise<JobsView> {
    const [counts] = await this.database.query<{ waiting: bigint; failed: bigint }>({
      name: 'job_counts',
      text: 'select count(*) filter (where attempts = 0) as waiting, count(*) filter (where attempts > 0) as failed from graphile_worker.jobs',
      values: [],
    });
    const failures = await this.database.query<FailedJob>({
      name: 'failed_jobs',
      text: `select id, task_identifier as task, attempts, run_at as "runAt", coalesce(last_error, '') as "lastError"
             from graphile_worker.jobs where attempts > 0 order by id limit ${String(FAILED_MAX)}`,
      values: [],
    });
    return {
      waiting: Number(counts?.waiting ?? 0),
      failed: Number(counts?.failed ?? 0),
      failures: failures.map((job) => ({ ...job, id: String(job.id), runAt: formatInstant(job.runAt) })),
    };
  }
}
