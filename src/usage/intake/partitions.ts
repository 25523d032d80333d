import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { formatInstant } from '../../domain/instant.js';
import type { MeterEvent } from '../../domain/metering/meter-event.js';
import { type Month, monthEnd, monthOf, monthsLater, monthsOf, monthStart, partitionOf } from '../months.js';

const TASK = 'usage.partitions-ahead';
const LOCK = 727010;
/** Besides the month that runs. */
const MONTHS_AHEAD = 2;

/* Read as any table: to_regclass would answer from what the connection remembers of a look-up before. */
const IS_THERE = 'select exists (select from pg_class where relname = $1 and relnamespace = current_schema()::regnamespace) as there';

/**
 * What must be there before events are stored: the monthly partitions of their table, made ahead of time, and for months long past when
 * the first event of one comes; and their types, by which it is known whether events were there before a meter.
 */
@Injectable()
export class UsagePartitions implements OnModuleInit, OnApplicationBootstrap {
  private readonly known = new Set<Month>();
  private readonly knownTypes = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.everyDay(TASK, () => this.createAhead());
  }

  onApplicationBootstrap(): Promise<void> {
    return this.createAhead();
  }

  /** The partitions of the month that runs and of those that follow: no event waits for one at the turn of a month. */
  async createAhead(): Promise<void> {
    await this.clock.refresh();
    const current = monthOf(this.clock.now());
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead += 1) await this.create(monthsLater(current, ahead));
  }

  /** Sees to it that all is there. In transactions of its own, which hold no lock that keeps others from writing. */
  async ensure(events: readonly Pick<MeterEvent, 'time' | 'type'>[]): Promise<void> {
    for (const month of monthsOf(events.map(({ time }) => time)))
      if (!this.isKnown(month) && !(await this.isThere(month))) await this.create(month);
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
  async create(month: Month): Promise<void> {
    const name = partitionOf(month);
    await this.database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
      const [found] = await tx.query<{ there: boolean }[]>(IS_THERE, [name]);
      if (found?.there === true) return;
      await tx.query(`create table ${name} (like usage_event including defaults)`);
      await tx.query(
        `alter table usage_event attach partition ${name} for values from ('${formatInstant(monthStart(month))}') to ('${formatInstant(monthEnd(month))}')`,
      );
    });
    this.known.add(month);
  }

  private async isThere(month: Month): Promise<boolean> {
    const [found] = await this.database.query<{ there: boolean }>({
      name: 'usage-partition',
      text: IS_THERE,
      values: [partitionOf(month)],
    });
    if (found?.there === true) this.known.add(month);
    return found?.there === true;
  }

  /** A month that may be archived is looked up each time: another process may have taken its partition away. */
  private isKnown(month: Month): boolean {
    return this.known.has(month) && month > lastArchivable(monthOf(this.clock.now()));
  }
}

/** Neither the month that runs nor the one before is ever archived. */
export const lastArchivable = (current: Month): Month => monthsLater(current, -2);
