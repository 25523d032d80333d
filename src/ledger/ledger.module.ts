import { Module, type OnModuleInit } from '@nestjs/common';
import { Checks } from '../common/checks.js';
import { AccountingPeriodsController } from './accounting-periods.controller.js';
import { AccountingPeriods } from './accounting-periods.service.js';
import { closedPeriods, deferredRevenue, entriesBalance } from './book-checks.js';
import { BookReports } from './book-reports.js';
import { chainCheck } from './chain-check.js';
import { LedgerController } from './ledger.controller.js';
import { LedgerService } from './ledger.service.js';
import { Recognition } from './recognition.js';
import { ReportsController } from './reports.controller.js';
import { Sealing } from './sealing.js';

@Module({
  controllers: [LedgerController, AccountingPeriodsController, ReportsController],
  providers: [AccountingPeriods, BookReports, LedgerService, Recognition, Sealing],
  exports: [LedgerService, Recognition, Sealing],
})
export class LedgerModule implements OnModuleInit {
  constructor(private readonly checks: Checks) {}

  onModuleInit(): void {
    this.checks.add(entriesBalance, chainCheck, closedPeriods, deferredRevenue);
  }
}
