import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { accountIdOf, newId } from '../../common/ids.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { UsageEvent } from '../../domain/metering/event.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { type CatalogMeter, MetersService } from '../../meters/meters.service.js';
import { refuseArchivedRange } from '../archive/archived.js';
import { keptAt, keptInRange } from '../kept-events.js';
import { SHARE_INGEST } from '../late-marks.js';
import { AddEvents, refuseEvents } from './add-events.js';
import { type BackfillRecord, findBackfill, insertBackfill, itemsOf, lockBackfills, markReverted } from './backfill-records.js';
import { restoreEvents, voidEvents } from './void-events.js';

/** How many events one back-fill adds, and how many it voids, at the most: it is one transaction. */
export const BACKFILL_EVENTS_MAX = 10_000;

/** Usage of a stretch of time that is reported anew. */
export interface WantedBackfill {
  readonly account: string;
  readonly meter: string;
  readonly from: Instant;
  readonly to: Instant;
  /** Beside what is there, or in its place. */
  readonly mode: 'add' | 'replace';
  /** As `AddEvents.read` read them. */
  readonly events: readonly UsageEvent[];
  readonly reason: string;
}

export const pointerToEvent = (index: number): string => `/events/${String(index)}`;

/** Corrects many events at once, in a way that can be taken back as a whole. */
@Injectable()
export class Backfills {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
    private readonly meters: MetersService,
    private readonly add: AddEvents,
  ) {}

  /** @throws Refusal `account_not_found`, `meter_not_found`, `events_refused`, `backfill_too_large`, `invalid_request`, `usage_archived` */
  async run(tx: Tx, actor: Actor, wanted: WantedBackfill): Promise<BackfillRecord> {
    await tx.query(SHARE_INGEST);
    const { id: accountId } = await this.accounts.byKey(tx, wanted.account);
    await this.meters.byKey(tx, wanted.meter);
    const meters = await this.meters.all(tx);
    const meter = meters.find(({ key }) => key === wanted.meter);
    if (!meter) throw new RangeError(`the meter ${wanted.meter} is there and is not`);
    refuseUnfit(wanted, meter);
    const { from, to, mode, reason } = wanted;
    const at = this.clock.now();
    const backfill = newId('bkf', at, accountId);
    const replaced =
      mode === 'replace' ? await keptInRange(tx, { accountId, meter, from, to, limit: BACKFILL_EVENTS_MAX + 1 }, meters) : [];
    if (mode === 'replace') await refuseArchivedRange(tx, { from, to, types: [meter.eventType] });
    if (replaced.length > BACKFILL_EVENTS_MAX)
      throw new Refusal(
        'unprocessable',
        'backfill_too_large',
        `More than ${String(BACKFILL_EVENTS_MAX)} events would be voided at once: divide the range.`,
      );
    const added = await this.add.store(tx, { id: accountId, key: wanted.account }, wanted.events, pointerToEvent);
    const voided = await voidEvents(tx, replaced, { actor, at, reason, backfill });
    const counts = { added: added.length, voided: voided.length };
    const record = { accountId, id: backfill, meter: meter.key, mode, from, to, reason, ...counts, createdAt: at };
    await insertBackfill(tx, actor, record, { added, voided });
    await this.audit.record(tx, {
      actor,
      action: 'usage.backfilled',
      accountId,
      subjectType: 'usage_backfill',
      subjectId: backfill,
      after: { meter: meter.key, mode, from: formatInstant(from), to: formatInstant(to), ...counts },
      reason,
    });
    return await this.one(tx, backfill);
  }

  /** @throws Refusal `backfill_not_found` */
  async one(tx: Tx, id: string): Promise<BackfillRecord> {
    const accountId = accountIdOf(id);
    const record = accountId === undefined ? undefined : await findBackfill(tx, accountId, id);
    if (!record) throw new Refusal('not_found', 'backfill_not_found', `There is no back-fill "${id}".`);
    return record;
  }

  /**
   * What it added counts no more, and what it voided counts again.
   * @throws Refusal `backfill_not_found`, `backfill_reverted_already`, `usage_archived`
   */
  async revert(tx: Tx, actor: Actor, id: string, reason: string): Promise<BackfillRecord> {
    await tx.query(SHARE_INGEST);
    const { accountId } = await this.one(tx, id);
    await lockBackfills(tx, accountId);
    const record = await this.one(tx, id);
    if (record.revertedAt !== null)
      throw new Refusal('conflict', 'backfill_reverted_already', `The back-fill was reverted at ${formatInstant(record.revertedAt)}.`);
    const meters = await this.meters.all(tx);
    const correction = { actor, at: this.clock.now(), reason, backfill: id };
    const added = await voidEvents(tx, await keptAt(tx, accountId, await itemsOf(tx, record, 'added'), meters), correction);
    const restored = await restoreEvents(tx, { accountId, positions: await itemsOf(tx, record, 'voided'), meters }, correction);
    await markReverted(tx, record, correction);
    await this.audit.record(tx, {
      actor,
      action: 'usage.backfill_reverted',
      accountId,
      subjectType: 'usage_backfill',
      subjectId: id,
      after: { voided: added.length, restored },
      reason,
    });
    return await this.one(tx, id);
  }
}

/** @throws Refusal `invalid_request`, `events_refused` */
function refuseUnfit({ from, to, mode, events }: WantedBackfill, meter: CatalogMeter): void {
  if (to <= from) refuseAll([{ pointer: '/to', code: 'range_reversed', detail: 'The range must end after it begins.' }]);
  if (mode === 'add' && events.length === 0) refuseAll([{ pointer: '/events', code: 'too_few', detail: 'There is nothing to add.' }]);
  refuseEvents(
    events.flatMap(({ time, type }, i) => {
      if (time < from || time >= to) return [{ pointer: `${pointerToEvent(i)}/time`, code: 'outside_range' }];
      return type === meter.eventType || type === meter.snapshotType ? [] : [{ pointer: `${pointerToEvent(i)}/type`, code: 'other_type' }];
    }),
  );
}
