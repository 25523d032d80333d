import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { formatInstant } from '../../domain/instant.js';
import { type SubscriptionRef, SubscriptionsService } from '../../subscriptions/subscriptions.service.js';
import { watchFor } from './alert-watches.js';

const BATCH = 1_000;

interface FreshAlert {
  readonly key: string;
  readonly accountId: string | null;
  readonly plan: string | null;
  readonly revision: number;
}

/** Sees to it that a new or changed alert is looked at for all accounts that it concerns, some hundred in a transaction. */
@Injectable()
export class AlertSpread {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  async run(): Promise<void> {
    for (const alert of await this.database.transaction(fresh)) await this.spread(alert);
  }

  async isWaiting(): Promise<boolean> {
    return (await this.database.transaction(fresh)).length > 0;
  }

  /** One that is cut off begins anew; one that was changed meanwhile is spread again. */
  private async spread({ key, accountId, plan, revision }: FreshAlert): Promise<void> {
    let after: SubscriptionRef | undefined;
    do {
      after = await this.database.transaction(async (tx) => {
        const holders = plan === null ? [] : await this.subscriptions.everHolding(tx, plan, { after, limit: BATCH });
        const accountIds = accountId === null ? holders.map((holder) => holder.accountId) : [accountId];
        await watchFor(tx, key, accountIds, this.clock.now());
        if (holders.length === BATCH) return holders.at(-1);
        const now = formatInstant(this.clock.now());
        await tx.query('update alert set spread_at = $3 where key = $1 and revision = $2', [key, revision, now]);
        return undefined;
      });
    } while (after !== undefined);
  }
}

const fresh = (tx: Tx): Promise<FreshAlert[]> =>
  tx.query<FreshAlert[]>(
    `select key, account_id as "accountId", plan, revision from alert where spread_at is null and not archived order by key`,
  );
