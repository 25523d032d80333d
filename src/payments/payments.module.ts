import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { InvoicesModule } from '../invoices/invoices.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { Collect } from './collect.js';
import { Collection } from './collection.js';
import { PaymentMethodsController } from './payment-methods.controller.js';
import { PastDue } from './past-due.js';
import { PaymentMethods } from './payment-methods.js';
import { PaymentsController } from './payments.controller.js';
import { PaymentsService } from './payments.service.js';
import { ProviderWebhooksController } from './provider-webhooks.controller.js';
import { Refunds } from './refunds.js';

@Module({
  imports: [AccountsModule, InvoicesModule, LedgerModule, ProvidersModule],
  controllers: [PaymentsController, PaymentMethodsController, ProviderWebhooksController],
  providers: [PastDue, Collect, Collection, PaymentMethods, PaymentsService, Refunds],
  exports: [PaymentsService, Collection, PaymentMethods],
})
export class PaymentsModule {}
