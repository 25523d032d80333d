import { Injectable } from '@nestjs/common';
import type { TaxableInvoice, TaxAssessment, TaxEngine } from './tax-engine.js';

/** The tax rates of prices, plans and accounts, as they are kept here. */
@Injectable()
export class TableTaxEngine implements TaxEngine {
  assess(invoices: readonly TaxableInvoice[]): Promise<readonly TaxAssessment[]> {
    return Promise.resolve(invoices.map(({ lines }) => ({ taxes: lines.map(({ rates }) => rates) })));
  }
}
