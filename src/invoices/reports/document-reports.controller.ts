import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { ApiTable, tableAnswer } from '../../common/http/table.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { TaxReportQuery, TaxReportView, type TaxRow, UsageReportQuery, UsageReportView, type UsageRow } from './document-reports.dto.js';
import { DocumentReports, type InvoicedUsage, type TaxOfRate } from './document-reports.js';

const TAX_COLUMNS = [
  'seller',
  'currency',
  'taxRate',
  'category',
  'rate',
  'taxableInvoiced',
  'taxInvoiced',
  'taxableCredited',
  'taxCredited',
  'taxable',
  'tax',
];
const USAGE_COLUMNS = [
  'seller',
  'currency',
  'meter',
  'plan',
  'price',
  'account',
  'month',
  'quantity',
  'amount',
  'discount',
  'credited',
  'revenue',
];

@ApiTags('ledger')
@Controller({ path: 'reports', version: '2' })
export class DocumentReportsController {
  constructor(private readonly reports: DocumentReports) {}

  @Get('tax')
  @Scopes('exports:read')
  @ApiOperation({
    operationId: 'getTaxReport',
    summary: 'Tax by rate',
    description:
      'Of invoices and credit notes of a range of time. A void invoice counts when it was issued, and against it when it was voided.',
  })
  @ApiTable(TaxReportView, 'What the ledger account `tax_payable` moved by, by rate.')
  @ApiProblems()
  async tax(@Query() query: TaxReportQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<TaxReportView | string> {
    const { from, to, rows } = await this.reports.tax(query);
    const view = { ...rangeView(from, to), data: rows.map(taxRow) };
    return tableAnswer(reply, { format: query.format, name: 'tax', columns: TAX_COLUMNS, view });
  }

  @Get('usage')
  @Scopes('exports:read')
  @ApiOperation({
    operationId: 'getUsageReport',
    summary: 'Invoiced usage by meter, price, account or month',
    description: 'Of invoices and credit notes of a range of time, late usage and corrections included.',
  })
  @ApiTable(UsageReportView, 'Quantities, and what they were invoiced at.')
  @ApiProblems()
  async usage(@Query() query: UsageReportQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<UsageReportView | string> {
    const { from, to, rows } = await this.reports.usage(query);
    const view = { ...rangeView(from, to), data: rows.map(usageRow) };
    return tableAnswer(reply, { format: query.format, name: 'usage', columns: USAGE_COLUMNS, view });
  }
}

const rangeView = (from: Instant | null, to: Instant): { from: string | null; to: string } => ({
  from: from === null ? null : formatInstant(from),
  to: formatInstant(to),
});

function taxRow({ seller, currency, taxRate, category, rate, ...sums }: TaxOfRate): TaxRow {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, currency);
  return {
    seller,
    currency,
    taxRate,
    category,
    rate,
    taxableInvoiced: money(sums.taxableInvoicedMinor),
    taxInvoiced: money(sums.taxInvoicedMinor),
    taxableCredited: money(sums.taxableCreditedMinor),
    taxCredited: money(sums.taxCreditedMinor),
    taxable: money(sums.taxableInvoicedMinor - sums.taxableCreditedMinor),
    tax: money(sums.taxInvoicedMinor - sums.taxCreditedMinor),
  };
}

function usageRow({ amountMinor, discountMinor, creditedMinor, revenueMinor, ...row }: InvoicedUsage): UsageRow {
  const money = (minor: bigint): string => formatMoney(minor, row.currency);
  return {
    ...row,
    amount: money(amountMinor),
    discount: money(discountMinor),
    credited: money(creditedMinor),
    revenue: money(revenueMinor),
  };
}
