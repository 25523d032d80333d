import { Module, type OnModuleInit } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { Checks } from '../common/checks.js';
import { InvoicesModule } from '../invoices/invoices.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { BeginAttempt } from './begin-attempt.js';
import { BeginPayments } from './begin-payments.js';
import { BookPayment } from './book-payment.js';
import { BookRefund } from './book-refund.js';
import { CancelPayment } from './cancel-payment.js';
import { ChargesToMake } from './charges-to-make.js';
import { Collect } from './collect.js';
import { Collection } from './collection.js';
import { CreditInvoice } from './credit-invoice.js';
import { CurrentMethods } from './current-methods.js';
import { CaseHistories } from './dunning/case-histories.js';
import { CaseNews } from './dunning/case-news.js';
import { DunningMails } from './dunning/dunning-mails.js';
import { DunningPolicies } from './dunning/dunning-policies.service.js';
import { DunningRuns } from './dunning/dunning-runs.js';
import { EndCase } from './dunning/end-case.js';
import { EndSubscriptions } from './dunning/end-subscriptions.js';
import { FinishCase } from './dunning/finish-case.js';
import { OpenCases } from './dunning/open-cases.js';
import { RecoveredCases } from './dunning/recovered-cases.js';
import { RetryCase } from './dunning/retry-case.js';
import { RunCase } from './dunning/run-case.js';
import { StepCase } from './dunning/step-case.js';
import { DunningCases } from './dunning/dunning-cases.service.js';
import { DunningCasesController } from './dunning/dunning-cases.controller.js';
import { DunningPoliciesController } from './dunning/dunning-policies.controller.js';
import { LockInvoice } from './lock-invoice.js';
import { InvoiceActsController } from './invoice-acts.controller.js';
import { InvoiceMoney } from './invoice-money.js';
import { PastDue } from './past-due.js';
import { PayInvoice } from './pay-invoice.js';
import { PaymentMethodsController } from './payment-methods.controller.js';
import { PaymentMethods } from './payment-methods.js';
import { paymentsCheck, refundsCheck, refundsPayableCheck } from './payment-checks.js';
import { PaymentsController } from './payments.controller.js';
import { PaymentsService } from './payments.service.js';
import { ApplyFacts } from './provider-events/apply-facts.js';
import { ProviderEventsController } from './provider-events/provider-events.controller.js';
import { ProviderEvents } from './provider-events/provider-events.js';
import { ProviderWebhooksController } from './provider-events/provider-webhooks.controller.js';
import { DailyReconciliation } from './reconciliation/daily-reconciliation.js';
import { Reconcile } from './reconciliation/reconcile.js';
import { ReconciliationController } from './reconciliation/reconciliation.controller.js';
import { RecordPayment } from './record-payment.js';
import { Refunds } from './refunds.js';
import { RequestRefunds } from './request-refunds.js';
import { ResolveAttempt } from './resolve-attempt.js';

@Module({
  imports: [AccountsModule, InvoicesModule, LedgerModule, PlansModule, ProvidersModule, SubscriptionsModule],
  controllers: [
    PaymentsController,
    InvoiceActsController,
    PaymentMethodsController,
    ProviderEventsController,
    ProviderWebhooksController,
    DunningCasesController,
    DunningPoliciesController,
    ReconciliationController,
  ],
  providers: [
    ApplyFacts,
    BeginAttempt,
    BeginPayments,
    BookPayment,
    BookRefund,
    CancelPayment,
    CaseHistories,
    CaseNews,
    ChargesToMake,
    Collect,
    Collection,
    CreditInvoice,
    CurrentMethods,
    DunningCases,
    DunningMails,
    DunningPolicies,
    DunningRuns,
    EndCase,
    EndSubscriptions,
    FinishCase,
    DailyReconciliation,
    LockInvoice,
    InvoiceMoney,
    OpenCases,
    PastDue,
    PayInvoice,
    PaymentMethods,
    PaymentsService,
    ProviderEvents,
    Reconcile,
    RecordPayment,
    RecoveredCases,
    Refunds,
    RequestRefunds,
    ResolveAttempt,
    RetryCase,
    RunCase,
    StepCase,
  ],
  exports: [PaymentsService, Collection, PaymentMethods],
})
export class PaymentsModule implements OnModuleInit {
  constructor(private readonly checks: Checks) {}

  onModuleInit(): void {
    this.checks.add(paymentsCheck, refundsCheck, refundsPayableCheck);
  }
}
