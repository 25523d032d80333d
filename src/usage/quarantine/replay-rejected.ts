import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { onlyCursor } from '../../common/database/newest-first.js';
import { page } from '../../common/http/page.js';
import { type EventResult, Intake } from '../intake/intake.js';
import { Report } from '../intake/report.js';
import { Quarantine } from './quarantine.js';
import type { ReplayView } from './quarantine.dto.js';
import { changeRejections, type RejectedEvent, rejectedEvents, type RejectedWanted } from './rejected-events.js';

const TOGETHER_MAX = 500;
const REQUEST_MAX = 20_000;

/**
 * Has kept events judged again, oldest first. They are stored first and removed afterwards: where it is stopped in between, the next replay
 * finds them to be duplicates, and removes them.
 */
@Injectable()
export class ReplayRejected {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly intake: Intake,
    private readonly quarantine: Quarantine,
    private readonly audit: Audit,
  ) {}

  /** @throws Overloaded where too much waits to be stored: what was replayed stays replayed */
  async run(actor: Actor, { cursor, ...wanted }: RejectedWanted & { readonly cursor?: string | undefined }): Promise<ReplayView> {
    const report = new Report(false);
    let [replayed, after, nextCursor]: [number, string | undefined, string | null] = [0, onlyCursor(cursor), null];
    do {
      const part = { now: this.clock.now(), order: 'oldest', after, limit: TOGETHER_MAX + 1 } as const;
      const found = page(await this.database.transaction((tx) => rejectedEvents(tx, wanted, part)), TOGETHER_MAX, ({ id }) => [id]);
      if (found.data.length === 0) break;
      const results = await this.intake.again(
        found.data.map(({ event, receivedAt, mayBackfill }) => ({ json: event, now: receivedAt, mayBackfill })),
      );
      await this.settle(actor, found.data, results);
      report.add(results);
      replayed += found.data.length;
      [after, nextCursor] = [found.data.at(-1)?.id, found.nextCursor];
    } while (nextCursor !== null && replayed < REQUEST_MAX);
    const { accepted, duplicates, conflicts, rejected } = report.dto;
    return { replayed, accepted, duplicates, conflicts, rejected, nextCursor };
  }

  /** Removes what is stored now, and says of the others why they are not. */
  private async settle(actor: Actor, events: readonly RejectedEvent[], results: readonly EventResult[]): Promise<void> {
    const rejections = results.flatMap(({ index, code, pointer = '' }) => {
      const id = events[index]?.id;
      return code === undefined || id === undefined ? [] : [{ id, code, pointer }];
    });
    const kept = new Set(rejections.map(({ id }) => id));
    const settled = events.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
    await this.database.transaction(async (tx) => {
      if (settled.length > 0) {
        await this.quarantine.remove(tx, settled);
        await this.audit.record(tx, {
          actor,
          action: 'usage_rejected.replayed',
          subjectType: 'usage_rejected',
          subjectId: settled[0] ?? '',
          after: { events: settled.length, through: settled.at(-1) },
        });
      }
      await changeRejections(tx, rejections);
    });
  }
}
