import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { ClaimDeliveries } from './deliveries/claim-deliveries.js';
import { Deliver } from './deliveries/deliver.js';
import { DeliveriesController } from './deliveries/deliveries.controller.js';
import { FanOut } from './deliveries/fan-out.js';
import { RecordAttempt } from './deliveries/record-attempt.js';
import { Redeliver } from './deliveries/redeliver.js';
import { Retention } from './deliveries/retention.js';
import { WebhookEndpointsController } from './endpoints/webhook-endpoints.controller.js';
import { WebhookEndpointsService } from './endpoints/webhook-endpoints.service.js';
import { WebhookSecrets } from './endpoints/webhook-secrets.js';

@Module({
  imports: [AccountsModule],
  controllers: [WebhookEndpointsController, DeliveriesController],
  providers: [ClaimDeliveries, Deliver, FanOut, RecordAttempt, Redeliver, Retention, WebhookEndpointsService, WebhookSecrets],
})
export class WebhooksModule {}
