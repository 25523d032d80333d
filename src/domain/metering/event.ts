import type { Meter } from '../catalog.js';
import { DAY, HOUR, type Instant, tryInstant } from '../instant.js';
import { decimalOf, isSnapshotFor, runningIn } from './measures.js';
import type { MeterEvent } from './meter-event.js';
import { canonicalText, passes, plainNumber, propertyText } from './filter.js';

/** A usage event whose form was checked. `subject` is the key of the account. */
export interface UsageEvent extends MeterEvent {
  readonly subject: string;
}

/** Why one event was not accepted, and where in it. */
export interface EventRejection {
  readonly code: string;
  readonly pointer: string;
}

/** Stands where a JSON number could not be read exactly; no text that a caller can send contains a NUL and is accepted. */
export const INEXACT_NUMBER = '\0inexact number';

const TEXT_LENGTH_MAX = 200;
const NAME_LENGTH_MAX = 200;
const DEPTH_MAX = 32;
const DATA_LENGTH_MAX = 64 * 1024;
const SUBJECT = /^[a-z0-9][a-z0-9._:-]{0,99}$/;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** How far ahead of the clock an event may be. */
export const FUTURE_MAX = HOUR;
const AGE_MAX = 400n * DAY;

const reject = (code: string, pointer: string): EventRejection => ({ code, pointer });

export const isRejection = (read: UsageEvent | EventRejection): read is EventRejection => 'code' in read;

/** One CloudEvents 1.0 event in its JSON form, or the first thing that is wrong with it. Attributes that mean nothing here are ignored. */
export function readEvent(json: unknown): UsageEvent | EventRejection {
  if (!isObject(json)) return reject('not_an_object', '');
  const { specversion, id, source, type, subject, time, data, sequence } = json;
  if (specversion !== undefined && specversion !== '1.0') return reject('unsupported_specversion', '/specversion');
  if (!isText(id)) return reject('invalid_id', '/id');
  if (!isText(source)) return reject('invalid_source', '/source');
  if (!isText(type)) return reject('invalid_type', '/type');
  if (typeof subject !== 'string' || !SUBJECT.test(subject)) return reject('invalid_subject', '/subject');
  const at = typeof time === 'string' ? tryInstant(time) : undefined;
  if (at === undefined) return reject('invalid_time', '/time');
  if (sequence !== undefined && !isText(sequence)) return reject('invalid_sequence', '/sequence');
  const given = data ?? {};
  if (!isObject(given)) return reject('invalid_data', '/data');
  const size: Size = { lengthMax: 0 };
  const wrong = wrongIn(given, '/data', 1, size);
  if (wrong) return wrong;
  if (size.lengthMax > DATA_LENGTH_MAX && JSON.stringify(given).length > DATA_LENGTH_MAX) return reject('data_too_large', '/data');
  return { id, source, type, subject, time: at, data: given, ...(sequence === undefined ? {} : { sequence }) };
}

/** Whether an event may be that new, or that old; events of long ago take a scope of their own. */
export function wrongTime(
  time: Instant,
  { now, mayBackfill }: { readonly now: Instant; readonly mayBackfill: boolean },
): EventRejection | undefined {
  if (time > now + FUTURE_MAX) return reject('time_in_future', '/time');
  if (time < now - AGE_MAX && !mayBackfill) return reject('time_too_old', '/time');
  return undefined;
}

/** Whether the meter takes the event for one of its own, or for a list of what runs; the meter's filter decides later. */
export const concerns = (meter: Meter, { type, data }: Pick<UsageEvent, 'type' | 'data'>): boolean =>
  meter.eventType === type || isSnapshotFor(meter, type, data);

/** What a meter that counts the event misses in its data. An event that no filter lets through is accepted, and not counted. */
export function missingFor(meters: readonly Meter[], event: Pick<UsageEvent, 'type' | 'data'>): EventRejection | undefined {
  for (const meter of meters) {
    const missing = missingForOne(meter, event);
    if (missing) return missing;
  }
  return undefined;
}

function missingForOne(meter: Meter, { type, data }: Pick<UsageEvent, 'type' | 'data'>): EventRejection | undefined {
  if (isSnapshotFor(meter, type, data)) {
    const running = runningIn(meter, data);
    if (running === undefined) return reject('not_a_list', pointerTo(meter.resource ?? ''));
    return running.some(isTooLong) ? reject('value_too_long', pointerTo(meter.resource ?? '')) : undefined;
  }
  if (!passes(meter.filter, data)) return undefined;
  if (meter.resource !== undefined) {
    const resource = propertyText(data, meter.resource);
    if (resource === undefined) return reject('missing_property', pointerTo(meter.resource));
    if (isTooLong(resource)) return reject('value_too_long', pointerTo(meter.resource));
  }
  for (const property of meter.groupBy ?? [])
    if (isTooLong(propertyText(data, property) ?? '')) return reject('value_too_long', pointerTo(property));
  if (meter.value === undefined) return undefined;
  if (propertyText(data, meter.value) === undefined) return reject('missing_property', pointerTo(meter.value));
  if (meter.aggregation !== 'unique' && decimalOf(data, meter.value) === undefined) return reject('not_a_number', pointerTo(meter.value));
  return undefined;
}

/** Names of resources and groups stand in keys, whose length is bounded. */
const isTooLong = (text: string): boolean => text.length > NAME_LENGTH_MAX;

/** Equal for events that say the same: type, subject, time as an instant, and data whatever the order of names and the zeros of decimals. */
export const contentOf = (event: UsageEvent): string =>
  JSON.stringify([event.type, event.subject, event.time.toString(), canonical(event.data)]);

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (isObject(value))
    return Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, canonical(item)]);
  const text = typeof value === 'number' ? plainNumber(value) : typeof value === 'string' ? value : undefined;
  return text === undefined ? value : canonicalText(text);
}

const pointerTo = (property: string): string => `/data/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= TEXT_LENGTH_MAX && isStorable(value);

/** PostgreSQL holds neither NUL nor half a surrogate pair. */
const isStorable = (text: string): boolean => !text.includes('\0') && !LONE_SURROGATE.test(text);

/** How long some JSON is at the most: nearly all of it is so short that it need not be written out to know. */
interface Size {
  lengthMax: number;
}

/** Of one character, escaped; of a number, true, false or null; of brackets, a comma and a colon. */
const [ESCAPED_LENGTH, SCALAR_LENGTH, MARKS_LENGTH] = [6, 25, 6];

function wrongIn(value: unknown, pointer: string, depth: number, size: Size): EventRejection | undefined {
  size.lengthMax += MARKS_LENGTH + (typeof value === 'string' ? ESCAPED_LENGTH * value.length : SCALAR_LENGTH);
  if (typeof value === 'string') {
    if (value === INEXACT_NUMBER) return reject('number_too_precise', pointer);
    return isStorable(value) ? undefined : reject('invalid_text', pointer);
  }
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : reject('number_out_of_range', pointer);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > DEPTH_MAX) return reject('too_deep', pointer);
  for (const [name, item] of Object.entries(value)) {
    if (!isStorable(name) || name === '__proto__') return reject('invalid_name', pointer);
    size.lengthMax += ESCAPED_LENGTH * name.length;
    const wrong = wrongIn(item, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1, size);
    if (wrong) return wrong;
  }
  return undefined;
}
