import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { join } from 'node:path';
import { DataSource, type QueryRunner } from 'typeorm';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { defineFact, Hooks } from '../../common/hooks.js';
import { CONFIG, type Config } from '../../config.js';
import { Refusal } from '../../domain/refusal.js';
import { SHARE_INGEST } from '../late-marks.js';
import { type Month, partitionOf } from '../months.js';
import { type ArchivedFile, insertArchived, nextPart, type WrittenFile } from './archive-records.js';
import { removeFrom, writeFiles } from './archive-files.js';
import { eventsOfMonth } from './event-rows.js';

/** Told in the transaction that takes a month's events out of the database: whoever still needs them refuses. */
export const usageArchiving = defineFact<{ readonly month: Month }>('usage.archiving');

/** One archiving, or restoring, at a time. */
const ARCHIVE_LOCK = 727030;
/** Whoever reads events waits as long while the partition is taken away; then we give up, and try again. */
const LOCK_TIMEOUT_MS = 2_000;
const LOCK_ATTEMPTS_MAX = 30;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Moves the events of months to files. Until the last step the events are in the database, and the files are nothing; that one takes the
 * partition out, drops it and records the files in one transaction. So it may be killed at any moment and run again.
 */
@Injectable()
export class ArchiveMonths {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectDataSource() private readonly source: DataSource,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly hooks: Hooks,
    private readonly audit: Audit,
  ) {}

  get dir(): string {
    return this.config.usageArchiveDir ?? join(this.config.dataDir, 'usage-archive');
  }

  /** The months of which there are partitions, in order. */
  async months(tx: Tx): Promise<Month[]> {
    const rows = await tx.query<{ name: string }[]>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'usage_event'::regclass order by 1`,
    );
    return rows.map(({ name }) => name.slice('usage_event_'.length).replace('_', '-'));
  }

  /** Nothing where the month has no events. @throws Refusal `archive_busy`, `archive_disturbed`, and as those do who are told */
  async run(actor: Actor, month: Month): Promise<readonly ArchivedFile[]> {
    return await this.alone(async (runner) => {
      const part = await this.begin(month);
      try {
        await runner.startTransaction('REPEATABLE READ');
        const files = await writeFiles(this.dir, { month, part, batches: eventsOfMonth(runner, month) });
        await runner.commitTransaction();
        await this.takeOut(actor, month, files);
        return files;
      } catch (error) {
        if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
        await removeFrom(this.dir, month, await this.database.transaction((tx) => nextPart(tx, month)));
        throw error;
      }
    });
  }

  /** Holds the lock for as long as it works; a process that is gone holds none. @throws Refusal `archive_busy` */
  async alone<Result>(work: (runner: QueryRunner) => Promise<Result>): Promise<Result> {
    const runner = this.source.createQueryRunner();
    try {
      const [lock] = (await runner.query('select pg_try_advisory_lock($1) as taken', [ARCHIVE_LOCK])) as { taken: boolean }[];
      if (lock?.taken !== true)
        throw new Refusal('conflict', 'archive_busy', 'Another process archives or restores usage: wait until it has finished.');
      try {
        return await work(runner);
      } finally {
        await runner.query('select pg_advisory_unlock($1)', [ARCHIVE_LOCK]);
      }
    } finally {
      await runner.release();
    }
  }

  /**
   * From here on it is noted when an event of the month is stored: what is copied after this is all, unless something was noted. Waits for
   * those that are storing some; takes away what an earlier run left.
   */
  private async begin(month: Month): Promise<number> {
    const part = await this.database.transaction(async (tx) => {
      await tx.query(`drop trigger if exists disturbs_archive on ${partitionOf(month)}`);
      await tx.query(`create trigger disturbs_archive after insert on ${partitionOf(month)}
        for each row execute function note_disturbed_archive('${month}')`);
      await tx.query('delete from usage_archive_disturbed where month = $1', [month]);
      return await nextPart(tx, month);
    });
    await removeFrom(this.dir, month, part);
    return part;
  }

  private async takeOut(actor: Actor, month: Month, files: readonly WrittenFile[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1)
      try {
        await this.database.transaction((tx) => this.takenOut(tx, actor, month, files));
        return;
      } catch (error) {
        if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE || attempt === LOCK_ATTEMPTS_MAX) throw error;
      }
  }

  private async takenOut(tx: Tx, actor: Actor, month: Month, files: readonly WrittenFile[]): Promise<void> {
    await tx.query(`set local lock_timeout = ${String(LOCK_TIMEOUT_MS)}`);
    await tx.query(SHARE_INGEST); // no meter begins to be filled
    await tx.query('lock table usage_event in access exclusive mode');
    const filling = await tx.query<unknown[]>('select from usage_meter_fill');
    if (filling.length > 0)
      throw new Refusal('conflict', 'meter_filling', 'A new meter counts the events that were there before it: wait until it is filled.');
    const disturbed = await tx.query<unknown[]>('select from usage_archive_disturbed where month = $1', [month]);
    if (disturbed.length > 0)
      throw new Refusal('conflict', 'archive_disturbed', `Events of ${month} were stored while they were copied: archive the month again.`);
    await this.hooks.tell(tx, usageArchiving, { month });
    await tx.query(`alter table usage_event detach partition ${partitionOf(month)}`);
    await tx.query(`drop table ${partitionOf(month)}`);
    await insertArchived(tx, files, { actor, at: this.clock.now() });
    const after = { files: files.map(({ file, events, bytes, sha256 }) => ({ file, events, bytes, sha256 })) };
    await this.audit.record(tx, { actor, action: 'usage.archived', subjectType: 'usage_month', subjectId: month, after });
  }
}
