import type { Readable } from 'node:stream';
import { isExactNumber } from '../../common/http/json.js';
import { INEXACT_NUMBER } from '../../domain/metering/event.js';
import { Refusal } from '../../domain/refusal.js';

export const BATCH_EVENTS_MAX = 10_000;

/** A number that JavaScript may read as another: sought first, because there is hardly ever one. */
const SUSPICIOUS = /[0-9.]{16}|\d[eE]/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;

/** Stands where a line of a stream could not be read. */
export class UnreadableEvent {
  constructor(readonly code: 'invalid_json' | 'line_too_long') {}
}

/** JSON in which numbers that cannot be read exactly are marked, so that their events are rejected and no others. `undefined` where it is no JSON. */
export function parseMarked(text: string): unknown {
  const marked = SUSPICIOUS.test(text)
    ? text.replace(TOKENS, (token) => (token.startsWith('"') || isExactNumber(token) ? token : JSON.stringify(INEXACT_NUMBER)))
    : text;
  try {
    return JSON.parse(marked);
  } catch {
    return undefined;
  }
}

export const isStream = (body: unknown): body is Readable => typeof (body as Readable | null | undefined)?.pipe === 'function';

/**
 * The events of a body: a single one, a list of them, or `{ "events": [...] }`.
 * @throws Refusal `invalid_json`, `invalid_batch`, `too_many_events`
 */
export function eventsOf(body: Buffer, contentType: string): readonly unknown[] {
  const json = parseMarked(body.toString('utf8'));
  if (json === undefined) throw new Refusal('invalid', 'invalid_json', 'The body is not JSON.');
  const events: unknown = contentType.startsWith('application/cloudevents+json') ? [json] : listIn(json);
  if (!Array.isArray(events))
    throw new Refusal(
      'invalid',
      'invalid_batch',
      'Send { "events": [...] }, a list as application/cloudevents-batch+json, one event as application/cloudevents+json, or lines as application/x-ndjson.',
    );
  if (events.length > BATCH_EVENTS_MAX)
    throw new Refusal(
      'too_large',
      'too_many_events',
      `A batch holds at most ${String(BATCH_EVENTS_MAX)} events: send several, or lines as application/x-ndjson.`,
    );
  return events as readonly unknown[];
}

const listIn = (json: unknown): unknown => (Array.isArray(json) ? json : (json as { readonly events?: unknown } | null)?.events);
