import type { Tx } from '../../common/database/database.js';
import { type CreditGrant, isExpired } from '../../domain/billing/grants.js';
import { formatInstant, type Instant } from '../../domain/instant.js';

/** A credit grant as it is kept. */
export interface GrantRow extends CreditGrant {
  readonly accountId: string;
  readonly currency: string;
  readonly amountMinor: bigint;
  readonly description: string | null;
}

/** A grant with what became of it, in minor units from 0. */
export interface GrantRecord extends GrantRow {
  /** Paid for invoices that stand. */
  readonly appliedMinor: bigint;
  readonly expiredMinor: bigint;
  readonly voidedMinor: bigint;
}

export type GrantStatus = 'active' | 'used' | 'expired' | 'voided';

const COLUMNS = `g.account_id as "accountId", g.id, g.currency, g.kind, g.priority, g.amount_minor as "amountMinor", g.remaining_minor as "remainingMinor",
  g.expires_at as "expiresAt", g.description, g.created_at as "createdAt"`;

/* Relies on credit_grant_pk and, for each grant, on grant_entry_by_grant. */
const RECORDS = `
  select ${COLUMNS}, e."appliedMinor", e."expiredMinor", e."voidedMinor"
  from credit_grant g cross join lateral (
    select coalesce(-sum(amount_minor) filter (where kind in ('applied', 'released')), 0)::bigint as "appliedMinor",
      coalesce(-sum(amount_minor) filter (where kind = 'expired'), 0)::bigint as "expiredMinor",
      coalesce(-sum(amount_minor) filter (where kind = 'voided'), 0)::bigint as "voidedMinor"
    from grant_entry where account_id = g.account_id and grant_id = g.id) e`;

export async function insertGrant(tx: Tx, grant: GrantRow): Promise<void> {
  await tx.query(
    `insert into credit_grant (account_id, id, currency, kind, priority, amount_minor, remaining_minor, expires_at, description, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      grant.accountId,
      grant.id,
      grant.currency,
      grant.kind,
      grant.priority,
      grant.amountMinor.toString(),
      grant.remainingMinor.toString(),
      grant.expiresAt === null ? null : formatInstant(grant.expiresAt),
      grant.description,
      formatInstant(grant.createdAt),
    ],
  );
}

export async function findGrant(tx: Tx, accountId: string, id: string): Promise<GrantRecord | undefined> {
  const [row] = await tx.query<GrantRecord[]>(`${RECORDS} where g.account_id = $1 and g.id = $2`, [accountId, id]);
  return row;
}

/** Newest first. */
export const listGrants = (
  tx: Tx,
  accountId: string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<GrantRecord[]> =>
  tx.query<GrantRecord[]>(`${RECORDS} where g.account_id = $1 and ($2::text is null or g.id < $2) order by g.id desc limit $3`, [
    accountId,
    after ?? null,
    limit,
  ]);

/**
 * The grants of accounts that something is left of. With `locked` they stay so until the transaction ends; they are locked in the order of
 * their keys, so that two who lock many never wait for each other in a circle. Relies on credit_grant_open.
 */
export const openGrants = (tx: Tx, accountIds: readonly string[], { locked }: { readonly locked: boolean }): Promise<GrantRow[]> =>
  tx.query<GrantRow[]>(
    `select ${COLUMNS} from credit_grant g where g.account_id = any($1::uuid[]) and g.remaining_minor > 0
     order by g.account_id, g.id ${locked ? 'for no key update' : ''}`,
    [accountIds],
  );

/** The named grants, also those that nothing is left of, locked in the order of their keys until the transaction ends. */
export const lockGrants = (tx: Tx, grants: readonly { readonly accountId: string; readonly id: string }[]): Promise<GrantRow[]> =>
  tx.query<GrantRow[]>(
    `select ${COLUMNS} from credit_grant g
     where (g.account_id, g.id) in (select * from unnest($1::uuid[], $2::text[]))
     order by g.account_id, g.id for no key update`,
    [grants.map(({ accountId }) => accountId), grants.map(({ id }) => id)],
  );

/** Grants that have expired by `at` with something left, those that did so first. Relies on credit_grant_expiring. */
export const expiredGrants = (tx: Tx, at: Instant, limit: number): Promise<{ accountId: string; id: string }[]> =>
  tx.query(
    `select account_id as "accountId", id from credit_grant where remaining_minor > 0 and expires_at <= $1
     order by expires_at, account_id, id limit $2`,
    [formatInstant(at), limit],
  );

/** The first instant after `after` at which a grant expires with something left. */
export async function firstExpiry(tx: Tx, after: Instant): Promise<Instant | undefined> {
  const [row] = await tx.query<{ at: Instant | null }[]>(
    'select min(expires_at) as at from credit_grant where remaining_minor > 0 and expires_at > $1',
    [formatInstant(after)],
  );
  return row?.at ?? undefined;
}

/** What is left of a grant at an instant, and what it lost by expiring: from its expiry on it is expired, though that was not yet written. */
export function statedAt(grant: GrantRecord, at: Instant): Pick<GrantRecord, 'remainingMinor' | 'expiredMinor'> & { status: GrantStatus } {
  const lapsed = isExpired(grant, at) ? grant.remainingMinor : 0n;
  const remainingMinor = grant.remainingMinor - lapsed;
  const expiredMinor = grant.expiredMinor + lapsed;
  const ended = grant.voidedMinor > 0n ? 'voided' : expiredMinor > 0n ? 'expired' : 'used';
  return { remainingMinor, expiredMinor, status: remainingMinor > 0n ? 'active' : ended };
}
