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
import { endOf, startOf } from '../domain/subscription/history.js';
import { type AccountHistory, changeOf, readHistories } from './histories.js';
import { Subscription, SubscriptionChange } from './subscription.entity.js';

/** Told when a fact about a subscription was recorded: its invoice is billed, its entitlements are computed. */
export const subscriptionChanged = defineFact<{ accountId: string; subscriptionId: string }>('subscription.changed');

/** The only writer of subscriptions: facts are appended, and the row follows from them. */
@Injectable()
export class SubscriptionRecords {
  constructor(
    private readonly audit: Audit,
    private readonly hooks: Hooks,
  ) {}

  /**
   * A subscription's history, locked until the transaction ends: of two writers the second decides on what the first has done.
   * @throws Refusal `subscription_not_found`, `precondition_failed`
   */
  async locked(tx: Tx, call: Call, id: string): Promise<AccountHistory> {
    const accountId = accountIdOf(id);
    if (accountId === undefined) throw notFound(id);
    const row = await tx.getRepository(Subscription).findOne({ where: { accountId, id }, lock: { mode: 'for_no_key_update' } });
    if (!row) throw notFound(id);
    checkIfMatch(call, row.revision);
    return await this.one(tx, id);
  }

  /** @throws Refusal `subscription_not_found` */
  async one(tx: Tx, id: string): Promise<AccountHistory> {
    const accountId = accountIdOf(id);
    const [history] = accountId === undefined ? [] : await readHistories(tx, { accountIds: [accountId], ids: [id] });
    if (!history) throw notFound(id);
    return history;
  }

  /** Records the fact that starts a subscription. */
  async create(tx: Tx, actor: Actor, history: AccountHistory): Promise<void> {
    await tx.getRepository(Subscription).insert(rowOf(history));
    await this.save(tx, actor, history);
  }

  /** Records one more fact about a subscription that is locked. */
  async append(tx: Tx, actor: Actor, before: AccountHistory, fact: Fact): Promise<AccountHistory> {
    const history = { ...before, facts: [...before.facts, fact] };
    const { accountId, id, ...row } = rowOf(history);
    await tx.getRepository(Subscription).update({ accountId, id }, row);
    await this.save(tx, actor, history, before);
    return history;
  }

  private async save(tx: Tx, actor: Actor, history: AccountHistory, before?: AccountHistory): Promise<void> {
    const { accountId, id: subscriptionId, facts } = history;
    const fact = facts.at(-1);
    if (!fact) throw new RangeError(`subscription ${subscriptionId} has no facts`);
    const change = changeOf({ accountId, subscriptionId }, fact);
    await tx.getRepository(SubscriptionChange).insert(change);
    await this.audit.record(tx, {
      actor,
      action: `subscription.${fact.kind}`,
      accountId,
      subjectType: 'subscription',
      subjectId: subscriptionId,
      ...(before && { before: termsOf(before) }),
      after: { ...termsOf(history), [fact.kind]: { ...change.payload, effectiveAt: formatInstant(fact.effectiveAt) } },
    });
    await this.hooks.tell(tx, subscriptionChanged, { accountId, subscriptionId });
  }
}

/** The row of a subscription follows from its facts. */
function rowOf(history: AccountHistory): Subscription {
  const { effectiveAt: startsAt, trialEndsAt } = startOf(history);
  return {
    accountId: history.accountId,
    id: history.id,
    startsAt,
    trialEndsAt,
    endsAt: endOf(history)?.effectiveAt ?? null,
    revision: history.facts.length,
    createdAt: history.createdAt,
  };
}

function termsOf(history: AccountHistory): Readonly<Record<string, string | null>> {
  const { startsAt, trialEndsAt, endsAt } = rowOf(history);
  const text = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));
  return { startsAt: text(startsAt), trialEndsAt: text(trialEndsAt), endsAt: text(endsAt) };
}

const notFound = (id: string): Refusal => new Refusal('not_found', 'subscription_not_found', `There is no subscription "${id}".`);
