import { plainArray } from '../../common/database/arrays.js';
import { prepared, type Tx } from '../../common/database/database.js';
import type { NamedThing } from '../../common/ids.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import type { Month } from '../months.js';

/*
 * What cannot be answered, or done, without events that are in files alone. Sums by the hour, levels and identities of archived months stay
 * in the database. Whoever reads events looks here afterwards: from then on nothing of what was read is archived before the transaction ends.
 */

const MONTH_START = `(a.month || '-01T00:00:00Z')::timestamptz`;
const MONTH_END = `(${MONTH_START} at time zone 'UTC' + interval '1 month') at time zone 'UTC'`;
const ARCHIVED = 'a.restored_at is null';

/** A stretch of an account's time of which a meter's events are to be read. */
export interface EventRange {
  readonly accountId: string;
  readonly start: Instant;
  readonly end: Instant;
}

/*
 * Whether the meter counted events of the account in those hours that lie in archived months: only then are events missing. Costs a look at an
 * empty table where nothing is archived. Relies on usage_rollup_pk and usage_rollup_tail_by_account.
 */
const MISSED = `
  select min(a.month) as month from usage_archive a
  join unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as r(account_id, lo, hi) on r.lo < ${MONTH_END} and r.hi > ${MONTH_START} and r.lo < r.hi
  where ${ARCHIVED} and exists (
    select from (
      select hour, events from usage_rollup u
      where u.account_id = r.account_id and u.meter = $4 and u.hour >= date_bin('1 hour', greatest(r.lo, ${MONTH_START}), 'epoch') and u.hour < least(r.hi, ${MONTH_END})
      union all
      select hour, events from usage_rollup_tail u
      where u.account_id = r.account_id and u.meter = $4 and u.hour >= date_bin('1 hour', greatest(r.lo, ${MONTH_START}), 'epoch') and u.hour < least(r.hi, ${MONTH_END})) h
    group by hour having sum(events) <> 0)`;

/** @throws Refusal `usage_archived` where events of the meter in these stretches are archived */
export async function refuseArchived(tx: Tx, { id }: CatalogMeter, ranges: readonly EventRange[]): Promise<void> {
  if (ranges.length === 0) return;
  const [missed] = await prepared<{ month: Month | null }>(tx, {
    name: 'usage-archived',
    text: MISSED,
    values: [
      plainArray(ranges.map(({ accountId }) => accountId)),
      plainArray(ranges.map(({ start }) => formatInstant(start))),
      plainArray(ranges.map(({ end }) => formatInstant(end))),
      id,
    ],
  });
  if (missed?.month) throw usageArchived(missed.month);
}

/** @throws Refusal `usage_archived` where events of one of the types in that stretch may be archived */
export async function refuseArchivedRange(
  tx: Tx,
  { from, to, types }: { readonly from: Instant; readonly to: Instant; readonly types: readonly string[] },
): Promise<void> {
  const [found] = await tx.query<{ month: Month | null }[]>(
    `select min(a.month) as month from usage_archive a
     where ${ARCHIVED} and a.types && $3::text[] and $1::timestamptz < ${MONTH_END} and $2::timestamptz > ${MONTH_START}`,
    [formatInstant(from), formatInstant(to), types],
  );
  if (found?.month) throw usageArchived(found.month);
}

/** SQL for the first archived month that has events of the range from $1 to $2 with a later position than one of $3. */
export const EXPORT_LACKS = `
  select a.month from usage_archive a
  where ${ARCHIVED} and ($1::timestamptz is null or $1 < ${MONTH_END}) and ($2::timestamptz is null or $2 > ${MONTH_START})
    and (a.last_seq is null or a.last_seq > any($3::bigint[]))
  order by a.month limit 1`;

/** @throws Refusal `usage_archived` where events of one of the types are archived, of whatever time */
export async function refuseArchivedTypes(tx: Tx, types: readonly string[]): Promise<void> {
  const [found] = await tx.query<{ month: Month | null }[]>(
    `select min(a.month) as month from usage_archive a where ${ARCHIVED} and a.types && $1::text[]`,
    [types],
  );
  if (found?.month) throw usageArchived(found.month);
}

/** @throws Refusal `usage_archived` where a voided event of that stretch is archived: who reported it is in the file */
export async function refuseArchivedVoids(tx: Tx, from: string, to: string): Promise<void> {
  const [found] = await tx.query<{ month: Month | null }[]>(
    `select min(a.month) as month from usage_archive a
     where ${ARCHIVED} and $1::timestamptz < ${MONTH_END} and $2::timestamptz > ${MONTH_START} and exists (
       select from usage_void v where v.event_time >= greatest($1, ${MONTH_START}) and v.event_time < least($2, ${MONTH_END}))`,
    [from, to],
  );
  if (found?.month) throw usageArchived(found.month);
}

/** Where an event lies that is not in the table. */
export async function archiveOf(tx: Tx, { accountId, ident }: NamedThing): Promise<{ month: Month; files: string[] } | undefined> {
  const [row] = await tx.query<{ month: Month; files: string[] | null }[]>(
    `select to_char(i.event_time at time zone 'UTC', 'YYYY-MM') as month,
       (select array_agg(a.file order by a.part) from usage_archive a
        where ${ARCHIVED} and a.month = to_char(i.event_time at time zone 'UTC', 'YYYY-MM')) as files
     from event_identity i where i.account_id = $1 and i.ident = $2`,
    [accountId, ident],
  );
  return row?.files ? { month: row.month, files: row.files } : undefined;
}

/** Where events are exported. */
export const exportArchived = (month: string): Refusal =>
  new Refusal(
    'conflict',
    'usage_archived',
    `Events of ${month} are archived, and were not exported before: have an operator run "wharfage archive --restore ${month}", or export a range without that month.`,
  );

/** Where an event is read. */
export const eventArchived = ({ month, files }: { readonly month: Month; readonly files: readonly string[] }): Refusal =>
  new Refusal(
    'gone',
    'event_archived',
    `The event was archived with those of ${month}, in ${files.join(' or ')}: read the file, or put it back with "wharfage archive --restore ${month}".`,
  );

/** Where events are to be counted, or corrected. */
export const usageArchived = (month: Month): Refusal =>
  new Refusal(
    'conflict',
    'usage_archived',
    `This takes events of ${month}, which are archived: have an operator run "wharfage archive --restore ${month}", and try again; or ask for whole hours, by what the meter tells apart.`,
  );
