import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { hasLateUsageSql } from '../usage/late-marks.js';

/** Why an account is not billed, and what to do. */
export interface Parking {
  /** The rule that stopped it: the code of a refusal, `unexpected_error`, or `on_hold`. */
  readonly rule: string;
  readonly detail: string;
  readonly remedy: string;
  readonly asOf: string;
  readonly at: string;
}

/** The rule of an account that a person keeps from being billed. */
export const ON_HOLD = 'on_hold';

const CLAIM_DUE = `
  select account_id as "accountId" from billing_state where next_due <= $1 and parked is null
  order by next_due, account_id limit $2 for update skip locked`;

const CLAIM_ENDED = `
  select account_id as "accountId" from billing_state b where next_due is null and parked is null
    and ${hasLateUsageSql('b.account_id')}
  order by account_id limit $1 for update skip locked`;

const CLAIM_HELD = `
  select b.account_id as "accountId" from invoice_draft d join billing_state b on b.account_id = d.account_id and b.parked is null
  where d.type = 'subscription' and d.as_of <= $1 and ${hasLateUsageSql('d.account_id')}
  order by b.account_id limit $2 for update of b skip locked`;

const ids = (rows: readonly { readonly accountId: string }[]): string[] => rows.map((row) => row.accountId).sort();

/** Accounts with something due, locked for this transaction; those that another run holds are left to it. Relies on billing_state_due. */
export const claimDue = async (tx: Tx, asOf: Instant, limit: number): Promise<string[]> =>
  ids(await tx.query<{ accountId: string }[]>(CLAIM_DUE, [formatInstant(asOf), limit]));

/** Accounts for which nothing will ever fall due by itself, with usage that came later than their last invoice. */
export const claimEndedWithLateUsage = async (tx: Tx, limit: number): Promise<string[]> =>
  ids(await tx.query<{ accountId: string }[]>(CLAIM_ENDED, [limit]));

/** Accounts whose draft has not taken in usage that came late. */
export const claimHeldWithLateUsage = async (tx: Tx, asOf: Instant, limit: number): Promise<string[]> =>
  ids(await tx.query<{ accountId: string }[]>(CLAIM_HELD, [formatInstant(asOf), limit]));

/** One account, whatever is due, and though it is parked; waits for a run that holds it. */
export async function claimOne(tx: Tx, accountId: string): Promise<void> {
  await tx.query('insert into billing_state (account_id) values ($1) on conflict do nothing', [accountId]);
  await tx.query('select 1 from billing_state where account_id = $1 for update', [accountId]);
}

const SET_NEXT_DUE = `
  with taken_back as materialized (select account_id from billing_state where account_id = any($1::uuid[]) and parked is not null),
  noted as (
    update billing_state s set next_due = n.next_due, parked = null
    from unnest($1::uuid[], $2::timestamptz[]) as n(account_id, next_due) where s.account_id = n.account_id)
  select account_id as "accountId" from taken_back`;

/** Notes when something is due next for accounts that are locked. Answers those that were parked, and are no longer. */
export async function setNextDue(
  tx: Tx,
  states: readonly { readonly accountId: string; readonly nextDue: Instant | undefined }[],
): Promise<string[]> {
  const due = states.map(({ nextDue }) => (nextDue === undefined ? null : formatInstant(nextDue)));
  return ids(await tx.query<{ accountId: string }[]>(SET_NEXT_DUE, [states.map((state) => state.accountId), due]));
}

/** Something may be due from `at` on. */
export async function dueBy(tx: Tx, accountId: string, at: Instant): Promise<void> {
  await tx.query(
    `insert into billing_state (account_id, next_due) values ($1, $2)
     on conflict (account_id) do update set next_due = least(billing_state.next_due, excluded.next_due)`,
    [accountId, formatInstant(at)],
  );
}

export async function park(tx: Tx, accountId: string, parking: Parking): Promise<void> {
  await tx.query('update billing_state set parked = $2 where account_id = $1', [accountId, JSON.stringify(parking)]);
}

export async function unpark(tx: Tx, accountId: string): Promise<void> {
  await tx.query('update billing_state set parked = null where account_id = $1', [accountId]);
}

export async function parkingOf(tx: Tx, accountId: string): Promise<Parking | undefined> {
  const [row] = await tx.query<{ parked: Parking | null }[]>('select parked from billing_state where account_id = $1', [accountId]);
  return row?.parked ?? undefined;
}

export const isHeld = async (tx: Tx, accountId: string): Promise<boolean> => (await parkingOf(tx, accountId))?.rule === ON_HOLD;

/** The first instant after `after` at which something is due for some account. */
export async function firstDue(tx: Tx, after: Instant): Promise<Instant | undefined> {
  const [row] = await tx.query<{ at: Instant | null }[]>(
    'select min(next_due) as at from billing_state where parked is null and next_due > $1',
    [formatInstant(after)],
  );
  return row?.at ?? undefined;
}
