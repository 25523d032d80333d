import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/** By feature key. */
export type Used = Readonly<Record<string, number | null>>;

/** What was computed for an account: everything that a check reads. */
export interface EntitlementRow {
  readonly accountId: string;
  readonly revision: bigint;
  readonly validUntil: Instant | null;
  /** The body of the answer, as JSON; empty while nothing was computed. */
  readonly answer: string;
  /** How much is used of each feature, as it was reported: whole numbers; null where its meter tells. */
  readonly used: Used;
}

const COLUMNS = `account_id as "accountId", revision, valid_until as "validUntil", answer, used`;

/** The rows of these accounts, made where there are none, and locked until the transaction ends. */
export async function lockedRows(tx: Tx, accountIds: readonly string[]): Promise<EntitlementRow[]> {
  await tx.query(
    `insert into entitlement (account_id, revision, answer)
     select id, 0, '' from unnest($1::uuid[]) as a(id) order by id on conflict do nothing`,
    [accountIds],
  );
  return tx.query<EntitlementRow[]>(
    `select ${COLUMNS} from entitlement where account_id = any($1::uuid[]) order by account_id for update`,
    [accountIds],
  );
}

export async function rowOf(tx: Tx, accountId: string): Promise<EntitlementRow | undefined> {
  const [row] = await tx.query<EntitlementRow[]>(`select ${COLUMNS} from entitlement where account_id = $1`, [accountId]);
  return row;
}

export async function saveRows(tx: Tx, rows: readonly EntitlementRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `update entitlement e set revision = n.revision, valid_until = n.valid_until, answer = n.answer, used = n.used
     from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::jsonb[]) as n(account_id, revision, valid_until, answer, used)
     where e.account_id = n.account_id`,
    [
      rows.map((row) => row.accountId),
      rows.map((row) => row.revision.toString()),
      rows.map(({ validUntil }) => (validUntil === null ? null : formatInstant(validUntil))),
      rows.map((row) => row.answer),
      rows.map((row) => JSON.stringify(row.used)),
    ],
  );
}

/** No row is valid any longer; locked in the order in which others lock some. */
export async function invalidateRows(tx: Tx): Promise<void> {
  await tx.query(
    `update entitlement e set valid_until = 'epoch'
     from (select account_id from entitlement order by account_id for update) l where l.account_id = e.account_id`,
  );
}

export const setUsed = (tx: Tx, accountId: string, feature: string, used: number): Promise<unknown> =>
  tx.query('update entitlement set used = used || jsonb_build_object($2::text, $3::bigint) where account_id = $1', [
    accountId,
    feature,
    used,
  ]);

/** Some accounts whose entitlements are out of date at the instant. Relies on entitlement_by_validity. */
export async function outOfDate(tx: Tx, at: Instant, limit: number): Promise<string[]> {
  const rows = await tx.query<{ accountId: string }[]>(
    'select account_id as "accountId" from entitlement where valid_until <= $1 order by valid_until limit $2',
    [formatInstant(at), limit],
  );
  return rows.map((row) => row.accountId);
}

/** When entitlements change next by themselves. */
export async function firstChange(tx: Tx, after: Instant): Promise<Instant | undefined> {
  const [row] = await tx.query<{ at: Instant | null }[]>('select min(valid_until) as at from entitlement where valid_until > $1', [
    formatInstant(after),
  ]);
  return row?.at ?? undefined;
}
