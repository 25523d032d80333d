import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { ChangeSubscription } from './change-subscription.js';
import { ImportSubscriptions } from './import-subscriptions.js';
import { StartSubscription } from './start-subscription.js';
import { SubscriptionRecords } from './subscription-records.js';
import { SubscriptionsController } from './subscriptions.controller.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Module({
  imports: [AccountsModule, PlansModule],
  controllers: [SubscriptionsController],
  providers: [SubscriptionsService, SubscriptionRecords, StartSubscription, ChangeSubscription, ImportSubscriptions],
  exports: [SubscriptionsService, StartSubscription, ChangeSubscription, ImportSubscriptions],
})
export class SubscriptionsModule {}
