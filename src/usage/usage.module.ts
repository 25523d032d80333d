import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { MetersModule } from '../meters/meters.module.js';
import { ArchiveMonths } from './archive/archive-months.js';
import { RestoreMonth } from './archive/restore-month.js';
import { EventStreams } from './intake/event-streams.js';
import { UsageChecks } from './checks/usage-checks.js';
import { AddEvents } from './corrections/add-events.js';
import { BackfillsController } from './corrections/backfills.controller.js';
import { Backfills } from './corrections/backfills.js';
import { CorrectEvents } from './corrections/correct-events.js';
import { CorrectionsController } from './corrections/corrections.controller.js';
import { CountedEvents } from './counted-events.js';
import { FillMeters } from './fills/fill-meters.js';
import { Intake } from './intake/intake.js';
import { LevelsController } from './levels/levels.controller.js';
import { Quarantine } from './quarantine/quarantine.js';
import { QuarantineController } from './quarantine/quarantine.controller.js';
import { ReplayRejected } from './quarantine/replay-rejected.js';
import { ReceiptsController } from './receipts/receipts.controller.js';
import { Receipts } from './receipts/receipts.js';
import { UsagePartitions } from './intake/partitions.js';
import { Compaction } from './rollups/compaction.js';
import { UsageController } from './usage.controller.js';
import { UsageQueryController } from './usage-query.controller.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [AccountsModule, MetersModule],
  controllers: [
    UsageController,
    UsageQueryController,
    QuarantineController,
    ReceiptsController,
    LevelsController,
    CorrectionsController,
    BackfillsController,
  ],
  providers: [
    UsagePartitions,
    Compaction,
    Intake,
    EventStreams,
    Quarantine,
    ReplayRejected,
    Receipts,
    UsageService,
    AddEvents,
    CorrectEvents,
    CountedEvents,
    Backfills,
    FillMeters,
    ArchiveMonths,
    RestoreMonth,
    UsageChecks,
  ],
  exports: [UsageService, AddEvents, CorrectEvents, CountedEvents, Backfills, ArchiveMonths],
})
export class UsageModule {}
