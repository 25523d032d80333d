import type { Database, Tx } from '../../common/database/database.js';
import { accountIdOf } from '../../common/ids.js';
import { formatInstant } from '../../domain/instant.js';
import type { Movement } from '../../domain/reconciliation.js';
import type { ProviderRecord } from '../../providers/port.js';
import { OPEN_STATES } from '../payment-records.js';
import type { Compared } from './reconciliation-records.js';

/**
 * What is compared is put side by side first, as neither side comes in the order of its subjects: providers list by time. Then both sides are
 * read in that order, page by page.
 */
export type Side = 'ours' | 'theirs';

const ROWS_AT_ONCE = 1_000;

const INTO = `
  insert into reconciliation_record
    (reconciliation_id, side, kind, subject, key, account_id, state, amount_minor, currency, customer, reference, at)`;

/** A record of the provider that bears no key is known by its reference, if at all; else it has a subject that none of ours has. */
const INSERT_THEIRS = `${INTO}
  select $1, 'theirs', r.kind, split_part(k.key, ':', 1), k.key, coalesce(r.account_id, a.account_id), r.state, r.amount_minor, r.currency, r.customer,
    r.reference, r.at
  from jsonb_to_recordset($2::jsonb) as r(kind text, reference text, key text, account_id uuid, customer text, state text, amount_minor bigint,
      currency text, at timestamptz)
    left join payment_attempt a on r.key is null and r.kind = 'charge' and a.reference = r.reference
    cross join lateral (select coalesce(r.key, a.payment_id || ':' || a.n, '~' || r.reference) as key) k`;

export async function insertTheirs(tx: Tx, id: string, records: readonly ProviderRecord[]): Promise<void> {
  const rows = records.map(({ amountMinor, at, ...record }) => ({
    ...record,
    account_id: accountIdOf(record.key?.split(':')[0] ?? '') ?? null,
    amount_minor: amountMinor.toString(),
    at: formatInstant(at),
  }));
  await tx.query(INSERT_THEIRS, [id, JSON.stringify(rows)]);
}

const NAMED = `
  select distinct account_id, subject from reconciliation_record
  where reconciliation_id = $1 and side = 'theirs' and kind = $5 and account_id is not null`;

/** What was begun in that time, and what the provider names; a charge is of its payment and of those that it carries. Relies on payment_newest and payment_pk. */
const INSERT_OUR_CHARGES = `${INTO}
  select $1, 'ours', $5, p.id, p.id || ':' || a.n, p.account_id,
    case when a.state = 'succeeded' then 'succeeded' when a.state in (${OPEN_STATES}) then 'pending' else 'failed' end,
    p.amount_minor + coalesce((select sum((c ->> 'amountMinor')::bigint) from jsonb_array_elements(p.carried) c), 0), p.currency, m.customer,
    a.reference, a.created_at
  from (select account_id, id from payment where created_at >= $3 and created_at < $4 union ${NAMED}) c
    join payment p on p.account_id = c.account_id and p.id = c.id
    join payment_attempt a on a.account_id = p.account_id and a.payment_id = p.id
    join payment_method m on m.account_id = a.account_id and m.id = a.method_id
  where m.provider = $2`;

const INSERT_OUR_REFUNDS = `${INTO}
  select $1, 'ours', $5, f.id, f.id, f.account_id, f.state, f.amount_minor, f.currency, null, null, f.created_at
  from (select account_id, id from refund where created_at >= $3 and created_at < $4 union ${NAMED}) c
    join refund f on f.account_id = c.account_id and f.id = c.id
    join payment p on p.account_id = f.account_id and p.id = f.payment_id
  where p.provider = $2`;

/** After those of the provider. */
export async function insertOurs(tx: Tx, id: string, { provider, from, to }: Compared): Promise<void> {
  const bounds = [id, provider, formatInstant(from), formatInstant(to)];
  await tx.query(INSERT_OUR_CHARGES, [...bounds, 'charge']);
  await tx.query(INSERT_OUR_REFUNDS, [...bounds, 'refund']);
}

type Row = Movement & { readonly n: bigint };

/** The movements of one side by subject. Relies on reconciliation_record_pk. */
export async function* movementsOf(database: Database, id: string, side: Side): AsyncGenerator<Movement> {
  for (let after: readonly [string, string] = ['', '0']; ;) {
    const rows = await database.query<Row>({
      name: 'reconciliation_movements',
      text: `select n, kind, subject, key, state, amount_minor as "amountMinor", currency, customer, reference, at from reconciliation_record
             where reconciliation_id = $1 and side = $2 and (subject, n) > ($3, $4) order by subject, n limit $5`,
      values: [id, side, ...after, ROWS_AT_ONCE],
    });
    for (const { n: _n, ...movement } of rows) yield movement;
    const last = rows.at(-1);
    if (!last) return;
    after = [last.subject, last.n.toString()];
  }
}

/** Also what a run left that was killed. */
export async function forgetMovements(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `delete from reconciliation_record where reconciliation_id = $1 or reconciliation_id in (
       select id from reconciliation where status <> 'running' or started_at < (select started_at - interval '1 day' from reconciliation where id = $1))`,
    [id],
  );
}
