import type { Check, CheckScope, Difference } from '../../common/checks.js';
import { uuidArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant } from '../../domain/instant.js';
import type { MeterEvent } from '../../domain/metering/meter-event.js';
import { contentHashOf, identOf } from '../identity.js';
import { KEPT, type KeptRow } from '../kept-events.js';

const EVENTS_AT_ONCE = 5_000;

interface Row extends KeptRow {
  /** The account's key: events name it as their subject. */
  readonly subject: string | null;
}

/* Relies on usage_event_pk: from one account, type, time and position to the next. */
const EVENTS = `
  select ${KEPT}, a.key as subject from usage_event e left join account a on a.id = e.account_id
  where (e.account_id, e.type collate "C", e.event_time, e.event_seq) > ($1::uuid, $2 collate "C", $3::timestamptz, $4::bigint)
    and ($5::uuid is null or e.account_id = $5) and ($6::timestamptz is null or e.event_time >= $6) and ($7::timestamptz is null or e.event_time < $7)
  order by e.account_id, e.type collate "C", e.event_time, e.event_seq limit ${String(EVENTS_AT_ONCE)}`;

interface Identity {
  readonly n: number;
  readonly seq: string;
  readonly contentHash: string;
}

const IDENTITIES = `
  select k.n::int, i.event_seq::text as seq, i.content_hash as "contentHash"
  from unnest($1::uuid[], $2::uuid[]) with ordinality as k(account_id, ident, n)
  join event_identity i on i.account_id = k.account_id and i.ident = k.ident`;

/** Each event stands under its identity, and says what it said when it was stored. Events of archived months are in their files. */
export const eventsCheck: Check = { name: 'events', group: 'usage', narrows: true, run: checkEvents };

async function* checkEvents(tx: Tx, { accountId, from, to }: CheckScope): AsyncGenerator<Difference> {
  const bounds = [accountId ?? null, from === undefined ? null : formatInstant(from), to === undefined ? null : formatInstant(to)];
  for (let after: readonly string[] = ['00000000-0000-0000-0000-000000000000', '', '-infinity', '0']; ;) {
    const rows = await tx.query<Row[]>(EVENTS, [...after, ...bounds]);
    yield* await differencesOf(tx, rows);
    const last = rows.at(-1);
    if (!last || rows.length < EVENTS_AT_ONCE) return;
    after = [last.accountId, last.type, formatInstant(last.time), last.seq];
  }
}

async function differencesOf(tx: Tx, rows: readonly Row[]): Promise<Difference[]> {
  const found = await tx.query<Identity[]>(IDENTITIES, [uuidArray(rows.map(({ accountId }) => accountId)), uuidArray(rows.map(identOf))]);
  const identities = new Map(found.map((identity) => [identity.n - 1, identity]));
  return rows.flatMap((row, i): Difference[] => {
    const { subject, source, id, seq } = row;
    const named = `event ${source} ${id} of ${subject ?? row.accountId}`;
    const identity = identities.get(i);
    if (identity?.seq !== seq) return [{ subject: named, detail: 'it does not stand under its identity' }];
    return contentHashOf({ ...eventOf(row), subject: subject ?? '' }) === identity.contentHash
      ? []
      : [{ subject: named, detail: 'it does not say what it said when it was stored' }];
  });
}

const eventOf = ({ time, source, id, type, data }: Row): MeterEvent => ({ time, source, id, type, data });
