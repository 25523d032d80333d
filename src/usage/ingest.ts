import { createHash } from 'node:crypto';
import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { contentOf, type UsageEvent } from '../domain/metering/event.js';

/** An event whose account exists and whose meters find what they need in it. */
export interface AdmittedEvent {
  /** Its position in what was sent. */
  readonly index: number;
  readonly accountId: string;
  readonly event: UsageEvent;
}

export type IngestStatus = 'accepted' | 'duplicate' | 'conflict';

interface Identified extends AdmittedEvent {
  readonly ident: string;
  readonly contentHash: string;
}

/*
 * Identities first; events of the fresh ones only, in the same statement. Identities come in the order of their key, so that two
 * transactions that share some wait for each other in one direction. Relies on event_identity_pk.
 */
const INSERT = `
  with given as materialized (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[])
      as g(account_id, ident, content_hash, event_time, source, id, type, sequence, data)),
  numbered as materialized (select *, nextval('usage_event_seq') as event_seq from given),
  fresh as (
    insert into event_identity (account_id, ident, event_time, event_seq, content_hash)
    select account_id, ident, event_time, event_seq, content_hash from numbered order by account_id, ident
    on conflict do nothing
    returning account_id, ident),
  stored as (
    insert into usage_event (account_id, event_time, event_seq, source, id, type, sequence, data, received_at)
    select n.account_id, n.event_time, n.event_seq, n.source, n.id, n.type, n.sequence, n.data, $10::timestamptz
    from numbered n join fresh f on f.account_id = n.account_id and f.ident = n.ident)
  select account_id as "accountId", ident from fresh`;

const KNOWN = `
  select i.account_id as "accountId", i.ident, i.content_hash as "contentHash"
  from unnest($1::uuid[], $2::uuid[]) as g(account_id, ident) join event_identity i on i.account_id = g.account_id and i.ident = g.ident`;

/**
 * Stores each event once, for ever: by account, source and id. What was there already is a duplicate, or a conflict where it says
 * something else; the first one stands. Answers the status of each event, in the order given.
 */
export async function ingest(tx: Tx, events: readonly AdmittedEvent[], receivedAt: Instant): Promise<IngestStatus[]> {
  const all = events.map(identified);
  const firsts = new Map<string, Identified>();
  for (const event of all) if (!firsts.has(keyOf(event))) firsts.set(keyOf(event), event);
  const given = [...firsts.values()];
  const column = <Value>(read: (event: Identified) => Value): Value[] => given.map(read);
  const fresh = new Set(
    (
      await tx.query<{ accountId: string; ident: string }[]>(INSERT, [
        column((e) => e.accountId),
        column((e) => e.ident),
        column((e) => e.contentHash),
        column((e) => formatInstant(e.event.time)),
        column((e) => e.event.source),
        column((e) => e.event.id),
        column((e) => e.event.type),
        column((e) => e.event.sequence ?? ''),
        column((e) => JSON.stringify(e.event.data)),
        formatInstant(receivedAt),
      ])
    ).map(keyOf),
  );
  const known = await contentOfKnown(
    tx,
    given.filter((event) => !fresh.has(keyOf(event))),
  );
  return all.map((event) => {
    const first = firsts.get(keyOf(event));
    if (first === event && fresh.has(keyOf(event))) return 'accepted';
    const stands = known.get(keyOf(event)) ?? first?.contentHash;
    return stands === event.contentHash ? 'duplicate' : 'conflict';
  });
}

async function contentOfKnown(tx: Tx, events: readonly Identified[]): Promise<Map<string, string>> {
  if (events.length === 0) return new Map();
  const rows = await tx.query<{ accountId: string; ident: string; contentHash: string }[]>(KNOWN, [
    events.map((event) => event.accountId),
    events.map((event) => event.ident),
  ]);
  return new Map(rows.map((row) => [keyOf(row), row.contentHash]));
}

/** What an event is known by within its account. */
export const identOf = ({ source, id }: { readonly source: string; readonly id: string }): string => hashed(`${source}\0${id}`);

const identified = (admitted: AdmittedEvent): Identified => ({
  ...admitted,
  ident: identOf(admitted.event),
  contentHash: hashed(contentOf(admitted.event)),
});

const keyOf = ({ accountId, ident }: { readonly accountId: string; readonly ident: string }): string => `${accountId} ${ident}`;

/** 16 bytes of SHA-256, in the form that PostgreSQL's uuid has. */
function hashed(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
