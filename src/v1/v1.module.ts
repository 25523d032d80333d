import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { EntitlementsModule } from '../entitlements/entitlements.module.js';
import { InvoicesModule } from '../invoices/invoices.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { V1AccountsController } from './accounts.controller.js';
import { HubSubscription } from './hub-subscription.js';
import { V1InvoicesController } from './invoices.controller.js';
import { V1PlansController } from './plans.controller.js';
import { V1SubscriptionsController } from './subscriptions.controller.js';

/** The flat-plan API of the first generation: a translation onto the modules, with no rules of its own. */
@Module({
  imports: [AccountsModule, PlansModule, SubscriptionsModule, EntitlementsModule, InvoicesModule, PaymentsModule],
  controllers: [V1PlansController, V1AccountsController, V1SubscriptionsController, V1InvoicesController],
  providers: [HubSubscription],
})
export class V1Module {}
