import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant, MINUTE } from '../../domain/instant.js';
import type { AlertRow } from './alert.entity.js';

/*
 * Which accounts are to be looked at for which alerts, and when. A row is put here by what changes an account's usage or price, in the same
 * transaction, and taken away, or put off, by the one who has looked.
 */

/** An alert to be looked at for an account. */
export interface AlertWatch {
  readonly accountId: string;
  readonly alert: string;
}

export interface Concerned {
  readonly accountId: string;
  /** Null: alerts on any meter. */
  readonly meter: string | null;
}

const CONCERNED = `
  insert into alert_watch as w (account_id, alert, check_at)
  select distinct t.account_id, a.key, $3::timestamptz
  from unnest($1::uuid[], $2::text[]) as t(account_id, meter)
  join alert a on not a.archived and (t.meter is null or a.meter = t.meter) and (a.plan is not null or a.account_id = t.account_id)
  order by 1, 2
  on conflict (account_id, alert) do update set check_at = least(w.check_at, excluded.check_at)
  returning alert`;

/** Alerts that may concern these accounts are looked at from `at` on; whether they do is decided then. @returns whether there are any */
export async function watch(tx: Tx, concerned: readonly Concerned[], at: Instant): Promise<boolean> {
  const rows = await tx.query<unknown[]>(CONCERNED, [
    concerned.map(({ accountId }) => accountId),
    concerned.map(({ meter }) => meter),
    formatInstant(at),
  ]);
  return rows.length > 0;
}

/** One alert is looked at for these accounts from `at` on. */
export async function watchFor(tx: Tx, alert: string, accountIds: readonly string[], at: Instant): Promise<void> {
  await tx.query(
    `insert into alert_watch as w (account_id, alert, check_at) select distinct a, $2, $3::timestamptz from unnest($1::uuid[]) as u(a) order by a
     on conflict (account_id, alert) do update set check_at = least(w.check_at, excluded.check_at)`,
    [accountIds, alert, formatInstant(at)],
  );
}

export interface ClaimWanted {
  readonly limit: number;
  /** Whether to wait for another that is at it; else what it holds is left to it. */
  readonly waits: boolean;
}

/** What is to be looked at, locked for this transaction. Relies on alert_watch_due. */
export const claimWatches = (tx: Tx, now: Instant, { limit, waits }: ClaimWanted): Promise<AlertWatch[]> =>
  tx.query<AlertWatch[]>(
    `select account_id as "accountId", alert from alert_watch where check_at <= $1 order by check_at limit $2 for update ${waits ? '' : 'skip locked'}`,
    [formatInstant(now), limit],
  );

/** Whether something is to be looked at now, held by another or not. */
export async function isAnyDue(tx: Tx, now: Instant): Promise<boolean> {
  const rows = await tx.query<unknown[]>('select 1 from alert_watch where check_at <= $1 limit 1', [formatInstant(now)]);
  return rows.length > 0;
}

/** When each is to be looked at again; `undefined`: when usage or price change. */
export async function settleWatches(tx: Tx, settled: readonly (AlertWatch & { readonly checkAt: Instant | undefined })[]): Promise<void> {
  const columns = (watches: readonly AlertWatch[]): string[][] => [
    watches.map(({ accountId }) => accountId),
    watches.map(({ alert }) => alert),
  ];
  const [later, done] = [settled.filter(({ checkAt }) => checkAt !== undefined), settled.filter(({ checkAt }) => checkAt === undefined)];
  await tx.query(
    `delete from alert_watch w using unnest($1::uuid[], $2::text[]) as d(account_id, alert) where w.account_id = d.account_id and w.alert = d.alert`,
    columns(done),
  );
  await tx.query(
    `update alert_watch w set check_at = s.check_at from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as s(account_id, alert, check_at)
     where w.account_id = s.account_id and w.alert = s.alert`,
    [...columns(later), later.map(({ checkAt }) => formatInstant(checkAt ?? 0n))],
  );
}

/** When something is to be looked at next; what has been due already, a minute after `after`. */
export async function firstCheck(tx: Tx, after: Instant): Promise<Instant | undefined> {
  const [row] = await tx.query<{ at: Instant | null }[]>('select min(check_at) as at from alert_watch');
  const at = row?.at ?? undefined;
  return at !== undefined && at <= after ? after + MINUTE : at;
}

/** A threshold that was reached in a period. */
export interface Firing extends AlertWatch {
  readonly threshold: string;
  readonly periodStart: Instant;
}

export const firingKey = ({ accountId, alert, threshold, periodStart }: Firing): string =>
  `${accountId} ${alert} ${threshold} ${periodStart.toString()}`;

/** What has fired already for these accounts and alerts, in periods that began at `since` or later. */
export async function firedSince(tx: Tx, watches: readonly AlertWatch[], since: Instant): Promise<Set<string>> {
  const rows = await tx.query<Firing[]>(
    `select f.account_id as "accountId", f.alert, f.threshold, f.period_start as "periodStart"
     from unnest($1::uuid[], $2::text[]) as w(account_id, alert)
     join alert_firing f on f.account_id = w.account_id and f.alert = w.alert and f.period_start >= $3`,
    [watches.map(({ accountId }) => accountId), watches.map(({ alert }) => alert), formatInstant(since)],
  );
  return new Set(rows.map(firingKey));
}

/** Notes what was reached. @returns those that nobody had noted before */
export async function fire(tx: Tx, firings: readonly Firing[], at: Instant): Promise<Set<string>> {
  const rows = await tx.query<Firing[]>(
    `insert into alert_firing (account_id, alert, threshold, period_start, fired_at)
     select *, $5::timestamptz from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
     on conflict do nothing
     returning account_id as "accountId", alert, threshold, period_start as "periodStart"`,
    [
      firings.map(({ accountId }) => accountId),
      firings.map(({ alert }) => alert),
      firings.map(({ threshold }) => threshold),
      firings.map(({ periodStart }) => formatInstant(periodStart)),
      formatInstant(at),
    ],
  );
  return new Set(rows.map(firingKey));
}

/** An alert as it stands, by key; nobody deletes it before the transaction ends. */
export async function alertsByKey(tx: Tx, keys: readonly string[]): Promise<Map<string, AlertRow>> {
  const rows = await tx.query<AlertRow[]>(
    `select key, name, account_id as "accountId", plan, meter, measure, thresholds, archived from alert
     where key = any($1::text[]) order by key for key share`,
    [[...new Set(keys)]],
  );
  return new Map(rows.map((row) => [row.key, row]));
}
