import { Platform1764000000000 } from './1764000000000-platform.js';
import { Catalog1764000100000 } from './1764000100000-catalog.js';
import { Usage1764000200000 } from './1764000200000-usage.js';
import { Invoices1764000300000 } from './1764000300000-invoices.js';
import { Payments1764000400000 } from './1764000400000-payments.js';
import { Entitlements1764000500000 } from './1764000500000-entitlements.js';
import { Guards1764000520000 } from './1764000520000-guards.js';
import { PaymentsSafety1764000550000 } from './1764000550000-payments-safety.js';
import { Metering1764000600000 } from './1764000600000-metering.js';
import { Quarantine1764000610000 } from './1764000610000-quarantine.js';
import { Corrections1764000620000 } from './1764000620000-corrections.js';
import { Alerts1764000630000 } from './1764000630000-alerts.js';
import { CreditGrants1764000640000 } from './1764000640000-credit-grants.js';
import { CreditNotes1764000650000 } from './1764000650000-credit-notes.js';
import { Ledger1764000660000 } from './1764000660000-ledger.js';
import { Exports1764000670000 } from './1764000670000-exports.js';
import { Settlement1764000700000 } from './1764000700000-settlement.js';
import { UsageArchive1764000710000 } from './1764000710000-usage-archive.js';
import { ArchivePositions1764000715000 } from './1764000715000-archive-positions.js';
import { LevelSpans1764000720000 } from './1764000720000-level-spans.js';
import { BillRunControls1764000730000 } from './1764000730000-bill-run-controls.js';
import { InvoiceSeal1764000740000 } from './1764000740000-invoice-seal.js';
import { SellerSeries1764000750000 } from './1764000750000-seller-series.js';
import { InvoiceDrafts1764000751000 } from './1764000751000-invoice-drafts.js';
import { SellerDetails1764000760000 } from './1764000760000-seller-details.js';
import { ProviderEvents1764000780000 } from './1764000780000-provider-events.js';
import { Webhooks1764000790000 } from './1764000790000-webhooks.js';
import { Reconciliation1764000791000 } from './1764000791000-reconciliation.js';
import { Dunning1764000800000 } from './1764000800000-dunning.js';
import { Mails1764000801000 } from './1764000801000-mails.js';
import { SandboxCustomers1764000802000 } from './1764000802000-sandbox-customers.js';
import { CarriedInvoices1764000803000 } from './1764000803000-carried-invoices.js';
import { ReturnedRefunds1764000804000 } from './1764000804000-returned-refunds.js';

/** In the order in which they are done. */
export const migrations = [
  Platform1764000000000,
  Catalog1764000100000,
  Usage1764000200000,
  Invoices1764000300000,
  Payments1764000400000,
  Entitlements1764000500000,
  Guards1764000520000,
  PaymentsSafety1764000550000,
  Metering1764000600000,
  Quarantine1764000610000,
  Corrections1764000620000,
  Alerts1764000630000,
  CreditGrants1764000640000,
  CreditNotes1764000650000,
  Ledger1764000660000,
  Exports1764000670000,
  Settlement1764000700000,
  UsageArchive1764000710000,
  ArchivePositions1764000715000,
  LevelSpans1764000720000,
  BillRunControls1764000730000,
  InvoiceSeal1764000740000,
  SellerSeries1764000750000,
  InvoiceDrafts1764000751000,
  SellerDetails1764000760000,
  ProviderEvents1764000780000,
  Webhooks1764000790000,
  Reconciliation1764000791000,
  Dunning1764000800000,
  Mails1764000801000,
  SandboxCustomers1764000802000,
  CarriedInvoices1764000803000,
  ReturnedRefunds1764000804000,
];
