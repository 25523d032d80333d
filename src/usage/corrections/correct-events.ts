import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import type { UsageEvent } from '../../domain/metering/event.js';
import { Refusal } from '../../domain/refusal.js';
import { MetersService } from '../../meters/meters.service.js';
import { archiveOf, eventArchived, usageArchived } from '../archive/archived.js';
import { eventIdOf, eventNamedBy, eventNotFound } from '../find-event.js';
import { keptByIdent } from '../kept-events.js';
import { SHARE_INGEST } from '../late-marks.js';
import type { CountedEvent } from '../measured-event.js';
import { AddEvents } from './add-events.js';
import type { UsageEventView } from './corrections.dto.js';
import { eventDetails } from './event-details.js';
import { type Correction, voidEvents } from './void-events.js';

type Archive = NonNullable<Awaited<ReturnType<typeof archiveOf>>>;

/** Takes single events back, or puts others in their places. What was stored stays readable. */
@Injectable()
export class CorrectEvents {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
    private readonly meters: MetersService,
    private readonly add: AddEvents,
  ) {}

  /** @throws Refusal `event_not_found` */
  async one(tx: Tx, eventId: string): Promise<UsageEventView> {
    const event = await this.kept(tx, eventId);
    return await eventDetails(tx, await this.keyOf(tx, event.accountId), event);
  }

  /** The event with what the meters make of it. @throws Refusal `event_not_found`, `event_archived` */
  async kept(tx: Tx, eventId: string, refused: (archive: Archive) => Refusal = eventArchived): Promise<CountedEvent> {
    const named = eventNamedBy(eventId);
    const event = await keptByIdent(tx, named, await this.meters.all(tx));
    const archive = event ? undefined : await archiveOf(tx, named);
    if (archive) throw refused(archive);
    if (!event) throw eventNotFound(eventId);
    return event;
  }

  /** An event that is to be corrected. @throws Refusal `event_not_found`, `usage_archived` */
  private toCorrect(tx: Tx, eventId: string): Promise<CountedEvent> {
    return this.kept(tx, eventId, ({ month }) => usageArchived(month));
  }

  /** From now on the event does not count. @throws Refusal `event_not_found`, `event_voided_already`, `usage_archived` */
  async void(tx: Tx, actor: Actor, eventId: string, reason: string): Promise<UsageEventView> {
    await tx.query(SHARE_INGEST);
    const event = await this.toCorrect(tx, eventId);
    await this.voidOne(tx, event, { actor, at: this.clock.now(), reason });
    return await this.one(tx, eventId);
  }

  /**
   * Another event counts in the place of this one.
   * @throws Refusal `event_not_found`, `event_voided_already`, `events_refused`, `usage_archived`
   */
  async replace(tx: Tx, actor: Actor, eventId: string, { event, reason }: { event: UsageEvent; reason: string }): Promise<UsageEventView> {
    await tx.query(SHARE_INGEST);
    const replaced = await this.toCorrect(tx, eventId);
    const { accountId } = replaced;
    const [stored] = await this.add.store(tx, { id: accountId, key: await this.keyOf(tx, accountId) }, [event], () => '/event');
    if (!stored) throw new RangeError('an event was neither stored nor refused');
    const replacedBy = eventIdOf(stored);
    await this.voidOne(tx, replaced, { actor, at: this.clock.now(), reason, replacedBy });
    return await this.one(tx, replacedBy);
  }

  private async voidOne(tx: Tx, event: CountedEvent, correction: Correction): Promise<void> {
    const eventId = eventIdOf(event);
    const voided = await voidEvents(tx, [event], correction);
    if (voided.length === 0)
      throw new Refusal(
        'conflict',
        'event_voided_already',
        `GET /v2/usage/events/${eventId} says when the event was voided, by whom and why.`,
      );
    await this.audit.record(tx, {
      actor: correction.actor,
      action: correction.replacedBy === undefined ? 'usage_event.voided' : 'usage_event.replaced',
      accountId: event.accountId,
      subjectType: 'usage_event',
      subjectId: eventId,
      ...(correction.replacedBy === undefined ? {} : { after: { replacedBy: correction.replacedBy } }),
      reason: correction.reason,
    });
  }

  private async keyOf(tx: Tx, accountId: string): Promise<string> {
    return (await this.accounts.keys(tx, [accountId])).get(accountId) ?? '';
  }
}
