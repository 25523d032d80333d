import { Injectable } from '@nestjs/common';
import { join } from 'node:path';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { Refusal } from '../../domain/refusal.js';
import { UsagePartitions } from '../intake/partitions.js';
import type { Month } from '../months.js';
import { DamagedFile } from './archive-files.js';
import { ArchiveMonths } from './archive-months.js';
import { type ArchivedFile, filesOf, markRestored } from './archive-records.js';
import { eventsInFile, lookedAt } from './event-files.js';
import { Content, putBack } from './event-rows.js';

const PUT_AT_ONCE = 1_000;

/** Puts the events of an archived month back into the database. The files stay. */
@Injectable()
export class RestoreMonth {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly partitions: UsagePartitions,
    private readonly archive: ArchiveMonths,
  ) {}

  /** All files of the month or none, in one transaction. @throws Refusal `month_not_archived`, `archive_busy`; DamagedFile */
  run(actor: Actor, month: Month): Promise<readonly ArchivedFile[]> {
    return this.archive.alone(async () => {
      const files = await this.database.transaction((tx) => filesOf(tx, month));
      if (files.length === 0)
        throw new Refusal('not_found', 'month_not_archived', `No events of ${month} are in files alone: there is nothing to restore.`);
      await this.partitions.create(month); // in a transaction of its own: it holds a lock that others would wait for
      await this.database.transaction(async (tx) => {
        for (const file of files) await this.put(tx, file);
        await markRestored(tx, month, { actor, at: this.clock.now() });
        const after = { files: files.map(({ file, events }) => ({ file, events })) };
        await this.audit.record(tx, { actor, action: 'usage.restored', subjectType: 'usage_month', subjectId: month, after });
      });
      return files;
    });
  }

  private async put(tx: Tx, { month, file, events, sha256, contentSha256 }: ArchivedFile): Promise<void> {
    const path = join(this.archive.dir, file);
    const found = await lookedAt(path);
    if (found.sha256 !== sha256) throw new DamagedFile(path, 'its SHA-256 is another than when it was archived');
    const content = new Content();
    for await (const rows of eventsInFile(path)) {
      content.add(rows);
      for (let i = 0; i < rows.length; i += PUT_AT_ONCE) await putBack(tx, month, rows.slice(i, i + PUT_AT_ONCE));
    }
    if (content.events !== events || content.digest() !== contentSha256)
      throw new DamagedFile(path, 'it holds other events than were archived');
  }
}
