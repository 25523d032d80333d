import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SYSTEM } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { DAY } from '../../domain/instant.js';
import { Providers } from '../../providers/providers.js';
import { Reconcile } from './reconcile.js';
import { comparedUntil } from './reconciliation-records.js';

const TASK = 'payments.reconcile';

/** Compares the days that are over, of UTC, with each provider that keeps books: where days were missed, all of them. */
@Injectable()
export class DailyReconciliation implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: Jobs,
    private readonly providers: Providers,
    private readonly reconciling: Reconcile,
  ) {}

  onModuleInit(): void {
    this.jobs.everyDay(TASK, () => this.run());
  }

  async run(): Promise<void> {
    const now = this.clock.now();
    const to = now - (now % DAY);
    for (const { name: provider } of this.providers.withRecords) {
      const from = (await this.database.transaction((tx) => comparedUntil(tx, provider))) ?? to - DAY;
      if (from < to) await this.reconciling.run(SYSTEM, { provider, cause: 'daily', from, to });
    }
  }
}
