import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SYSTEM } from '../../common/actor.js';
import { Clock, type TimeTraveller } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import type { Instant } from '../../domain/instant.js';
import { EndGrants } from './end-grants.js';
import { expiredGrants, firstExpiry, lockGrants } from './grant-records.js';

const TASK = 'invoices.grant-expiry';
const BATCH = 500;

/** Writes off what is left of grants that have expired: every minute, and when test time passes. Bills go by the expiry itself. */
@Injectable()
export class GrantExpiry implements OnModuleInit, TimeTraveller {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly ends: EndGrants,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute(TASK, () => this.runDue());
    this.clock.register(this);
  }

  nextDue(after: Instant): Promise<Instant | undefined> {
    return this.database.transaction((tx) => firstExpiry(tx, after));
  }

  async runDue(): Promise<void> {
    while ((await this.batch()) > 0);
  }

  /** Answers how many were found. What another wrote off, or a bill used up, before the lock was had is left alone. */
  private batch(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const now = this.clock.now();
      const found = await expiredGrants(tx, now, BATCH);
      const locked = await lockGrants(tx, found);
      const left = locked.filter(({ remainingMinor }) => remainingMinor > 0n);
      await this.ends.run(
        tx,
        SYSTEM,
        now,
        left.map((grant) => ({ grant, end: 'expired', reason: null })),
      );
      return found.length;
    });
  }
}
