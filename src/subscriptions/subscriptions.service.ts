import { Injectable, type OnModuleInit } from '@nestjs/common';
import { accountCurrencyChanging, AccountsService } from '../accounts/accounts.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { Hooks } from '../common/hooks.js';
import { type Page, page } from '../common/http/page.js';
import type { PlanVersion } from '../domain/catalog.js';
import { Refusal } from '../domain/refusal.js';
import type { SubscriptionHistory } from '../domain/subscription/facts.js';
import { type Holding, holdings, versionKey } from '../domain/subscription/history.js';
import { statusAt } from '../domain/subscription/lifecycle.js';
import { PlansService } from '../plans/plans.service.js';
import { findSubscriptions } from './find-subscriptions.js';
import { type AccountHistory, readHistories } from './histories.js';
import { SubscriptionRecords } from './subscription-records.js';
import { subscriptionView } from './subscription-view.js';
import type { SubscriptionsQuery, SubscriptionView } from './subscriptions.dto.js';

export interface SubscriptionRef {
  readonly accountId: string;
  readonly id: string;
}

@Injectable()
export class SubscriptionsService implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly hooks: Hooks,
    private readonly accounts: AccountsService,
    private readonly plans: PlansService,
    private readonly records: SubscriptionRecords,
  ) {}

  onModuleInit(): void {
    this.hooks.on(accountCurrencyChanging, async (tx, { accountId }) => {
      await this.refuseWhileHeld(tx, accountId);
    });
  }

  /** All subscriptions of accounts with their facts, by account id; an account without one is left out. One query. */
  async histories(tx: Tx, accountIds: readonly string[]): Promise<Map<string, SubscriptionHistory[]>> {
    const byAccount = new Map<string, SubscriptionHistory[]>();
    for (const history of await readHistories(tx, { accountIds })) {
      const others = byAccount.get(history.accountId);
      if (others) others.push(history);
      else byAccount.set(history.accountId, [history]);
    }
    return byAccount;
  }

  /** The plan versions that these subscriptions ever held or will hold, by `versionKey`. */
  async versionsOf(tx: Tx, histories: readonly SubscriptionHistory[]): Promise<Map<string, PlanVersion>> {
    const refs = histories
      .flatMap((history) => [...history.facts, ...(history.parent?.facts ?? [])])
      .flatMap((fact) => (fact.kind === 'started' || fact.kind === 'plan_changed' ? [{ plan: fact.plan, version: fact.planVersion }] : []));
    const versions = await this.plans.versions(tx, refs);
    return new Map(versions.map((version) => [versionKey(version.plan, version.version), version]));
  }

  /** What an account holds, held and will hold, over all its subscriptions. */
  async holdings(tx: Tx, accountId: string): Promise<Holding[]> {
    const histories = await readHistories(tx, { accountIds: [accountId] });
    const versions = await this.versionsOf(tx, histories);
    return histories.flatMap((history) => holdings(history, versions));
  }

  /**
   * Some subscriptions that ever held a plan or will, with their ids in order, from after the one given. Relies on subscription_change_by_plan.
   */
  async everHolding(
    tx: Tx,
    plan: string,
    { after, limit }: { readonly after: SubscriptionRef | undefined; readonly limit: number },
  ): Promise<SubscriptionRef[]> {
    return await tx.query<SubscriptionRef[]>(
      `select distinct account_id as "accountId", subscription_id as id from subscription_change
       where payload ? 'plan' and payload ->> 'plan' = $1 and ($2::uuid is null or (account_id, subscription_id) > ($2, $3))
       order by account_id, subscription_id limit $4`,
      [plan, after?.accountId ?? null, after?.id ?? null, limit],
    );
  }

  /** Some accounts that ever held a plan or will, in order, from after the one given; of those named where some are. Relies on subscription_change_by_plan. */
  async accountsEverHolding(
    tx: Tx,
    plan: string,
    { after, limit, among }: { readonly after: string | undefined; readonly limit: number; readonly among?: readonly string[] | undefined },
  ): Promise<string[]> {
    const rows = await tx.query<{ accountId: string }[]>(
      `select distinct account_id as "accountId" from subscription_change
       where payload ? 'plan' and payload ->> 'plan' = $1 and ($2::uuid is null or account_id > $2) and ($3::uuid[] is null or account_id = any($3))
       order by account_id limit $4`,
      [plan, after ?? null, among ?? null, limit],
    );
    return rows.map(({ accountId }) => accountId);
  }

  /** An account's subscriptions with their facts, by creation. */
  async ofAccount(tx: Tx, accountId: string): Promise<AccountHistory[]> {
    return await readHistories(tx, { accountIds: [accountId] });
  }

  /** @throws Refusal `subscription_not_found` */
  async one(tx: Tx, id: string): Promise<AccountHistory> {
    return await this.records.one(tx, id);
  }

  /** Subscriptions, newest first. */
  async list(tx: Tx, query: SubscriptionsQuery): Promise<Page<SubscriptionView>> {
    const found = page(await findSubscriptions(tx, query, this.clock.now()), query.limit, (row) => [row.id]);
    const ids = found.data.map((row) => row.id);
    const histories = await readHistories(tx, { accountIds: [...new Set(found.data.map((row) => row.accountId))], ids });
    const views = new Map((await this.views(tx, histories)).map((view) => [view.id, view]));
    return { ...found, data: ids.flatMap((id) => views.get(id) ?? []) };
  }

  async view(tx: Tx, history: AccountHistory): Promise<SubscriptionView> {
    const [view] = await this.views(tx, [history]);
    if (!view) throw new RangeError(`subscription ${history.id} has no account`);
    return view;
  }

  private async views(tx: Tx, histories: readonly AccountHistory[]): Promise<SubscriptionView[]> {
    const at = this.clock.now();
    const versions = await this.versionsOf(tx, histories);
    const accountIds = histories.map((history) => history.accountId);
    const accounts = await this.accounts.keys(tx, accountIds);
    const pastDue = await this.accounts.pastDue(tx, accountIds);
    return histories.map((history) =>
      subscriptionView(history, { account: accounts.get(history.accountId) ?? '', versions, at, pastDue: pastDue.has(history.accountId) }),
    );
  }

  private async refuseWhileHeld(tx: Tx, accountId: string): Promise<void> {
    const now = this.clock.now();
    const live = (await readHistories(tx, { accountIds: [accountId] })).find((history) => statusAt(history, now) !== 'canceled');
    if (live)
      throw new Refusal(
        'conflict',
        'currency_fixed',
        `Subscription ${live.id} is priced in the account's currency: cancel it before changing the currency, or use another account.`,
      );
  }
}
