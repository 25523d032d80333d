import { Injectable } from '@nestjs/common';
import { TaxRatesService } from '../accounts/tax-rates.service.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { insertOrLock } from '../common/database/insert-or-lock.js';
import { type Call, checkIfMatch } from '../common/http/call.js';
import { planProblems } from '../domain/catalog-rules.js';
import type { Price, Tier } from '../domain/catalog.js';
import { formatInstant, type Instant, parseInstant } from '../domain/instant.js';
import { Refusal, refuseAll } from '../domain/refusal.js';
import { sameContent } from '../domain/same-content.js';
import { withoutAbsent } from '../domain/without-absent.js';
import { MetersService } from '../meters/meters.service.js';
import type { CurrentPlan } from './current-plans.js';
import { DefaultPlans } from './default-plans.js';
import { FeaturesService } from './features.service.js';
import { metersOf, refuseMisfits, unknownMeterProblems } from './meter-prices.js';
import { Plan, type PlanContent, PlanVersionRow } from './plan.entity.js';
import type { PutPlanDto } from './plans.dto.js';
import { taxRatesOfPlan } from './tax-rates-named.js';

/** Creates a plan, or its next version. */
@Injectable()
export class PutPlan {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly meters: MetersService,
    private readonly features: FeaturesService,
    private readonly defaults: DefaultPlans,
    private readonly taxRates: TaxRatesService,
  ) {}

  /**
   * The plan with the content given as its newest version. Content that the newest version has already, pending or not, changes
   * nothing, whatever `effectiveAt` says. A new version never changes those who hold an earlier one.
   * @throws Refusal `invalid_request`, `unknown_meter`, `meter_filling`, `plan_archived`, `plan_currency_fixed`, `precondition_failed`, `unknown_tax_rate`
   */
  async run(tx: Tx, call: Call, key: string, { effectiveAt, ...input }: PutPlanDto): Promise<CurrentPlan> {
    const content = planContentOf(input);
    refuseAll(planProblems({ plan: key, version: 1, ...content }));
    const now = this.clock.now();
    const fresh: Plan = { key, newestVersion: 1, archivedAt: null, revision: 1, createdAt: now, updatedAt: now };
    const { row, created } = await insertOrLock(tx, Plan, fresh, { key });
    checkIfMatch(call, created ? undefined : row.revision);
    const at = effectiveAt ? parseInstant(effectiveAt) : undefined;
    if (created) {
      if (at !== undefined) refuseAll([{ pointer: '/effectiveAt', code: 'first_version_is_timeless', detail: FIRST_IS_TIMELESS }]);
      return await this.add(tx, call, row, { plan: key, version: 1, effectiveAt: null, content, createdAt: now });
    }
    const newest = await tx.getRepository(PlanVersionRow).findOneByOrFail({ plan: key, version: row.newestVersion });
    if (sameContent(newest.content, content)) return currentPlan(row, newest);
    refuseChange(row, newest, content);
    refusePast(at, now);
    const version = { plan: key, version: row.newestVersion + 1, effectiveAt: at ?? now, content, createdAt: now };
    const changed = { newestVersion: version.version, revision: row.revision + 1, updatedAt: now };
    await tx.getRepository(Plan).update({ key }, changed);
    return await this.add(tx, call, Object.assign(row, changed), version, newest);
  }

  private async add(tx: Tx, call: Call, plan: Plan, version: PlanVersionRow, before?: PlanVersionRow): Promise<CurrentPlan> {
    await this.useMeters(tx, version.content.prices);
    await this.features.refuseUnusable(tx, version.content.entitlements, '/entitlements');
    await this.taxRates.refuseUnusable(
      tx,
      taxRatesOfPlan(version.content),
      before ? taxRatesOfPlan(before.content).map(({ key }) => key) : [],
    );
    await this.defaults.versionAdded(tx, version, before);
    await tx.getRepository(PlanVersionRow).insert(version);
    await this.audit.record(tx, {
      actor: call.actor,
      action: before ? 'plan.version_created' : 'plan.created',
      subjectType: 'plan',
      subjectId: plan.key,
      ...(before && { before: audited(before) }),
      after: audited(version),
    });
    return currentPlan(plan, version);
  }

  /** The meters that prices name exist and keep their definition from now on. */
  private async useMeters(tx: Tx, prices: readonly Price[]): Promise<void> {
    const named = metersOf(prices);
    if (named.length === 0) return;
    const used = await this.meters.markUsed(tx, named);
    const problems = unknownMeterProblems(prices, used);
    if (problems.length > 0) throw new Refusal('unprocessable', 'unknown_meter', 'Prices name meters that do not exist.', problems);
    refuseMisfits(prices, used);
  }
}

const FIRST_IS_TIMELESS = 'The first version of a plan is in force from the beginning of time: leave effectiveAt out.';

function refuseChange(plan: Plan, newest: PlanVersionRow, content: PlanContent): void {
  if (plan.archivedAt !== null)
    throw new Refusal(
      'conflict',
      'plan_archived',
      `The plan is archived: POST /v2/plans/${plan.key}/unarchive before changing it, or create another one.`,
    );
  refuseOtherCurrency(newest, content);
}

/** @throws Refusal `plan_currency_fixed` */
export function refuseOtherCurrency({ content: known }: Pick<PlanVersionRow, 'content'>, { currency }: PlanContent): void {
  if (known.currency !== currency)
    throw new Refusal(
      'conflict',
      'plan_currency_fixed',
      `The plan is priced in ${known.currency}, in all its versions: create another plan for ${currency}.`,
    );
}

function refusePast(effectiveAt: Instant | undefined, now: Instant): void {
  if (effectiveAt === undefined || effectiveAt >= now) return;
  refuseAll([
    { pointer: '/effectiveAt', code: 'effective_in_the_past', detail: `A version takes effect at ${formatInstant(now)} or later.` },
  ]);
}

/** Plain data, with what is left out filled in. */
export function planContentOf(input: Omit<PutPlanDto, 'effectiveAt'>): PlanContent {
  return {
    name: input.name,
    product: input.product,
    currency: input.currency,
    interval: { unit: input.interval.unit, count: input.interval.count },
    trialDays: input.trialDays ?? 0,
    prorationBasis: input.prorationBasis ?? 'second',
    minimumCommitment: input.minimumCommitment ?? null,
    entitlements: input.entitlements ?? {},
    ...(input.defaultFor && input.defaultFor.length > 0 ? { defaultFor: [...input.defaultFor].sort() } : {}),
    ...(input.taxRates ? { taxRates: [...input.taxRates] } : {}),
    prices: input.prices.map(priceOf),
  };
}

/** Plain data, with what is left out filled in. */
export function priceOf(input: Price): Price {
  const price: Price = withoutAbsent(input);
  if (price.kind === 'one_time') return price;
  const plain = 'tiers' in price ? { ...price, tiers: price.tiers.map(tierOf) } : price;
  return plain.kind === 'recurring' ? { ...plain, billing: plain.billing ?? 'in_advance' } : plain;
}

const tierOf = ({ upTo, ...rest }: Tier): Tier => ({ upTo, ...withoutAbsent(rest) });

const currentPlan = (
  { key, newestVersion, archivedAt, revision, createdAt, updatedAt }: Plan,
  { version, effectiveAt, content }: PlanVersionRow,
): CurrentPlan => ({ key, newestVersion, archivedAt, revision, createdAt, updatedAt, version, effectiveAt, content });

const audited = ({ version, effectiveAt, content }: PlanVersionRow): object => ({
  version,
  effectiveAt: effectiveAt === null ? null : formatInstant(effectiveAt),
  ...content,
});
