import { Injectable } from '@nestjs/common';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { newestFirstKey, numberCursor } from '../common/database/newest-first.js';
import { type Call, checkIfMatch } from '../common/http/call.js';
import { type Page, page, type PageQuery } from '../common/http/page.js';
import type { Coupon, PlanVersion } from '../domain/catalog.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { Overrides } from '../domain/subscription/facts.js';
import { versionKey } from '../domain/subscription/history.js';
import { CouponsService } from './coupons.service.js';
import { type CurrentPlan, currentPlans } from './current-plans.js';
import { DefaultPlans } from './default-plans.js';
import { OverridesCheck } from './overrides-check.js';
import { Plan, PlanVersionRow } from './plan.entity.js';
import type { PlansQuery } from './plans.dto.js';

const CACHED_VERSIONS_MAX = 10_000;

export interface VersionRef {
  readonly plan: string;
  readonly version: number;
}

@Injectable()
export class PlansService {
  /** Versions never change, so these never go stale. */
  private readonly cached = new Map<string, PlanVersion>();

  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly couponsService: CouponsService,
    private readonly defaults: DefaultPlans,
    private readonly overrides: OverridesCheck,
  ) {}

  /**
   * The plan with the version that is in force now.
   * @throws Refusal `plan_not_found`
   */
  async current(tx: Tx, key: string): Promise<CurrentPlan> {
    const [plan] = await currentPlans(tx, { at: this.clock.now(), key, limit: 1 });
    return existing(key, plan);
  }

  /** Plans, newest first, each with the version that is in force now. */
  async list(tx: Tx, { product, cursor, limit }: PlansQuery): Promise<Page<CurrentPlan>> {
    const after = newestFirstKey(cursor);
    const filter = { ...(product !== undefined && { product }), ...(after && { after }) };
    const rows = await currentPlans(tx, { at: this.clock.now(), limit: limit + 1, ...filter });
    return page(rows, limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  /** A plan's versions, newest first, pending ones included. */
  async versionsOf(tx: Tx, key: string, { cursor, limit }: PageQuery): Promise<Page<PlanVersionRow>> {
    existing(key, await tx.getRepository(Plan).findOneBy({ key }));
    const before = numberCursor(cursor);
    const rows = await tx
      .getRepository(PlanVersionRow)
      .createQueryBuilder('version')
      .where('version.plan = :key', { key })
      .andWhere(before === undefined ? 'true' : 'version.version < :before', { before })
      .orderBy('version.version', 'DESC')
      .limit(limit + 1)
      .getMany();
    return page(rows, limit, (row) => [String(row.version)]);
  }

  /** @throws Refusal `plan_not_found`, `plan_version_not_found` */
  async versionRow(tx: Tx, { plan, version }: VersionRef): Promise<PlanVersionRow> {
    existing(plan, await tx.getRepository(Plan).findOneBy({ key: plan }));
    const row = await tx.getRepository(PlanVersionRow).findOneBy({ plan, version });
    if (!row) throw new Refusal('not_found', 'plan_version_not_found', `The plan "${plan}" has no version ${String(version)}.`);
    return row;
  }

  /** An archived plan is sold to nobody any more; those who hold it keep it. */
  async archive(tx: Tx, call: Call, key: string): Promise<CurrentPlan> {
    return await this.setArchived(tx, call, key, true);
  }

  /** Takes `archive` back. */
  async unarchive(tx: Tx, call: Call, key: string): Promise<CurrentPlan> {
    return await this.setArchived(tx, call, key, false);
  }

  /**
   * The version to sell: number `n` where it is given, else the one in force at `at`.
   * @throws Refusal `plan_not_found`, `plan_version_not_found`, `plan_archived`, `plan_version_not_in_force`
   */
  async version(tx: Tx, plan: string, n: number | undefined, at: Instant): Promise<PlanVersion> {
    const [inForce] = await currentPlans(tx, { at, key: plan, limit: 1 });
    const { archivedAt, version, content } = existing(plan, inForce);
    if (archivedAt !== null)
      throw new Refusal('conflict', 'plan_archived', `The plan "${plan}" is archived and sold to nobody any more: choose another plan.`);
    if (n === undefined || n === version) return versionOf({ plan, version, content });
    const row = await this.versionRow(tx, { plan, version: n });
    if (row.effectiveAt !== null && row.effectiveAt > at)
      throw new Refusal(
        'conflict',
        'plan_version_not_in_force',
        `Version ${String(n)} of the plan "${plan}" takes effect at ${formatInstant(row.effectiveAt)}: choose that instant or a later one, or an earlier version.`,
      );
    return versionOf(row);
  }

  /** @throws Refusal `unknown_feature`, `invalid_request` */
  async refuseUnusable(tx: Tx, overrides: Overrides): Promise<void> {
    await this.overrides.run(tx, overrides);
  }

  /** The versions named, each once, whether in force or not. One query at most. */
  async versions(tx: Tx, refs: readonly VersionRef[]): Promise<PlanVersion[]> {
    const found = new Map<string, PlanVersion>();
    const missing = new Map<string, VersionRef>();
    for (const ref of refs) {
      const key = versionKey(ref.plan, ref.version);
      const cached = this.cached.get(key);
      if (cached) found.set(key, cached);
      else missing.set(key, ref);
    }
    if (missing.size > 0) {
      const rows = await tx.query<PlanVersionRow[]>(
        `select plan, version, content from plan_version where (plan, version) in (select * from unnest($1::text[], $2::integer[]))`,
        [[...missing.values()].map((ref) => ref.plan), [...missing.values()].map((ref) => ref.version)],
      );
      if (rows.length < missing.size) throw new RangeError(`one of the plan versions ${[...missing.keys()].join(', ')} does not exist`);
      if (this.cached.size + rows.length > CACHED_VERSIONS_MAX) this.cached.clear();
      for (const row of rows) {
        const key = versionKey(row.plan, row.version);
        found.set(key, versionOf(row));
        this.cached.set(key, versionOf(row));
      }
    }
    return [...found.values()];
  }

  /** The coupons of these keys that exist, archived ones included. */
  async coupons(tx: Tx, keys: readonly string[]): Promise<Coupon[]> {
    return await this.couponsService.byKeys(tx, keys);
  }

  private async setArchived(tx: Tx, call: Call, key: string, archived: boolean): Promise<CurrentPlan> {
    const plans = tx.getRepository(Plan);
    const row = existing(key, await plans.findOne({ where: { key }, lock: { mode: 'for_no_key_update' } }));
    checkIfMatch(call, row.revision);
    if ((row.archivedAt !== null) !== archived) {
      const now = this.clock.now();
      await plans.update({ key }, { archivedAt: archived ? now : null, revision: row.revision + 1, updatedAt: now });
      await this.defaults.archived(tx, key);
      await this.audit.record(tx, {
        actor: call.actor,
        action: archived ? 'plan.archived' : 'plan.unarchived',
        subjectType: 'plan',
        subjectId: key,
        before: { archived: !archived },
        after: { archived },
      });
    }
    return await this.current(tx, key);
  }
}

const versionOf = ({ plan, version, content }: Pick<PlanVersionRow, 'plan' | 'version' | 'content'>): PlanVersion => ({
  plan,
  version,
  ...content,
});

function existing<Row>(key: string, row: Row | null | undefined): Row {
  if (!row) throw new Refusal('not_found', 'plan_not_found', `There is no plan "${key}": create it with PUT /v2/plans/${key}.`);
  return row;
}
