import type { Tx } from '../../common/database/database.js';
import type { Instant } from '../../domain/instant.js';
import type { SubscriptionHistory } from '../../domain/subscription/facts.js';
import { isPausedAt, pausesOf, standing } from '../../domain/subscription/lifecycle.js';

/** The fact by which a subscription is paused at the instant; `undefined` where it is not paused. */
export function pauseNow(history: SubscriptionHistory, at: Instant): number | undefined {
  if (!isPausedAt(pausesOf(history), at)) return undefined;
  return standing(history).findLast(({ kind, effectiveAt }) => kind === 'paused' && effectiveAt <= at)?.seq;
}

/** Whether dunning began a pause for an invoice that is unpaid, other than the one of the case that is left out. */
export async function pausedByDunning(
  tx: Tx,
  accountId: string,
  { subscription, seq, besides = null }: { readonly subscription: string; readonly seq: number; readonly besides?: string | null },
): Promise<boolean> {
  const rows = await tx.query<unknown[]>(
    `select 1 from dunning_case where account_id = $1 and id is distinct from $2 and state = 'ended' and done @> $3::jsonb limit 1`,
    [accountId, besides, JSON.stringify([{ did: 'paused', subscription, seq }])],
  );
  return rows.length > 0;
}
