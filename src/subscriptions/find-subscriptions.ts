import type { Tx } from '../common/database/database.js';
import { accountIdFor } from '../common/ids.js';
import { onlyCursor } from '../common/database/newest-first.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { SubscriptionsQuery } from './subscriptions.dto.js';

/**
 * Which subscriptions a list shows, newest first, one more than its limit. Walks `subscription_newest`, or the primary key where the
 * account is given. State and plan are those at `at`, by the same rules as `statusAt` and `holdings` of the domain.
 */
export async function findSubscriptions(
  tx: Tx,
  { account, status, plan, cursor, limit }: SubscriptionsQuery,
  at: Instant,
): Promise<{ accountId: string; id: string }[]> {
  return await tx.query<{ accountId: string; id: string }[]>(
    `select s.account_id as "accountId", s.id from subscription s
     where ($2::uuid is null or s.account_id = $2)
       and ($3::text is null or s.id < $3)
       and ($4::text is null or $4 = case
         when s.ends_at <= $1 then 'canceled'
         when s.starts_at > $1 then 'scheduled'
         when s.trial_ends_at > $1 then 'trialing'
         when s.paused_in @> $1::timestamptz then 'paused'
         when exists (select 1 from account a where a.id = s.account_id and a.past_due_since is not null) then 'past_due'
         else 'active' end)
       and ($5::text is null or $5 = (
         select c.payload ->> 'plan' from subscription_change c
         where c.account_id = s.account_id and c.subscription_id = s.id and c.payload ? 'plan'
           and not exists (
             select 1 from subscription_change w
             where w.account_id = s.account_id and w.subscription_id = s.id and w.kind = 'withdrawn' and w.payload -> 'seqs' @> to_jsonb(c.seq))
           and (c.kind = 'started' or (c.effective_at <= $1 and (s.ends_at is null or c.effective_at < s.ends_at)))
         order by c.effective_at desc, c.seq desc limit 1))
     order by s.id desc
     limit $6`,
    [
      formatInstant(at),
      account === undefined ? null : accountIdFor(account),
      onlyCursor(cursor) ?? null,
      status ?? null,
      plan ?? null,
      limit + 1,
    ],
  );
}
