import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { toMinor } from '../domain/currency.js';
import { latest, parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { When } from '../domain/subscription/commands/context.js';
import type { NamedAction } from '../domain/subscription/commands/decide.js';
import { monthlyPrice } from '../domain/subscription/commands/monthly-price.js';
import type { SubscriptionHistory } from '../domain/subscription/facts.js';
import { type Holding, holdingAt, holdings } from '../domain/subscription/history.js';
import { startOf, statusAt } from '../domain/subscription/lifecycle.js';
import { ChangeSubscription } from '../subscriptions/change-subscription.js';
import { SUBSCRIPTION_BUSY } from '../subscriptions/subscription-records.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import type { MigrationRecord, Progress } from './plan-migrations/plan-migration-records.js';
import { PreviewBill } from './previews/preview-bill.js';

export const NOBODY: Omit<Progress, 'reached'> = { holders: 0, moved: 0, refused: [], dueNowMinor: 0n, beforeMinor: 0n, afterMinor: 0n };

/** Moves one holder of a plan to another version of it, or says what that would change. */
@Injectable()
export class MoveHolder {
  constructor(
    private readonly clock: Clock,
    private readonly subscriptions: SubscriptionsService,
    private readonly change: ChangeSubscription,
    private readonly preview: PreviewBill,
  ) {}

  /** In a savepoint: what is refused leaves the transaction usable. @throws Refusal `subscription_busy`, which passes by itself */
  async run(tx: Tx, record: MigrationRecord, id: string): Promise<Omit<Progress, 'reached'>> {
    const history = await this.subscriptions.one(tx, id);
    const before = await this.held(tx, history);
    if (!before || !isConcerned(record, before)) return NOBODY;
    try {
      return await tx.transaction((inner) => this.moved(inner, record, history, before));
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === SUBSCRIPTION_BUSY) throw error;
      return { ...NOBODY, holders: 1, refused: [{ subscription: id, code: error.code, detail: error.detail }] };
    }
  }

  private async moved(tx: Tx, record: MigrationRecord, history: SubscriptionHistory, before: Holding): Promise<Omit<Progress, 'reached'>> {
    const { plan, toVersion, actor, reason, dryRun } = record;
    const { id } = history;
    const when = this.whenOf(record, history);
    const action: NamedAction = { action: 'change-plan', plan, planVersion: toVersion, when, migration: true };
    const decided = await this.change.decided(tx, actor, id, action);
    const effectiveAt = decided.facts.at(-1)?.effectiveAt ?? this.clock.now();
    const after = await this.held(tx, decided.after, effectiveAt);
    const { dueNow } = dryRun ? await this.preview.run(tx, decided.after.accountId, decided.after) : { dueNow: undefined };
    if (!dryRun) await this.change.run(tx, { actor }, id, action, { reason: reason ?? undefined });
    return {
      ...NOBODY,
      holders: 1,
      moved: dryRun ? 0 : 1,
      dueNowMinor: dueNow?.draft.totalMinor ?? 0n,
      beforeMinor: monthlyMinor(before),
      afterMinor: after ? monthlyMinor(after) : 0n,
    };
  }

  /** Who will not have started by then is moved at the start. */
  private whenOf({ takeEffect }: MigrationRecord, history: SubscriptionHistory): When {
    if (takeEffect === 'now' || takeEffect === 'period_end') return takeEffect;
    const [at, { effectiveAt: startsAt }] = [parseInstant(takeEffect), startOf(history)];
    return startsAt > this.clock.now() ? latest(at, startsAt) : at;
  }

  private async held(tx: Tx, history: SubscriptionHistory, at = this.clock.now()): Promise<Holding | undefined> {
    if (statusAt(history, at) === 'canceled') return undefined;
    return holdingAt(holdings(history, await this.subscriptions.versionsOf(tx, [history])), at);
  }
}

const isConcerned = ({ plan, fromVersions, toVersion }: MigrationRecord, { plan: held }: Holding): boolean =>
  held.plan === plan && held.version !== toVersion && (fromVersions === null || fromVersions.includes(held.version));

const monthlyMinor = (holding: Holding): bigint => toMinor(monthlyPrice(holding), holding.plan.currency);
