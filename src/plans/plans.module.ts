import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { MetersModule } from '../meters/meters.module.js';
import { CouponsController } from './coupons.controller.js';
import { CouponsService } from './coupons.service.js';
import { DefaultPlans } from './default-plans.js';
import { DraftPlans } from './draft-plans.js';
import { FeaturesController } from './features.controller.js';
import { FeaturesService } from './features.service.js';
import { OverridesCheck } from './overrides-check.js';
import { PlansController } from './plans.controller.js';
import { PlansService } from './plans.service.js';
import { PutPlan } from './put-plan.js';

@Module({
  imports: [AccountsModule, MetersModule],
  controllers: [PlansController, CouponsController, FeaturesController],
  providers: [PlansService, PutPlan, CouponsService, FeaturesService, DefaultPlans, DraftPlans, OverridesCheck],
  exports: [PlansService, PutPlan, CouponsService, FeaturesService, DefaultPlans, DraftPlans],
})
export class PlansModule {}
