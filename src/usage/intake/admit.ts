import { type Actor, hasScope } from '../../common/actor.js';
import type { Instant } from '../../domain/instant.js';
import {
  concerns,
  type EventRejection,
  isRejection,
  missingFor,
  readEvent,
  type UsageEvent,
  wrongTime,
} from '../../domain/metering/event.js';
import { measureOf } from '../../domain/metering/measures.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import type { MeasuredEvent, MeterMeasure } from '../measured-event.js';
import { UnreadableEvent } from './bodies.js';

/** What an event is judged by when it comes, or by when it came. */
export interface Terms {
  readonly now: Instant;
  readonly mayBackfill: boolean;
}

/** Of events that the actor sends now; those of long ago take a scope of their own. */
export const termsOf = (actor: Actor, now: Instant): Terms => ({ now, mayBackfill: hasScope(actor, 'usage:backfill') });

/** Judges what was sent by itself: its form and its time. */
export function readBy(json: unknown, terms: Terms): UsageEvent | EventRejection {
  if (json instanceof UnreadableEvent) return { code: json.code, pointer: '' };
  const event = readEvent(json);
  return isRejection(event) ? event : (wrongTime(event.time, terms) ?? event);
}

/** What events that are in order by themselves are judged by. */
export interface AdmissionContext {
  /** Ids of accounts by key. */
  readonly accountIds: ReadonlyMap<string, string>;
  readonly meters: readonly CatalogMeter[];
}

/** An event with what its meters make of it, or why it is not taken: its account or type is unknown, or a meter misses something in it. */
export function admit(event: UsageEvent, { accountIds, meters }: AdmissionContext): MeasuredEvent | EventRejection {
  const accountId = accountIds.get(event.subject);
  if (accountId === undefined) return { code: 'unknown_account', pointer: '/subject' };
  const concerned = meters.filter((meter) => concerns(meter, event));
  if (concerned.length === 0) return { code: 'unknown_meter', pointer: '/type' };
  return missingFor(concerned, event) ?? { accountId, event, measures: measuresBy(concerned, event) };
}

/** What the meters make of an event; those whose filter keeps it out are left out. */
export const measuresBy = (meters: readonly CatalogMeter[], event: UsageEvent): MeterMeasure[] =>
  meters.flatMap((meter) => {
    const measure = measureOf(meter, event);
    return measure ? [{ meter, measure }] : [];
  });
