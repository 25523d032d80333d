import { Injectable } from '@nestjs/common';
import { Temporal } from 'temporal-polyfill';
import { Database } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';

const LOCK = 727010;

/** The monthly partitions of the events' table, made when the first event of a month comes, however long ago that month was. */
@Injectable()
export class UsagePartitions {
  private readonly known = new Set<string>();

  constructor(private readonly database: Database) {}

  /** Sees to it that there is a partition for each time. In a transaction of its own, which holds no lock that keeps others from writing. */
  async ensure(times: readonly Instant[]): Promise<void> {
    const missing = new Set(times.map(monthOf).filter((month) => !this.known.has(month)));
    for (const month of missing) {
      await this.create(month);
      this.known.add(month);
    }
  }

  /** Made as a table of its own and then attached, which does not wait for running writes. */
  private create(month: string): Promise<void> {
    const start = Temporal.PlainYearMonth.from(month);
    const name = `usage_event_${month.replace('-', '_')}`;
    return this.database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
      const [found] = await tx.query<{ there: boolean }[]>('select to_regclass($1) is not null as there', [name]);
      if (found?.there === true) return;
      await tx.query(`create table ${name} (like usage_event including defaults)`);
      await tx.query(
        `alter table usage_event attach partition ${name} for values from ('${start.toString()}-01T00:00:00Z') to ('${start.add({ months: 1 }).toString()}-01T00:00:00Z')`,
      );
    });
  }
}

const monthOf = (time: Instant): string => formatInstant(time).slice(0, 7);
