import { instantArray, int4Array, int8Array, plainArray, textArray, uuidArray } from '../../common/database/arrays.js';
import { prepared, type Tx } from '../../common/database/database.js';
import { DAY, formatInstant, type Instant } from '../../domain/instant.js';
import { contentHashOf, identOf } from '../identity.js';
import type { CountedEvent, MeasuredEvent, MeterMeasure } from '../measured-event.js';
import { hourOf } from '../quantities/spans.js';

export type IngestStatus = 'accepted' | 'duplicate' | 'conflict';

/** An event that is stored: with its identity and its position among all. */
export type StoredEvent = MeasuredEvent & CountedEvent;

/*
 * Positions are taken from a block, one a statement. Identities come in the order of their key, so that two transactions that share some wait
 * for each other in one direction. Answers the block's last position, and by how much less those of what was new are. Relies on
 * event_identity_pk.
 */
const IDENTITIES = `
  with block as materialized (select nextval('usage_event_seq') as last),
  fresh as (
    insert into event_identity (account_id, ident, event_time, event_seq, content_hash)
    select a, i, t, last - n, h
    from block cross join unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[]) with ordinality as g(a, i, t, h, n)
    on conflict do nothing
    returning ((select last from block) - event_seq)::int as n)
  select last::text, (select array_agg(n) from fresh) as fresh from block`;

const KNOWN = `
  select g.n, i.content_hash as "contentHash",
    exists (select 1 from usage_void v where v.account_id = i.account_id and v.ident = i.ident) as voided
  from unnest($1::uuid[], $2::uuid[], $3::int[]) as g(account_id, ident, n)
  join event_identity i on i.account_id = g.account_id and i.ident = g.ident`;

/*
 * The events; their numbers, added up by hour and appended; what was received, by source and day; and a mark for every account with an event
 * from before its watermark.
 */
const EVENTS = `
  with stored as (
    insert into usage_event (account_id, event_time, event_seq, source, id, type, sequence, data, received_at)
    select a, t, s, source, id, type, sequence, data, $9::timestamptz
    from rows from (unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]), jsonb_array_elements($8::jsonb))
      as e(a, t, s, source, id, type, sequence, data)),
  numbers as (
    insert into usage_rollup_tail (account_id, meter, hour, grp, events, numbers, total, least, greatest)
    select a, m, h, g, count(*), count(v), coalesce(sum(v), 0), min(v), max(v)
    from unnest($10::uuid[], $11::int[], $12::timestamptz[], $13::text[], $14::numeric[]) as n(a, m, h, g, v)
    group by a, m, h, g),
  receipts as (
    insert into usage_receipt (source, meter, day, events, total)
    select source, m, date '1970-01-01' + d, count(*), coalesce(sum(v), 0)
    from unnest($15::text[], $16::int[], $17::int[], $18::numeric[]) as r(source, m, d, v)
    group by source, m, d)
  insert into usage_late_touch (account_id, touched_at, earliest_event_time)
  select w.account_id, $9::timestamptz, e.t
  from unnest($19::uuid[], $20::timestamptz[]) as e(a, t) join usage_watermark w on w.account_id = e.a and e.t < w.billed_through`;

/** What became of events, in the order given, and those of them that were stored. */
export interface Stored {
  readonly statuses: readonly IngestStatus[];
  readonly idents: readonly string[];
  /** Keys of those that were there already and are voided; as `keyOf` makes them. */
  readonly voided: ReadonlySet<string>;
  readonly events: readonly StoredEvent[];
}

/**
 * Stores each event once, for ever: by account, source and id. What was there already is a duplicate, or a conflict where it says
 * something else; the first one stands. At most 16,384 at once. The transaction holds the ingest lock. Levels are not counted here.
 */
export async function storeEvents(tx: Tx, given: readonly MeasuredEvent[], receivedAt: Instant): Promise<Stored> {
  const idents = given.map(({ event }) => identOf(event));
  const hashes = given.map(({ event }) => contentHashOf(event));
  const firsts = new Map<string, number>();
  const firstOf = given.map(({ accountId }, i) => {
    const key = keyOf({ accountId, ident: idents[i] ?? '' });
    const first = firsts.get(key) ?? i;
    if (first === i) firsts.set(key, i);
    return first;
  });
  const inOrderOfKey = [...firsts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, i]) => i);
  const column = <Value>(indices: readonly number[], values: readonly Value[]): Value[] => indices.map((i) => values[i] as Value);
  const [block] = await prepared<{ last: string; fresh: number[] | null }>(tx, {
    name: 'usage-identities',
    text: IDENTITIES,
    values: [
      uuidArray(column(inOrderOfKey, given).map(({ accountId }) => accountId)),
      uuidArray(column(inOrderOfKey, idents)),
      instantArray(column(inOrderOfKey, given).map(({ event }) => event.time)),
      uuidArray(column(inOrderOfKey, hashes)),
    ],
  });
  const last = BigInt(block?.last ?? 0);
  const seqs = new Map((block?.fresh ?? []).map((n) => [inOrderOfKey[n - 1] ?? -1, (last - BigInt(n)).toString()]));
  const standing = await knownOf(
    tx,
    inOrderOfKey.filter((i) => !seqs.has(i)).map((n) => ({ n, accountId: given[n]?.accountId ?? '', ident: idents[n] ?? '' })),
  );
  const events: StoredEvent[] = [];
  const statuses = given.map(({ accountId, event, measures }, i): IngestStatus => {
    const first = firstOf[i] ?? i;
    const seq = seqs.get(i);
    if (first === i && seq !== undefined) {
      events.push({ accountId, event, measures, ident: idents[i] ?? '', seq });
      return 'accepted';
    }
    return (standing.get(first)?.contentHash ?? hashes[first]) === hashes[i] ? 'duplicate' : 'conflict';
  });
  if (events.length > 0) await insertEvents(tx, events, receivedAt);
  const isVoided = (i: number): boolean => standing.get(firstOf[i] ?? i)?.voided === true;
  const voided = new Set(given.flatMap(({ accountId }, i) => (isVoided(i) ? [keyOf({ accountId, ident: idents[i] ?? '' })] : [])));
  return { statuses, idents, voided, events };
}

/** Tells identities apart. */
export const keyOf = ({ accountId, ident }: Pick<CountedEvent, 'accountId' | 'ident'>): string => `${accountId} ${ident}`;

interface Asked {
  readonly n: number;
  readonly accountId: string;
  readonly ident: string;
}

/** What stands under an identity. */
interface Known {
  readonly n: number;
  readonly contentHash: string;
  readonly voided: boolean;
}

async function knownOf(tx: Tx, asked: readonly Asked[]): Promise<Map<number, Known>> {
  if (asked.length === 0) return new Map();
  const rows = await prepared<Known>(tx, {
    name: 'usage-known',
    text: KNOWN,
    values: [
      uuidArray(asked.map(({ accountId }) => accountId)),
      uuidArray(asked.map(({ ident }) => ident)),
      int4Array(asked.map(({ n }) => n)),
    ],
  });
  return new Map(rows.map((row) => [row.n, row]));
}

interface Measured {
  readonly stored: StoredEvent;
  readonly one: MeterMeasure;
}

async function insertEvents(tx: Tx, events: readonly StoredEvent[], receivedAt: Instant): Promise<void> {
  const measured = events.flatMap((stored) => stored.measures.map((one): Measured => ({ stored, one })));
  const numbers = measured.filter(({ one }) => one.measure.kind === 'number'); // also of what cannot be added up: it tells that usage changed
  const earliest = earliestByAccount(events);
  await prepared(tx, {
    name: 'usage-events',
    text: EVENTS,
    values: [
      uuidArray(events.map(({ accountId }) => accountId)),
      instantArray(events.map(({ event }) => event.time)),
      int8Array(events.map(({ seq }) => BigInt(seq))),
      textArray(events.map(({ event }) => event.source)),
      textArray(events.map(({ event }) => event.id)),
      textArray(events.map(({ event }) => event.type)),
      textArray(events.map(({ event }) => event.sequence ?? '')),
      `[${events.map(({ event }) => JSON.stringify(event.data)).join(',')}]`,
      formatInstant(receivedAt),
      uuidArray(numbers.map(({ stored }) => stored.accountId)),
      int4Array(numbers.map(({ one }) => one.meter.id)),
      instantArray(numbers.map(({ stored }) => hourOf(stored.event.time))),
      textArray(numbers.map(({ one }) => (one.measure.kind === 'number' ? one.measure.group : ''))),
      plainArray(numbers.map(valueOf)),
      textArray(measured.map(({ stored }) => stored.event.source)),
      int4Array(measured.map(({ one }) => one.meter.id)),
      int4Array(measured.map(({ stored }) => dayOf(stored.event.time))),
      plainArray(measured.map(valueOf)),
      uuidArray([...earliest.keys()]),
      instantArray([...earliest.values()]),
    ],
  });
}

const valueOf = ({ one: { measure } }: Measured): string | null => (measure.kind === 'snapshot' ? null : measure.value);

/** Days since 1970-01-01, in UTC. */
const dayOf = (time: Instant): number => Number((time - (((time % DAY) + DAY) % DAY)) / DAY);

function earliestByAccount(events: readonly StoredEvent[]): Map<string, Instant> {
  const earliest = new Map<string, Instant>();
  for (const { accountId, event } of events) {
    const before = earliest.get(accountId);
    if (before === undefined || event.time < before) earliest.set(accountId, event.time);
  }
  return earliest;
}
