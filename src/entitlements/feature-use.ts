import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { exact, roundUp, ZERO } from '../domain/decimal.js';
import type { Stretch } from '../domain/instant.js';
import { UNIT_MICROS } from '../domain/metering/meter-event.js';
import { Refusal } from '../domain/refusal.js';
import { currentPeriod, holdings } from '../domain/subscription/history.js';
import { statusAt } from '../domain/subscription/lifecycle.js';
import { MetersService } from '../meters/meters.service.js';
import { FeaturesService } from '../plans/features.service.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { UsageService } from '../usage/usage.service.js';
import { lockedRows, rowOf, setUsed } from './entitlement-rows.js';

/** How much of its features an account uses. */
@Injectable()
export class FeatureUse {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly features: FeaturesService,
    private readonly meters: MetersService,
    private readonly subscriptions: SubscriptionsService,
    private readonly usage: UsageService,
  ) {}

  /** @throws Refusal `feature_not_found`, `feature_not_reported` */
  async report(tx: Tx, actor: Actor, account: { readonly id: string; readonly key: string }, key: string, used: number): Promise<void> {
    const { kind, meter } = await this.features.byKey(tx, key);
    if (kind === 'flag' || meter !== null)
      throw new Refusal(
        'conflict',
        'feature_not_reported',
        meter === null
          ? `The feature "${key}" is a flag: nothing of it is used up.`
          : `The use of "${key}" is read from the meter "${meter}".`,
      );
    const [row] = await lockedRows(tx, [account.id]);
    const before = row?.used[key] ?? null;
    if (before === used) return;
    await setUsed(tx, account.id, key, used);
    await this.audit.record(tx, {
      actor,
      action: 'account.use_reported',
      accountId: account.id,
      subjectType: 'account',
      subjectId: account.key,
      before: { feature: key, used: before },
      after: { feature: key, used },
    });
  }

  /** How much is used of one feature. @throws Refusal `feature_not_found` */
  async one(tx: Tx, accountId: string, key: string): Promise<bigint> {
    await this.features.byKey(tx, key);
    return (await this.all(tx, accountId, [key])).get(key) ?? 0n;
  }

  /** All that is known to be used, in whole units begun, by feature. */
  async all(tx: Tx, accountId: string, features: readonly string[]): Promise<Map<string, bigint>> {
    const reported = (await rowOf(tx, accountId))?.used ?? {};
    const known = await this.features.byKeys(tx, features);
    const used = new Map<string, bigint>();
    for (const [key, { kind, meter }] of known)
      if (kind === 'limit') used.set(key, meter === null ? BigInt(reported[key] ?? 0) : await this.metered(tx, accountId, { key, meter }));
    return used;
  }

  /** The level now, or the quantity in the current billing period of the subscription that grants the feature. */
  private async metered(tx: Tx, accountId: string, feature: { readonly key: string; readonly meter: string }): Promise<bigint> {
    const { definition } = await this.meters.byKey(tx, feature.meter);
    const now = this.clock.now();
    const level = definition.aggregation === 'time_weighted';
    const { start, end } = level ? { start: now, end: now + 1n } : await this.period(tx, accountId, feature.key);
    const [[answer] = []] = await this.usage.answer(tx, [{ accountId, meter: feature.meter, from: start, to: end }]);
    const quantity = answer?.quantity ?? ZERO;
    return roundUp(level ? quantity.mul(exact(UNIT_MICROS[definition.unit ?? 'second'].toString())) : quantity);
  }

  /** Without a subscription that grants it, all time. */
  private async period(tx: Tx, accountId: string, feature: string): Promise<Stretch> {
    const now = this.clock.now();
    const histories = (await this.subscriptions.ofAccount(tx, accountId)).filter((history) => statusAt(history, now) !== 'canceled');
    const versions = await this.subscriptions.versionsOf(tx, histories);
    for (const history of histories) {
      const held = holdings(history, versions);
      if (held.some(({ plan, overrides }) => feature in plan.entitlements || feature in (overrides.entitlements ?? {}))) {
        const period = currentPeriod(held, now);
        if (period) return period;
      }
    }
    return { start: 0n, end: now + 1n };
  }
}
