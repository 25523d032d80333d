import { Injectable } from '@nestjs/common';
import { Temporal } from 'temporal-polyfill';
import { Database } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { MeterEvent } from '../../domain/metering/meter-event.js';

const LOCK = 727010;

/**
 * What must be there before events are stored: the monthly partitions of their table, made when the first event of a month comes, however
 * long ago that month was; and their types, by which it is known whether events were there before a meter.
 */
@Injectable()
export class UsagePartitions {
  private readonly known = new Set<string>();
  private readonly knownTypes = new Set<string>();

  constructor(private readonly database: Database) {}

  /** Sees to it that all is there. In transactions of its own, which hold no lock that keeps others from writing. */
  async ensure(events: readonly Pick<MeterEvent, 'time' | 'type'>[]): Promise<void> {
    const missing = new Set(events.map(({ time }) => monthOf(time)).filter((month) => !this.known.has(month)));
    for (const month of missing) {
      await this.create(month);
      this.known.add(month);
    }
    const types = [...new Set(events.map(({ type }) => type))].filter((type) => !this.knownTypes.has(type));
    if (types.length > 0) await this.addTypes(types);
  }

  private async addTypes(types: readonly string[]): Promise<void> {
    await this.database.query({
      name: 'usage-event-types',
      text: 'insert into usage_event_type (type) select t from unnest($1::text[]) as t order by t on conflict do nothing',
      values: [types],
    });
    for (const type of types) this.knownTypes.add(type);
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
