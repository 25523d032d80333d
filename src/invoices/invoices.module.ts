import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { MetersModule } from '../meters/meters.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { AlertEvaluation } from './alert-evaluation.js';
import { AlertMeasures } from './alert-measures.js';
import { AlertRuns } from './alert-runs.js';
import { AlertSpread } from './alert-spread.js';
import { AlertsController } from './alerts.controller.js';
import { AlertsService } from './alerts.service.js';
import { BillAccounts } from './bill-accounts.js';
import { BackfillEffect } from './backfill-effect.js';
import { BillRunService } from './bill-run.service.js';
import { BillRuns } from './bill-runs.js';
import { BillRunsController } from './bill-runs.controller.js';
import { CurrencyGuard } from './currency-guard.js';
import { EventLines } from './event-lines.js';
import { InvoicesController } from './invoices.controller.js';
import { InvoicesService } from './invoices.service.js';
import { IssueInvoices } from './issue-invoices.js';
import { LoadFacts } from './load-facts.js';
import { MoveHolder } from './move-holder.js';
import { OpeningBalances } from './opening-balances.js';
import { ParkAccount } from './park-account.js';
import { ParkedAccounts } from './parked-accounts.js';
import { PlanMigrations } from './plan-migrations.js';
import { PlanMigrationsController } from './plan-migrations.controller.js';
import { PreviewBill } from './preview-bill.js';
import { PreviewsController } from './previews.controller.js';
import { RunningTotalController } from './running-total.controller.js';
import { RunningTotals } from './running-total.js';
import { SellersController } from './sellers.controller.js';
import { SellersService } from './sellers.service.js';
import { UsageEffectsController } from './usage-effects.controller.js';

@Module({
  imports: [AccountsModule, MetersModule, PlansModule, SubscriptionsModule, UsageModule, LedgerModule],
  controllers: [
    InvoicesController,
    BillRunsController,
    SellersController,
    PreviewsController,
    PlanMigrationsController,
    RunningTotalController,
    AlertsController,
    UsageEffectsController,
  ],
  providers: [
    AlertEvaluation,
    AlertMeasures,
    AlertRuns,
    AlertSpread,
    AlertsService,
    BackfillEffect,
    BillAccounts,
    BillRunService,
    BillRuns,
    CurrencyGuard,
    EventLines,
    InvoicesService,
    IssueInvoices,
    LoadFacts,
    MoveHolder,
    OpeningBalances,
    ParkAccount,
    ParkedAccounts,
    PlanMigrations,
    PreviewBill,
    RunningTotals,
    SellersService,
  ],
  exports: [InvoicesService, BillRuns, OpeningBalances],
})
export class InvoicesModule {}
