import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { MetersModule } from '../meters/meters.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { EntitlementHooks } from './entitlement-hooks.js';
import { EntitlementReads } from './entitlement-reads.js';
import { EntitlementsController } from './entitlements.controller.js';
import { EntitlementsService } from './entitlements.service.js';
import { FeatureUse } from './feature-use.js';

@Module({
  imports: [AccountsModule, MetersModule, PlansModule, SubscriptionsModule, UsageModule],
  controllers: [EntitlementsController],
  providers: [EntitlementsService, EntitlementReads, EntitlementHooks, FeatureUse],
  exports: [EntitlementReads],
})
export class EntitlementsModule {}
