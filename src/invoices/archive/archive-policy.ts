import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { SYSTEM } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { LOG } from '../../common/telemetry/log-token.js';
import { CONFIG, type Config } from '../../config.js';
import { DAY } from '../../domain/instant.js';
import { restoredSince } from '../../usage/archive/archive-records.js';
import { monthOf, monthsLater } from '../../usage/months.js';
import { ArchiveUsage } from './archive-usage.js';

const TASK = 'invoices.archive-usage';
/** A month that was put back is left alone for so long. */
const RESTORED_FOR = 30n * DAY;

/** Archives usage by itself, where the settings say so. */
@Injectable()
export class ArchivePolicy implements OnModuleInit {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Logger,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly archive: ArchiveUsage,
  ) {}

  onModuleInit(): void {
    if (this.config.usageArchiveAfterMonths > 0) this.jobs.everyDay(TASK, () => this.run());
  }

  /** Every month that ended at least as many months ago as the settings say. */
  async run(): Promise<void> {
    const now = this.clock.now();
    const before = monthsLater(monthOf(now), -this.config.usageArchiveAfterMonths);
    const restored = await this.database.transaction((tx) => restoredSince(tx, now - RESTORED_FOR));
    for (const month of (await this.archive.months()).filter((one) => one < before && !restored.has(one))) {
      const { files, obstacles } = await this.archive.one(SYSTEM, month, false);
      this.log.info({ month, files, obstacles }, obstacles.length === 0 ? 'usage was archived' : 'usage is still needed');
    }
  }
}
