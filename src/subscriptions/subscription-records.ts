import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import type { Tx } from '../common/database/database.js';
import { defineFact, Hooks } from '../common/hooks.js';
import { type Call, checkIfMatch } from '../common/http/call.js';
import { accountIdOf } from '../common/ids.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { Fact } from '../domain/subscription/facts.js';
import { endOf, type Pause, pausesOf, startOf, trialEndOf } from '../domain/subscription/lifecycle.js';
import { type AccountHistory, changeOf, readHistories } from './histories.js';
import { Subscription, SubscriptionChange } from './subscription.entity.js';

export interface ChangedSubscription {
  readonly accountId: string;
  readonly subscriptionId: string;
  /** Who changed it. */
  readonly actor: Actor;
}

/** Told when a fact about a subscription was recorded: its invoice is billed, its entitlements are computed. */
export const subscriptionChanged = defineFact<ChangedSubscription>('subscription.changed');

/** Told when subscriptions moved in from another system, many at once. */
export const subscriptionsImported = defineFact<{ accountIds: readonly string[] }>('subscriptions.imported');

/** The only writer of subscriptions: facts are appended, and the row follows from them. */
@Injectable()
export class SubscriptionRecords {
  constructor(
    private readonly audit: Audit,
    private readonly hooks: Hooks,
  ) {}

  /**
   * Locks a subscription and its add-ons, whose rows follow from it, until the transaction ends. Of two writers at once the second is
   * refused instead of deciding on what the first is about to change; nobody waits here, so that no two can wait for each other.
   * @throws Refusal `subscription_not_found`, `subscription_busy`, `precondition_failed`
   */
  async lock(tx: Tx, call: Pick<Call, 'ifMatch'>, id: string): Promise<void> {
    const accountId = accountIdOf(id);
    if (accountId === undefined) throw notFound(id);
    const rows = tx.getRepository(Subscription);
    const lock = { mode: 'for_no_key_update', onLocked: 'nowait' } as const;
    const own = [
      { accountId, id },
      { accountId, addOnTo: id },
    ];
    const locked = await rows.find({ where: own, lock }).catch((error: unknown) => {
      throw (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE ? busy(id) : error;
    });
    const row = locked.find((candidate) => candidate.id === id);
    if (!row) throw notFound(id);
    checkIfMatch(call, row.revision);
  }

  /** @throws Refusal `subscription_not_found` */
  async one(tx: Tx, id: string): Promise<AccountHistory> {
    const accountId = accountIdOf(id);
    const histories = accountId === undefined ? [] : await readHistories(tx, { accountIds: [accountId], ids: [id] });
    const history = histories.find((candidate) => candidate.id === id);
    if (!history) throw notFound(id);
    return history;
  }

  /** Records the facts that start a subscription. */
  async create(tx: Tx, by: By, history: AccountHistory): Promise<void> {
    await this.createMany(tx, by, [history]);
    await this.hooks.tell(tx, subscriptionChanged, { accountId: history.accountId, subscriptionId: history.id, actor: by.actor });
  }

  /** The same for many at once; whoever calls it tells of them. */
  async createMany(tx: Tx, by: By, histories: readonly AccountHistory[]): Promise<void> {
    await tx.getRepository(Subscription).insert(histories.map(rowOf));
    await this.save(
      tx,
      by,
      histories.map((history) => ({ history, facts: history.facts })),
    );
  }

  /** Records more facts about a subscription that is locked. */
  async append(tx: Tx, by: By, before: AccountHistory, facts: readonly Fact[]): Promise<void> {
    const history = { ...before, facts: [...before.facts, ...facts] };
    const { accountId, id: subscriptionId } = before;
    const addOns = (await readHistories(tx, { accountIds: [accountId] })).filter((other) => other.parent?.id === subscriptionId);
    for (const { accountId: account, id, ...row } of [rowOf(history), ...addOns.map((addOn) => rowOf({ ...addOn, parent: history }))])
      await tx.getRepository(Subscription).update({ accountId: account, id }, row);
    await this.save(tx, by, [{ history, before, facts }]);
    await this.hooks.tell(tx, subscriptionChanged, { accountId, subscriptionId, actor: by.actor });
  }

  private async save(tx: Tx, { actor, reason }: By, saved: readonly Saved[]): Promise<void> {
    const changes = saved.flatMap(({ history: { accountId, id: subscriptionId }, facts }) =>
      facts.map((fact) => changeOf({ accountId, subscriptionId }, fact)),
    );
    await tx.getRepository(SubscriptionChange).insert(changes);
    await this.audit.recordMany(
      tx,
      saved.flatMap(({ history, before, facts }) =>
        facts.map((fact) => ({
          actor,
          action: `subscription.${fact.kind}`,
          accountId: history.accountId,
          subjectType: 'subscription',
          subjectId: history.id,
          ...(reason !== undefined && { reason }),
          ...(before && { before: termsOf(before) }),
          after: { ...termsOf(history), [fact.kind]: auditedFact(history, fact) },
        })),
      ),
    );
  }
}

const auditedFact = ({ accountId, id: subscriptionId }: AccountHistory, fact: Fact): object => ({
  ...changeOf({ accountId, subscriptionId }, fact).payload,
  effectiveAt: formatInstant(fact.effectiveAt),
});

/** Who changes something, and why. */
export interface By {
  readonly actor: Actor;
  readonly reason?: string | undefined;
}

interface Saved {
  readonly history: AccountHistory;
  readonly before?: AccountHistory;
  readonly facts: readonly Fact[];
}

/** The code of a refusal that says nothing of the subscription, but only of the moment. */
export const SUBSCRIPTION_BUSY = 'subscription_busy';

const LOCK_NOT_AVAILABLE = '55P03';

const busy = (id: string): Refusal =>
  new Refusal('conflict', SUBSCRIPTION_BUSY, `Subscription ${id} is being changed by another request: read it again, then decide anew.`);

/** The row of a subscription follows from its facts. */
function rowOf(history: AccountHistory): Subscription {
  const { effectiveAt: startsAt, addOnTo } = startOf(history);
  return {
    accountId: history.accountId,
    id: history.id,
    addOnTo,
    startsAt,
    trialEndsAt: trialEndOf(history),
    endsAt: endOf(history)?.effectiveAt ?? null,
    pausedIn: `{${pausesOf(history).map(rangeOf).join(',')}}`,
    revision: history.facts.length,
    createdAt: history.createdAt,
  };
}

const rangeOf = ({ start, end }: Pause): string => `[${formatInstant(start)},${end === null ? '' : formatInstant(end)})`;

function termsOf(history: AccountHistory): Readonly<Record<string, string | null>> {
  const { startsAt, trialEndsAt, endsAt } = rowOf(history);
  const text = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));
  return { startsAt: text(startsAt), trialEndsAt: text(trialEndsAt), endsAt: text(endsAt) };
}

const notFound = (id: string): Refusal => new Refusal('not_found', 'subscription_not_found', `There is no subscription "${id}".`);
