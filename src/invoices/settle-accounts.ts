import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { LOG } from '../common/telemetry/log-token.js';
import { CONFIG, type Config } from '../config.js';
import type { Month } from '../usage/months.js';
import { accountsWithEvents } from './archive/archive-obstacles.js';
import { BillAccounts } from './bill-accounts.js';
import { claimOne } from './billing-state.js';

/** Finds out what accounts still need of their usage, as the last run of those that have ended is not followed by another. Bills nothing. */
@Injectable()
export class SettleAccounts {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Logger,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly bill: BillAccounts,
  ) {}

  /** Those that have events in the month and are not parked. What fails stays as it is, and so an obstacle. */
  async run(month: Month): Promise<void> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const ids = await this.database.transaction((tx) => accountsWithEvents(tx, month, after, this.config.billRunBatch));
      const last = ids.at(-1);
      if (last === undefined) return;
      await this.settle(ids).catch(() => this.oneByOne(ids));
      after = last;
    }
  }

  private async oneByOne(ids: readonly string[]): Promise<void> {
    for (const id of ids)
      await this.settle([id]).catch((error: unknown) => {
        this.log.warn({ err: error, accountId: id }, 'an account could not be settled');
      });
  }

  private async settle(ids: readonly string[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      for (const id of ids) await claimOne(tx, id);
      await this.bill.settle(tx, ids, this.clock.now());
    });
  }
}
