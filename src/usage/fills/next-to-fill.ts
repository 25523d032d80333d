import { textArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant } from '../../domain/instant.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import { KEPT, keptEvent, type KeptRow } from '../kept-events.js';
import type { CountedEvent } from '../measured-event.js';
import { NOT_VOIDED } from '../quantities/events-sql.js';
import type { Fill, FillCursor } from './fill-rows.js';

/** Accounts that are looked into at once. */
const ACCOUNTS_MAX = 100;

/* From one account to the next, by one step in event_identity_pk each. */
const ACCOUNTS = (includesFirst: boolean): string => `
  with recursive a(account_id) as (
    (select account_id from event_identity where account_id ${includesFirst ? '>=' : '>'} $1 order by account_id limit 1)
    union all
    select n.account_id from a cross join lateral (
      select i.account_id from event_identity i where i.account_id > a.account_id order by i.account_id limit 1) n)
  select account_id as "accountId" from a limit ${String(ACCOUNTS_MAX)}`;

/* $1 accounts, $2 types, $3 the last position, $4 limit; $5 account, $6 type, $7 time, $8 position of the cursor. Relies on usage_event_pk. */
const EVENTS = `
  select k.* from unnest($1::uuid[]) as a(account_id) cross join unnest($2::text[]) as t(type)
  cross join lateral (
    select ${KEPT} from usage_event e
    where e.account_id = a.account_id and e.type = t.type and e.event_seq <= $3 and ${NOT_VOIDED}
      and e.event_time >= case when a.account_id = $5::uuid and t.type = $6::text then $7::timestamptz else '-infinity' end
      and (a.account_id <> $5::uuid or $6::text is null
        or (t.type collate "C", e.event_time, e.event_seq) > ($6::text collate "C", $7::timestamptz, $8::bigint))
    order by e.event_time, e.event_seq limit $4) k
  order by k."accountId", k.type collate "C", k.time, k.seq::bigint limit $4`;

/** What comes next, and where that leaves the fill; nothing at all when everything was gone through. */
export async function nextToFill(
  tx: Tx,
  meter: CatalogMeter,
  fill: Fill,
  limit: number,
): Promise<{ readonly events: readonly CountedEvent[]; readonly reached: FillCursor } | undefined> {
  const accounts = await tx.query<{ accountId: string }[]>(ACCOUNTS(fill.type !== null), [fill.accountId]);
  const last = accounts.at(-1);
  if (!last) return undefined;
  const rows = await tx.query<KeptRow[]>(EVENTS, [
    accounts.map(({ accountId }) => accountId),
    textArray([...new Set([meter.eventType, ...(meter.snapshotType === undefined ? [] : [meter.snapshotType])])]),
    fill.through,
    limit,
    fill.accountId,
    fill.type,
    fill.time === null ? null : formatInstant(fill.time),
    fill.seq,
  ]);
  const lastRow = rows.at(-1);
  const reached =
    lastRow && rows.length === limit
      ? { accountId: lastRow.accountId, type: lastRow.type, time: lastRow.time, seq: lastRow.seq }
      : { accountId: last.accountId, type: null, time: null, seq: null };
  return { events: rows.map((row) => keptEvent(row, [meter])), reached };
}
