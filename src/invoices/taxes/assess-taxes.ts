import { Inject, Injectable } from '@nestjs/common';
import type { AccountProfile } from '../../accounts/account-profile.js';
import { taxed, taxQuestions, type UntaxedBill } from '../../domain/billing/bill.js';
import type { Draft } from '../../domain/billing/draft.js';
import type { LineTax } from '../../domain/billing/line.js';
import { refuseWithoutTaxId } from '../../domain/billing/line-taxes.js';
import { Refusal } from '../../domain/refusal.js';
import { TAX_ENGINE, type TaxableInvoice, type TaxAssessment, type TaxEngine } from './tax-engine.js';

/** A bill without its taxes, and whose it is. */
export interface BillToTax {
  readonly profile: AccountProfile;
  readonly bill: UntaxedBill;
}

/** Asks the tax engine for the taxes of bills: all at once, and never again once a number was taken. */
@Injectable()
export class AssessTaxes {
  constructor(@Inject(TAX_ENGINE) private readonly engine: TaxEngine) {}

  /**
   * The invoices with their taxes, in the order of the bills. Nothing is billed without.
   * @throws Refusal `tax_not_assessed`, `tax_id_missing`
   */
  async run(bills: readonly BillToTax[]): Promise<Draft[]> {
    const asked = bills.map(({ profile, bill }) => ({
      buyer: profile,
      currency: bill.facts.currency,
      billedAt: bill.billedAt,
      lines: taxQuestions(bill),
    }));
    const open = asked.filter(({ lines }) => lines.length > 0);
    const answers = new Map((await this.assessments(open)).map((assessment, i) => [open[i], assessment]));
    return bills.map(({ bill }, i) => {
      const invoice = asked[i];
      return taxed(bill, invoice && invoice.lines.length > 0 ? taxesOf(invoice, answers.get(invoice)) : []);
    });
  }

  private async assessments(invoices: readonly TaxableInvoice[]): Promise<readonly TaxAssessment[]> {
    if (invoices.length === 0) return [];
    try {
      return await this.engine.assess(invoices);
    } catch (error) {
      throw notAssessed(`The tax engine did not answer (${error instanceof Error ? error.message : String(error)}).`);
    }
  }
}

function taxesOf({ buyer, lines }: TaxableInvoice, assessment: TaxAssessment | undefined): readonly (readonly LineTax[])[] {
  if (!assessment || 'refused' in assessment) throw notAssessed(assessment?.refused ?? 'The tax engine left the invoice out.');
  const { taxes } = assessment;
  if (taxes.length !== lines.length) throw notAssessed('The tax engine left lines out.');
  for (const one of taxes) refuseWithoutTaxId(buyer.key, buyer.taxIds, one);
  return taxes;
}

const notAssessed = (why: string): Refusal =>
  new Refusal('unprocessable', 'tax_not_assessed', `The taxes of the invoice could not be told, and nothing is billed without: ${why}`);
