import type { Tx } from '../../common/database/database.js';
import { formatInstant } from '../../domain/instant.js';
import { type Month, monthEnd, monthStart } from '../../usage/months.js';

/** Why an account's events of a month may not go. */
export type Obstacle = 'parked' | 'never_settled' | 'late_usage' | 'open_period';

export interface Obstacles {
  readonly why: Obstacle;
  readonly accounts: number;
  /** Keys of some of them. */
  readonly examples: readonly string[];
}

/* An account that has events in the month. Relies on usage_event_pk: the first row of the account in the partition is enough. */
const HAS_EVENTS = `exists (
  select from usage_event e where e.account_id = b.account_id and e.event_time >= $1::timestamptz and e.event_time < $2::timestamptz)`;

const OBSTACLES = `
  select why, count(*)::int as accounts, (array_agg(key order by key))[1:5] as examples
  from (
    select a.key, case
        when b.parked is not null then 'parked'
        when b.settled_through is null then 'never_settled'
        when exists (select from usage_late_touch t where t.account_id = b.account_id and t.earliest_event_time < $2::timestamptz) then 'late_usage'
        when b.usage_needed_from < $2::timestamptz then 'open_period' end as why
    from billing_state b join account a on a.id = b.account_id where ${HAS_EVENTS}) o
  where why is not null group by why order by why`;

/** What keeps a month's events; nothing where no bill needs them. Whoever is billed nothing has no say. */
export const obstaclesTo = (tx: Tx, month: Month): Promise<Obstacles[]> =>
  tx.query<Obstacles[]>(OBSTACLES, [formatInstant(monthStart(month)), formatInstant(monthEnd(month))]);

const ACCOUNTS = `
  select b.account_id as "accountId" from billing_state b where b.account_id > $3 and b.parked is null and ${HAS_EVENTS}
  order by b.account_id limit $4`;

/** The next accounts that are billed and have events in the month, from after the one given. */
export async function accountsWithEvents(tx: Tx, month: Month, after: string, limit: number): Promise<string[]> {
  const range = [formatInstant(monthStart(month)), formatInstant(monthEnd(month))];
  const rows = await tx.query<{ accountId: string }[]>(ACCOUNTS, [...range, after, limit]);
  return rows.map(({ accountId }) => accountId);
}
