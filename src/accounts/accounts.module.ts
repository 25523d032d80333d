import { Module } from '@nestjs/common';
import { AccountsController } from './accounts.controller.js';
import { AccountsService } from './accounts.service.js';
import { MailsController } from './mails.controller.js';
import { TimelineController } from './timeline.controller.js';
import { TaxRatesController } from './tax-rates.controller.js';
import { TaxRatesService } from './tax-rates.service.js';

@Module({
  controllers: [AccountsController, TaxRatesController, TimelineController, MailsController],
  providers: [AccountsService, TaxRatesService],
  exports: [AccountsService, TaxRatesService],
})
export class AccountsModule {}
