import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import { planProblems } from '../domain/catalog-rules.js';
import { refuseAll } from '../domain/refusal.js';
import { MetersService } from '../meters/meters.service.js';
import { FeaturesService } from './features.service.js';
import { metersOf, refuseMisfits } from './meter-prices.js';
import { Plan, type PlanContent, PlanVersionRow } from './plan.entity.js';
import type { PutPlanDto } from './plans.dto.js';
import { planContentOf, refuseOtherCurrency } from './put-plan.js';

/** A plan version that is only thought of. */
export interface DraftPlan {
  readonly key: string;
  readonly content: PlanContent;
  /** Keys of meters that it prices and that do not exist. */
  readonly unknownMeters: readonly string[];
}

/** Checks plan versions that are not stored, by what `PUT /v2/plans/{key}` would refuse. */
@Injectable()
export class DraftPlans {
  constructor(
    private readonly meters: MetersService,
    private readonly features: FeaturesService,
  ) {}

  /**
   * Meters that do not exist are told, not refused: they concern those alone whose usage would be asked for.
   * @throws Refusal `invalid_request`, `meter_filling`, `unknown_feature`, `plan_currency_fixed`
   */
  async check(tx: Tx, key: string, { effectiveAt: _, ...input }: PutPlanDto): Promise<DraftPlan> {
    const content = planContentOf(input);
    refuseAll(planProblems({ plan: key, version: 1, ...content }));
    const plan = await tx.getRepository(Plan).findOneBy({ key });
    if (plan)
      refuseOtherCurrency(await tx.getRepository(PlanVersionRow).findOneByOrFail({ plan: key, version: plan.newestVersion }), content);
    const meters = await this.meters.all(tx);
    refuseMisfits(content.prices, meters);
    await this.features.refuseUnusable(tx, content.entitlements, '/entitlements');
    const known = new Set(meters.map((meter) => meter.key));
    return { key, content, unknownMeters: metersOf(content.prices).filter((meter) => !known.has(meter)) };
  }
}
