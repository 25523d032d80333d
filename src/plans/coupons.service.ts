import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { insertOrLock } from '../common/database/insert-or-lock.js';
import { newestFirst } from '../common/database/newest-first.js';
import { type Call, checkIfMatch } from '../common/http/call.js';
import { type Page, page, type PageQuery } from '../common/http/page.js';
import { couponProblems } from '../domain/catalog-rules.js';
import type { Coupon, PlanVersion } from '../domain/catalog.js';
import { formatInstant, parseInstant } from '../domain/instant.js';
import { Refusal, refuseAll } from '../domain/refusal.js';
import { sameContent } from '../domain/same-content.js';
import { withoutAbsent } from '../domain/without-absent.js';
import { CouponRow } from './coupon.entity.js';
import type { PutCouponDto } from './coupons.dto.js';

/** Whose redemption it is. */
export interface Redemption {
  readonly accountId: string;
  readonly subscriptionId: string;
  readonly plan: PlanVersion;
}

type CouponContent = Pick<CouponRow, 'name' | 'archived' | 'definition'>;

@Injectable()
export class CouponsService {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  /** Creates a coupon, or changes its name or whether it is archived; nothing else of it ever changes. */
  async put(tx: Tx, call: Call, key: string, input: PutCouponDto): Promise<CouponRow> {
    const content = couponContentOf(key, input);
    refuseAll(couponProblems(couponOf({ key, ...content })));
    const now = this.clock.now();
    const fresh = { key, ...content, redemptions: 0, revision: 1, createdAt: now, updatedAt: now };
    const { row, created } = await insertOrLock(tx, CouponRow, fresh, { key });
    checkIfMatch(call, created ? undefined : row.revision);
    const audited = { actor: call.actor, subjectType: 'coupon', subjectId: key, after: content };
    if (created) {
      await this.audit.record(tx, { ...audited, action: 'coupon.created' });
      return row;
    }
    if (!sameContent(row.definition, content.definition))
      throw new Refusal('conflict', 'coupon_immutable', 'Only name and archived of a coupon may change: create a coupon with another key.');
    if (row.name === content.name && row.archived === content.archived) return row;
    const changed = { name: content.name, archived: content.archived, revision: row.revision + 1, updatedAt: now };
    await tx.getRepository(CouponRow).update({ key }, changed);
    const before = { name: row.name, archived: row.archived, definition: row.definition };
    await this.audit.record(tx, { ...audited, action: 'coupon.changed', before });
    return Object.assign(row, changed);
  }

  /** @throws Refusal `coupon_not_found` */
  async byKey(tx: Tx, key: string): Promise<CouponRow> {
    return existing(key, await tx.getRepository(CouponRow).findOneBy({ key }));
  }

  async list(tx: Tx, query: PageQuery): Promise<Page<CouponRow>> {
    const rows = await newestFirst(tx.getRepository(CouponRow).createQueryBuilder('coupon'), query).getMany();
    return page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  /** As it reduces charges. @throws Refusal `coupon_not_found` */
  async one(tx: Tx, key: string): Promise<Coupon> {
    return couponOf(await this.byKey(tx, key));
  }

  async byKeys(tx: Tx, keys: readonly string[]): Promise<Coupon[]> {
    if (keys.length === 0) return [];
    const rows = await tx.getRepository(CouponRow).findBy({ key: In([...new Set(keys)]) });
    return rows.map(couponOf);
  }

  /**
   * Counts one redemption of the coupon, by a subscription that holds a plan, or starts with it.
   * @throws Refusal `coupon_not_found`, `coupon_archived`, `coupon_expired`, `coupon_exhausted`, `coupon_not_for_plan`, `currency_mismatch`
   */
  async redeem(tx: Tx, actor: Actor, key: string, { accountId, subscriptionId, plan }: Redemption): Promise<void> {
    const coupons = tx.getRepository(CouponRow);
    const row = existing(key, await coupons.findOne({ where: { key }, lock: { mode: 'for_no_key_update' } }));
    refuseUnredeemable(row, plan, this.clock.now());
    const redemptions = row.redemptions + 1;
    await coupons.update({ key }, { redemptions });
    await this.audit.record(tx, {
      actor,
      action: 'coupon.redeemed',
      accountId,
      subjectType: 'coupon',
      subjectId: key,
      before: { redemptions: row.redemptions },
      after: { redemptions, subscription: subscriptionId },
    });
  }

  /** Refuses what `redeem` would, and counts nothing. @throws Refusal as `redeem` does */
  async refuseUnredeemable(tx: Tx, key: string, plan: PlanVersion): Promise<void> {
    refuseUnredeemable(await this.byKey(tx, key), plan, this.clock.now());
  }
}

function refuseUnredeemable({ key, archived, redemptions, definition }: CouponRow, plan: PlanVersion, now: bigint): void {
  const { redeemBy, maxRedemptions, plans, currency } = definition;
  if (archived) throw new Refusal('conflict', 'coupon_archived', `The coupon "${key}" is archived: it cannot be redeemed any more.`);
  if (redeemBy !== undefined && now >= parseInstant(redeemBy))
    throw new Refusal('conflict', 'coupon_expired', `The coupon "${key}" could be redeemed before ${redeemBy}.`);
  if (maxRedemptions !== undefined && redemptions >= maxRedemptions)
    throw new Refusal(
      'conflict',
      'coupon_exhausted',
      `The coupon "${key}" was redeemed ${String(redemptions)} times, as often as it may be.`,
    );
  if (plans !== undefined && !plans.includes(plan.plan))
    throw new Refusal(
      'conflict',
      'coupon_not_for_plan',
      `The coupon "${key}" is not for the plan "${plan.plan}", but for: ${plans.join(', ')}.`,
    );
  if (currency !== undefined && currency !== plan.currency)
    throw new Refusal('conflict', 'currency_mismatch', `The coupon "${key}" is in ${currency} and the plan is priced in ${plan.currency}.`);
}

const couponOf = ({ key, definition }: Pick<CouponRow, 'key' | 'definition'>): Coupon => ({ key, ...definition });

export function couponContentOf(key: string, input: PutCouponDto): CouponContent {
  const { name, archived, percentOff, amountOff, currency, duration, periods, plans, prices, maxRedemptions } = input;
  const redeemBy = input.redeemBy ? formatInstant(parseInstant(input.redeemBy)) : undefined;
  const definition = withoutAbsent({ percentOff, amountOff, currency, duration, periods, plans, prices, redeemBy, maxRedemptions });
  return { name: name ?? key, archived: archived ?? false, definition };
}

function existing(key: string, row: CouponRow | null): CouponRow {
  if (!row) throw new Refusal('not_found', 'coupon_not_found', `There is no coupon "${key}": create it with PUT /v2/coupons/${key}.`);
  return row;
}
