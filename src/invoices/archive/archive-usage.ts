import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { Hooks } from '../../common/hooks.js';
import { Refusal } from '../../domain/refusal.js';
import { ArchiveMonths, usageArchiving } from '../../usage/archive/archive-months.js';
import type { ArchivedFile } from '../../usage/archive/archive-records.js';
import { lastArchivable } from '../../usage/intake/partitions.js';
import { type Month, monthOf } from '../../usage/months.js';
import { type Obstacles, obstaclesTo } from './archive-obstacles.js';
import { SettleAccounts } from '../settle-accounts.js';

/** What became of a month. */
export interface MonthOutcome {
  readonly month: Month;
  /** Empty in a dry run, and where there is an obstacle. */
  readonly files: readonly ArchivedFile[];
  readonly obstacles: readonly Obstacles[];
}

export interface ArchiveWanted {
  /** Months before this one. */
  readonly before: Month;
  readonly dryRun: boolean;
}

/** Archives the months of usage whose events no bill asks for any more. */
@Injectable()
export class ArchiveUsage implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly hooks: Hooks,
    private readonly archive: ArchiveMonths,
    private readonly settle: SettleAccounts,
  ) {}

  onModuleInit(): void {
    this.hooks.on(usageArchiving, (tx, { month }) => this.refuseWhileNeeded(tx, month));
  }

  /** Month by month, the oldest first; one that is still needed stays, and the others go. */
  async run(actor: Actor, { before, dryRun }: ArchiveWanted): Promise<MonthOutcome[]> {
    const outcomes: MonthOutcome[] = [];
    for (const month of (await this.months()).filter((one) => one < before)) outcomes.push(await this.one(actor, month, dryRun));
    return outcomes;
  }

  /** The months of which there are events and that ended long enough ago, in order. */
  async months(): Promise<Month[]> {
    const last = lastArchivable(monthOf(this.clock.now()));
    return (await this.database.transaction((tx) => this.archive.months(tx))).filter((month) => month <= last);
  }

  /** Nothing is done in a dry run, and where something still needs the month's events. */
  async one(actor: Actor, month: Month, dryRun: boolean): Promise<MonthOutcome> {
    if (!dryRun) await this.settle.run(month);
    const obstacles = await this.database.transaction((tx) => obstaclesTo(tx, month));
    if (dryRun || obstacles.length > 0) return { month, files: [], obstacles };
    return { month, files: await this.archive.run(actor, month), obstacles };
  }

  /** @throws Refusal `usage_needed` */
  private async refuseWhileNeeded(tx: Tx, month: Month): Promise<void> {
    const obstacles = await obstaclesTo(tx, month);
    if (obstacles.length > 0)
      throw new Refusal('conflict', 'usage_needed', `Events of ${month} came to be needed while they were copied: ${inWords(obstacles)}.`);
  }
}

const WORDS: Readonly<Record<Obstacles['why'], string>> = {
  parked: 'are parked: mend the cause and bill them',
  never_settled: 'were not billed yet since this was kept: let a bill run take them',
  late_usage: 'have usage that came late: let a bill run take it',
  open_period: 'have a period that is not billed and settled: it has not ended, or the next bill run is to find it unchanged',
};

/** What keeps a month, for people. */
export const inWords = (obstacles: readonly Obstacles[]): string =>
  obstacles
    .map(
      ({ why, accounts, examples }) =>
        `${String(accounts)} accounts ${WORDS[why]} (${examples.join(', ')}${accounts > examples.length ? ', ...' : ''})`,
    )
    .join('; ');
