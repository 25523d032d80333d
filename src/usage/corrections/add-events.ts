import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { isRejection, type UsageEvent } from '../../domain/metering/event.js';
import { type FieldProblem, Refusal } from '../../domain/refusal.js';
import { MetersService } from '../../meters/meters.service.js';
import { admit, readBy, termsOf } from '../intake/admit.js';
import { UsagePartitions } from '../intake/partitions.js';
import { storeAndCount } from '../intake/store-and-count.js';
import type { StoredEvent } from '../intake/store-events.js';

/** Names the place of the event of that position in the body. */
export type PointerTo = (index: number) => string;

/** Where an event belongs. */
export interface EventOwner {
  readonly id: string;
  readonly key: string;
}

const PROBLEMS_MAX = 100;

/** Stores events as they are stored when they are reported, but all of them or none, in the caller's transaction. */
@Injectable()
export class AddEvents {
  constructor(
    private readonly clock: Clock,
    private readonly meters: MetersService,
    private readonly partitions: UsagePartitions,
  ) {}

  /**
   * Judges events by themselves, and sees to it that they can be stored. To be called before the transaction.
   * @throws Refusal `events_refused`
   */
  async read(actor: Actor, given: readonly unknown[], pointerTo: PointerTo): Promise<UsageEvent[]> {
    const terms = termsOf(actor, this.clock.now());
    const read = given.map((json) => readBy(json, terms));
    refuseEvents(read.flatMap((one, i) => (isRejection(one) ? [{ ...one, pointer: `${pointerTo(i)}${one.pointer}` }] : [])));
    const events = read.filter((one): one is UsageEvent => !isRejection(one));
    await this.partitions.ensure(events);
    return events;
  }

  /** The transaction holds the ingest lock. @throws Refusal `events_refused` */
  async store(tx: Tx, owner: EventOwner, events: readonly UsageEvent[], pointerTo: PointerTo): Promise<readonly StoredEvent[]> {
    const meters = await this.meters.all(tx);
    const accountIds = new Map([[owner.key, owner.id]]);
    refuseEvents(
      events.flatMap(({ subject }, i) => (subject === owner.key ? [] : [{ code: 'other_account', pointer: `${pointerTo(i)}/subject` }])),
    );
    const admitted = events.map((event) => admit(event, { accountIds, meters }));
    refuseEvents(admitted.flatMap((one, i) => ('event' in one ? [] : [{ ...one, pointer: `${pointerTo(i)}${one.pointer}` }])));
    const measured = admitted.flatMap((one) => ('event' in one ? [one] : []));
    const stored = await storeAndCount(tx, this.meters, measured, this.clock.now());
    refuseEvents(stored.statuses.flatMap((status, i) => (status === 'accepted' ? [] : [{ code: status, pointer: `${pointerTo(i)}/id` }])));
    return stored.events;
  }
}

/** @throws Refusal `events_refused` */
export function refuseEvents(problems: readonly Omit<FieldProblem, 'detail'>[]): void {
  if (problems.length === 0) return;
  throw new Refusal(
    'unprocessable',
    'events_refused',
    `${String(problems.length)} of the events cannot be stored, so none was: mend what "errors" names (the first ${String(PROBLEMS_MAX)}), and send all again.`,
    problems
      .slice(0, PROBLEMS_MAX)
      .map((problem) => ({ ...problem, detail: DETAILS[problem.code] ?? 'See the codes of usage events in docs/errors.md.' })),
  );
}

const DETAILS: Readonly<Record<string, string>> = {
  other_account: 'The event must belong to the account that is corrected.',
  outside_range: 'The event must lie in the range that is back-filled.',
  other_type: "The event must be of the meter's event type.",
  duplicate: 'There is such an event already: an identity is used once, so choose another id.',
  conflict: 'There is an event of that source and id already: choose another id.',
};
