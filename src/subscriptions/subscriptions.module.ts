import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { ChangeSubscription } from './change-subscription.js';
import { DiscountsController } from './discounts.controller.js';
import { Discounts } from './discounts.js';
import { ImportSubscriptions } from './import-subscriptions.js';
import { StartSubscription } from './start-subscription.js';
import { SubscriptionRecords } from './subscription-records.js';
import { SubscriptionsController } from './subscriptions.controller.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Module({
  imports: [AccountsModule, PlansModule],
  controllers: [SubscriptionsController, DiscountsController],
  providers: [SubscriptionsService, SubscriptionRecords, StartSubscription, ChangeSubscription, ImportSubscriptions, Discounts],
  exports: [SubscriptionsService, StartSubscription, ChangeSubscription, ImportSubscriptions],
})
export class SubscriptionsModule {}
