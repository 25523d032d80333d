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

/** An event by itself: its form and its time. */
export type Read = UsageEvent | EventRejection;

/** Judges events by themselves; those of long ago take a scope of their own. */
export function readAll(given: readonly unknown[], actor: Actor, now: Instant): Read[] {
  const mayBackfill = hasScope(actor, 'usage:backfill');
  return given.map((json): Read => {
    const event = readEvent(json);
    return isRejection(event) ? event : (wrongTime(event.time, { now, mayBackfill }) ?? event);
  });
}

/** What events are judged by. */
export interface AdmissionContext {
  /** Ids of accounts by key. */
  readonly accountIds: ReadonlyMap<string, string>;
  readonly meters: readonly CatalogMeter[];
}

/** An event with what its meters make of it, or why it is not taken: its account or type is unknown, or a meter misses something in it. */
export function admit(read: Read, { accountIds, meters }: AdmissionContext): MeasuredEvent | EventRejection {
  if (isRejection(read)) return read;
  const accountId = accountIds.get(read.subject);
  if (accountId === undefined) return { code: 'unknown_account', pointer: '/subject' };
  const concerned = meters.filter((meter) => concerns(meter, read));
  if (concerned.length === 0) return { code: 'unknown_meter', pointer: '/type' };
  return missingFor(concerned, read) ?? { accountId, event: read, measures: measuresBy(concerned, read) };
}

/** What the meters make of an event; those whose filter keeps it out are left out. */
export const measuresBy = (meters: readonly CatalogMeter[], event: UsageEvent): MeterMeasure[] =>
  meters.flatMap((meter) => {
    const measure = measureOf(meter, event);
    return measure ? [{ meter, measure }] : [];
  });
