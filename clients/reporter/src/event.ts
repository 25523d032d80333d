import { randomUUID } from 'node:crypto';
import { problemOf } from './problem.js';

/** A value in an event's data. A number of more than 15 significant digits is given as a string, or the service refuses it. */
export type EventValue = string | number | boolean | null | readonly EventValue[] | { readonly [name: string]: EventValue };

/** What happened, as the caller reports it. */
export interface UsageEvent {
  /** The meters with this event type count it. */
  readonly type: string;
  /** The key of the account. */
  readonly subject: string;
  readonly data?: Readonly<Record<string, EventValue>>;
  /** When it happened: RFC 3339 with offset, at most 6 decimals. By default now. */
  readonly time?: string;
  /** Names the event within its source, for ever. By default a random UUID. */
  readonly id?: string;
  /** Who reports. By default the reporter's `source`. */
  readonly source?: string;
  /** Orders events of one resource at one instant. */
  readonly sequence?: string;
}

/** An event as it is sent: whatever the caller left out is filled in, so that it stays the same event however often it is sent. */
export interface CompleteEvent extends UsageEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly time: string;
}

/** The service takes no longer line. */
export const LINE_BYTES_MAX = 64 * 1024;

/** The event could not be written to disk, and will not be delivered. Report `event` again rather than the original: it bears the same id. */
export class NotStoredError extends Error {
  override readonly name = 'NotStoredError';

  constructor(
    readonly event: CompleteEvent,
    cause: unknown,
  ) {
    super(`The event ${event.id} was not stored: ${problemOf(cause).message}`, { cause });
  }
}

/** The event with its id, source and time. */
export function complete(event: UsageEvent, { source, nowMs }: { readonly source: string; readonly nowMs: number }): CompleteEvent {
  return {
    specversion: '1.0',
    id: event.id ?? randomUUID(),
    source: event.source ?? source,
    type: event.type,
    subject: event.subject,
    time: event.time ?? new Date(nowMs).toISOString(),
    ...(event.sequence === undefined ? {} : { sequence: event.sequence }),
    ...(event.data === undefined ? {} : { data: event.data }),
  };
}

/**
 * The event as one line of JSON.
 * @throws TypeError for what JSON would silently turn into something else or cannot hold; RangeError for a line over 64 KiB
 */
export function lineOf(event: CompleteEvent): Buffer {
  const line = Buffer.from(`${JSON.stringify(event, refuseFalsified)}\n`);
  if (line.length - 1 > LINE_BYTES_MAX)
    throw new RangeError(`The event ${event.id} has ${line.length - 1} bytes; ${LINE_BYTES_MAX} are allowed.`);
  return line;
}

function refuseFalsified(name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`"${name}" is ${value}, which JSON cannot hold.`);
  return value;
}
