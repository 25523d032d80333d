import { Injectable, type OnModuleInit } from '@nestjs/common';
import { formatInstant } from '../../domain/instant.js';
import { Clock } from '../clock.js';
import { Database } from '../database/database.js';
import { Jobs } from '../jobs/jobs.js';

const TASK = 'idempotency.cleanup';
const ROWS_MAX = 10_000;

/** Forgets answers whose time is over, some thousand a minute. */
@Injectable()
export class IdempotencyCleanup implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute(TASK, () => this.run());
  }

  /** Relies on idempotency_key_by_expiry. */
  async run(): Promise<void> {
    await this.database.query({
      name: 'idempotency_cleanup',
      text: `delete from idempotency_key where (actor, key) in (select actor, key from idempotency_key where expires_at <= $1 order by expires_at limit $2)`,
      values: [formatInstant(this.clock.now()), ROWS_MAX],
    });
  }
}
