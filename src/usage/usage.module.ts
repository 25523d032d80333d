import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { MetersModule } from '../meters/meters.module.js';
import { Intake } from './intake/intake.js';
import { UsagePartitions } from './intake/partitions.js';
import { Compaction } from './rollups/compaction.js';
import { UsageController } from './usage.controller.js';
import { UsageQueryController } from './usage-query.controller.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [AccountsModule, MetersModule],
  controllers: [UsageController, UsageQueryController],
  providers: [UsagePartitions, Compaction, Intake, UsageService],
  exports: [UsageService],
})
export class UsageModule {}
