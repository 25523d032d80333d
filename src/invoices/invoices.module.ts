import { Module, type OnModuleInit } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { Checks } from '../common/checks.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { MetersModule } from '../meters/meters.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { AlertEvaluation } from './alerts/alert-evaluation.js';
import { AlertMeasures } from './alerts/alert-measures.js';
import { AlertRuns } from './alerts/alert-runs.js';
import { AlertSpread } from './alerts/alert-spread.js';
import { AlertsController } from './alerts/alerts.controller.js';
import { AlertsService } from './alerts/alerts.service.js';
import { ArchivePolicy } from './archive/archive-policy.js';
import { ArchiveUsage } from './archive/archive-usage.js';
import { BillAccounts } from './bill-accounts.js';
import { Backtest } from './backtest/backtest.js';
import { ReRateAccounts } from './backtest/re-rate-accounts.js';
import { BackfillEffect } from './previews/backfill-effect.js';
import { BillRunService } from './bill-run.service.js';
import { BillRuns } from './bill-runs.js';
import { BillRunsController } from './bill-runs.controller.js';
import { badDebtCheck, balancesCheck, grantsCheck, receivablesCheck } from './checks/amount-checks.js';
import { ComputeBills } from './compute-bills.js';
import { CloseInvoices } from './close-invoices.js';
import { creditedTooMuchCheck, creditNotesCheck, creditsSettledCheck } from './checks/credit-note-checks.js';
import { CreditNotesController } from './credit-notes/credit-notes.controller.js';
import { CreditNotesService } from './credit-notes/credit-notes.service.js';
import { RecomputeCheck } from './checks/recompute-check.js';
import { AccountHolds } from './controls/account-holds.js';
import { AccountHoldsController } from './controls/account-holds.controller.js';
import { BillingBounds } from './controls/billing-bounds.js';
import { BillingBoundsController } from './controls/billing-bounds.controller.js';
import { RunChangesController } from './controls/run-changes.controller.js';
import { CurrencyGuard } from './currency-guard.js';
import { ChangeDrafts } from './drafts/change-drafts.js';
import { CreateInvoice } from './drafts/create-invoice.js';
import { DraftContents } from './drafts/draft-contents.js';
import { DraftsController } from './drafts/drafts.controller.js';
import { FinalizeDraft } from './drafts/finalize-draft.js';
import { GivenLines } from './drafts/given-lines.js';
import { HoldInvoices } from './drafts/hold-invoices.js';
import { ReadInvoices } from './drafts/read-invoices.js';
import { EventLines } from './event-lines.js';
import { invoiceEntriesCheck, openingBalancesCheck } from './checks/invoice-checks.js';
import { CreditGrants } from './grants/credit-grants.js';
import { CreditGrantsController } from './grants/credit-grants.controller.js';
import { EndGrants } from './grants/end-grants.js';
import { ExplainLine } from './explanations/explain-line.js';
import { ExplanationsController } from './explanations/explanations.controller.js';
import { GrantExpiry } from './grants/grant-expiry.js';
import { ReleaseGrants } from './grants/release-grants.js';
import { InvoiceDocuments } from './documents/invoice-documents.js';
import { InvoicesController } from './invoices.controller.js';
import { InvoicesService } from './invoices.service.js';
import { IssueCreditNotes } from './credit-notes/issue-credit-notes.js';
import { IssueInvoices } from './issue-invoices.js';
import { LoadFacts } from './load-facts.js';
import { MrrController } from './mrr/mrr.controller.js';
import { MrrReport } from './mrr/mrr-report.js';
import { MoveHolder } from './move-holder.js';
import { OpeningBalances } from './opening-balances.js';
import { ParkAccount } from './park-account.js';
import { ParkedAccounts } from './parked-accounts.js';
import { PlanMigrations } from './plan-migrations/plan-migrations.js';
import { PlanMigrationsController } from './plan-migrations/plan-migrations.controller.js';
import { PreviewBill } from './previews/preview-bill.js';
import { PreviewsController } from './previews/previews.controller.js';
import { ReceivablesAging } from './aging/receivables-aging.js';
import { ReceivablesAgingController } from './aging/receivables-aging.controller.js';
import { DocumentReportsController } from './reports/document-reports.controller.js';
import { DocumentReports } from './reports/document-reports.js';
import { RunningTotalController } from './previews/running-total.controller.js';
import { RunningTotals } from './previews/running-total.js';
import { SendInvoices } from './send-invoices.js';
import { SellersController } from './sellers/sellers.controller.js';
import { SettleAccounts } from './settle-accounts.js';
import { SellersService } from './sellers/sellers.service.js';
import { AssessTaxes } from './taxes/assess-taxes.js';
import { TableTaxEngine } from './taxes/table-tax-engine.js';
import { TAX_ENGINE } from './taxes/tax-engine.js';
import { UsageEffectsController } from './previews/usage-effects.controller.js';

@Module({
  imports: [AccountsModule, MetersModule, PlansModule, SubscriptionsModule, UsageModule, LedgerModule],
  controllers: [
    InvoicesController,
    DraftsController,
    CreditGrantsController,
    CreditNotesController,
    BillRunsController,
    SellersController,
    PreviewsController,
    PlanMigrationsController,
    RunningTotalController,
    AlertsController,
    UsageEffectsController,
    ReceivablesAgingController,
    AccountHoldsController,
    BillingBoundsController,
    RunChangesController,
    MrrController,
    ExplanationsController,
    DocumentReportsController,
  ],
  providers: [
    AccountHolds,
    AlertEvaluation,
    AlertMeasures,
    AlertRuns,
    AlertSpread,
    AlertsService,
    AssessTaxes,
    ArchivePolicy,
    ArchiveUsage,
    BackfillEffect,
    Backtest,
    BillAccounts,
    BillingBounds,
    BillRunService,
    BillRuns,
    ChangeDrafts,
    ComputeBills,
    CreateInvoice,
    CreditGrants,
    CloseInvoices,
    CreditNotesService,
    CurrencyGuard,
    DocumentReports,
    DraftContents,
    EndGrants,
    EventLines,
    ExplainLine,
    FinalizeDraft,
    GivenLines,
    GrantExpiry,
    HoldInvoices,
    InvoiceDocuments,
    InvoicesService,
    IssueCreditNotes,
    IssueInvoices,
    LoadFacts,
    MoveHolder,
    MrrReport,
    OpeningBalances,
    ParkAccount,
    ParkedAccounts,
    PlanMigrations,
    PreviewBill,
    ReadInvoices,
    ReceivablesAging,
    RecomputeCheck,
    ReRateAccounts,
    ReleaseGrants,
    RunningTotals,
    SellersService,
    SettleAccounts,
    SendInvoices,
    { provide: TAX_ENGINE, useClass: TableTaxEngine },
  ],
  exports: [Backtest, InvoicesService, BillRuns, OpeningBalances, CloseInvoices, CreditNotesService, InvoiceDocuments, IssueCreditNotes],
})
export class InvoicesModule implements OnModuleInit {
  constructor(private readonly checks: Checks) {}

  onModuleInit(): void {
    this.checks.add(
      invoiceEntriesCheck,
      creditNotesCheck,
      creditedTooMuchCheck,
      creditsSettledCheck,
      receivablesCheck,
      badDebtCheck,
      balancesCheck,
      openingBalancesCheck,
      grantsCheck,
    );
  }
}
