import { plainArray, textArray } from '../../common/database/arrays.js';
import { prepared, type Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { contentHashOf, identOf } from '../identity.js';
import type { MeasuredEvent } from '../measured-event.js';

export type IngestStatus = 'accepted' | 'duplicate' | 'conflict';

/** An event that is stored: with its identity and its position among all. */
export interface StoredEvent extends MeasuredEvent {
  readonly ident: string;
  readonly seq: string;
}

interface Identified extends MeasuredEvent {
  readonly ident: string;
  readonly contentHash: string;
}

/*
 * Identities come in the order of their key, so that two transactions that share some wait for each other in one direction. Relies on
 * event_identity_pk.
 */
const IDENTITIES = `
  insert into event_identity (account_id, ident, event_time, event_seq, content_hash)
  select a, i, t, nextval('usage_event_seq'), h from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[]) as g(a, i, t, h)
  on conflict do nothing
  returning account_id || ' ' || ident as key, event_seq::text as seq`;

const KNOWN = `
  select i.account_id || ' ' || i.ident as key, i.content_hash as "contentHash"
  from unnest($1::uuid[], $2::uuid[]) as g(account_id, ident) join event_identity i on i.account_id = g.account_id and i.ident = g.ident`;

/*
 * The events; their numbers, added up by hour and appended; what was received, by source and day; and a mark for every account with an event
 * from before its watermark.
 */
const EVENTS = `
  with stored as (
    insert into usage_event (account_id, event_time, event_seq, source, id, type, sequence, data, received_at)
    select a, t, s, source, id, type, sequence, data, $9::timestamptz
    from unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[])
      as e(a, t, s, source, id, type, sequence, data)),
  numbers as (
    insert into usage_rollup_tail (account_id, meter, hour, grp, events, numbers, total, least, greatest)
    select a, m, date_bin('1 hour', t, 'epoch'), g, count(*), count(v), coalesce(sum(v), 0), min(v), max(v)
    from unnest($10::uuid[], $11::int[], $12::timestamptz[], $13::text[], $14::numeric[]) as n(a, m, t, g, v)
    group by 1, 2, 3, 4),
  receipts as (
    insert into usage_receipt (source, meter, day, events, total)
    select source, m, (t at time zone 'UTC')::date, count(*), coalesce(sum(v), 0)
    from unnest($15::text[], $16::int[], $17::timestamptz[], $18::numeric[]) as r(source, m, t, v)
    group by 1, 2, 3)
  insert into usage_late_touch (account_id, touched_at, earliest_event_time)
  select w.account_id, $9::timestamptz, e.t
  from unnest($19::uuid[], $20::timestamptz[]) as e(a, t) join usage_watermark w on w.account_id = e.a and e.t < w.billed_through`;

/** What became of events, in the order given, and those of them that were stored. */
export interface Stored {
  readonly statuses: readonly IngestStatus[];
  readonly events: readonly StoredEvent[];
}

/**
 * Stores each event once, for ever: by account, source and id. What was there already is a duplicate, or a conflict where it says
 * something else; the first one stands. The transaction holds the ingest lock. Levels are not counted here.
 */
export async function storeEvents(tx: Tx, given: readonly MeasuredEvent[], receivedAt: Instant): Promise<Stored> {
  const all = given.map((event): Identified => ({ ...event, ident: identOf(event.event), contentHash: contentHashOf(event.event) }));
  const firsts = new Map<string, Identified>();
  for (const event of all) if (!firsts.has(keyOf(event))) firsts.set(keyOf(event), event);
  const fresh = await insertIdentities(tx, inOrderOfKey([...firsts.values()]));
  const known = await contentOfKnown(
    tx,
    [...firsts.values()].filter((event) => !fresh.has(keyOf(event))),
  );
  const events: StoredEvent[] = [];
  const statuses = all.map((event): IngestStatus => {
    const key = keyOf(event);
    const first = firsts.get(key);
    const seq = fresh.get(key);
    if (first === event && seq !== undefined) {
      events.push({ ...event, seq });
      return 'accepted';
    }
    return (known.get(key) ?? first?.contentHash) === event.contentHash ? 'duplicate' : 'conflict';
  });
  if (events.length > 0) await insertEvents(tx, events, receivedAt);
  return { statuses, events };
}

async function insertIdentities(tx: Tx, events: readonly Identified[]): Promise<Map<string, string>> {
  const rows = await prepared<{ key: string; seq: string }>(tx, {
    name: 'usage-identities',
    text: IDENTITIES,
    values: [
      plainArray(events.map(({ accountId }) => accountId)),
      plainArray(events.map(({ ident }) => ident)),
      plainArray(events.map(({ event }) => formatInstant(event.time))),
      plainArray(events.map(({ contentHash }) => contentHash)),
    ],
  });
  return new Map(rows.map(({ key, seq }) => [key, seq]));
}

async function contentOfKnown(tx: Tx, events: readonly Identified[]): Promise<Map<string, string>> {
  if (events.length === 0) return new Map();
  const rows = await prepared<{ key: string; contentHash: string }>(tx, {
    name: 'usage-known',
    text: KNOWN,
    values: [plainArray(events.map(({ accountId }) => accountId)), plainArray(events.map(({ ident }) => ident))],
  });
  return new Map(rows.map(({ key, contentHash }) => [key, contentHash]));
}

async function insertEvents(tx: Tx, events: readonly StoredEvent[], receivedAt: Instant): Promise<void> {
  const times = new Map(events.map(({ event }) => [event.time, formatInstant(event.time)]));
  const timeOf = ({ event }: StoredEvent): string => times.get(event.time) ?? '';
  const measured = events.flatMap((event) => event.measures.map((one) => ({ event, ...one })));
  const numbers = measured.flatMap(({ event, meter, measure }) => (measure.kind === 'number' ? [{ event, meter, measure }] : []));
  const earliest = earliestByAccount(events);
  await prepared(tx, {
    name: 'usage-events',
    text: EVENTS,
    values: [
      plainArray(events.map(({ accountId }) => accountId)),
      plainArray(events.map(timeOf)),
      plainArray(events.map(({ seq }) => seq)),
      textArray(events.map(({ event }) => event.source)),
      textArray(events.map(({ event }) => event.id)),
      textArray(events.map(({ event }) => event.type)),
      textArray(events.map(({ event }) => event.sequence ?? '')),
      textArray(events.map(({ event }) => JSON.stringify(event.data))),
      formatInstant(receivedAt),
      plainArray(numbers.map(({ event }) => event.accountId)),
      plainArray(numbers.map(({ meter }) => meter.id)),
      plainArray(numbers.map(({ event }) => timeOf(event))),
      textArray(numbers.map(({ measure }) => measure.group)),
      plainArray(numbers.map(({ measure }) => measure.value)),
      textArray(measured.map(({ event }) => event.event.source)),
      plainArray(measured.map(({ meter }) => meter.id)),
      plainArray(measured.map(({ event }) => timeOf(event))),
      plainArray(measured.map(({ measure }) => (measure.kind === 'snapshot' ? null : measure.value))),
      plainArray([...earliest.keys()]),
      plainArray([...earliest.values()].map(formatInstant)),
    ],
  });
}

function earliestByAccount(events: readonly StoredEvent[]): Map<string, Instant> {
  const earliest = new Map<string, Instant>();
  for (const { accountId, event } of events) {
    const before = earliest.get(accountId);
    if (before === undefined || event.time < before) earliest.set(accountId, event.time);
  }
  return earliest;
}

const keyOf = ({ accountId, ident }: Pick<Identified, 'accountId' | 'ident'>): string => `${accountId} ${ident}`;

const inOrderOfKey = (events: readonly Identified[]): Identified[] => [...events].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
