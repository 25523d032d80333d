import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { ApiTable, tableAnswer } from '../common/http/table.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant } from '../domain/instant.js';
import { BookReports } from './book-reports.js';
import { DeferredReportView, MonthsQuery, RevenueReportView } from './reports.dto.js';

const REVENUE_COLUMNS = ['month', 'seller', 'currency', 'fromDeferred', 'onUse', 'atOnce', 'recognized'];
const DEFERRED_COLUMNS = ['month', 'status', 'seller', 'currency', 'opening', 'billed', 'recognized', 'closing'];

@ApiTags('ledger')
@Controller({ path: 'reports', version: '2' })
export class ReportsController {
  constructor(private readonly reports: BookReports) {}

  @Get('revenue')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getRevenueReport', summary: 'Recognized revenue by month' })
  @ApiTable(RevenueReportView, 'What the ledger account `revenue` moved by.')
  @ApiProblems(422, 503)
  async revenue(@Query() query: MonthsQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<RevenueReportView | string> {
    const { asOf, rows } = await this.reports.revenue(query);
    const view = {
      asOf: formatInstant(asOf),
      data: rows.map(({ month, seller, currency, fromDeferredMinor, onUseMinor, recognizedMinor }) => ({
        month,
        seller,
        currency,
        fromDeferred: formatMoney(fromDeferredMinor, currency),
        onUse: formatMoney(onUseMinor, currency),
        atOnce: formatMoney(recognizedMinor - fromDeferredMinor - onUseMinor, currency),
        recognized: formatMoney(recognizedMinor, currency),
      })),
    };
    return tableAnswer(reply, { format: query.format, name: 'revenue', columns: REVENUE_COLUMNS, view });
  }

  @Get('deferred-revenue')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getDeferredRevenueReport', summary: 'Deferred revenue by month: the waterfall' })
  @ApiTable(DeferredReportView, 'What was billed ahead of its service, and how it becomes revenue.')
  @ApiProblems(422, 503)
  async deferred(@Query() query: MonthsQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<DeferredReportView | string> {
    const { asOf, rows } = await this.reports.deferred(query);
    const view = {
      asOf: formatInstant(asOf),
      data: rows.map(({ month, status, seller, currency, openingMinor, billedMinor, recognizedMinor }) => ({
        month,
        status,
        seller,
        currency,
        opening: formatMoney(openingMinor, currency),
        billed: formatMoney(billedMinor, currency),
        recognized: formatMoney(recognizedMinor, currency),
        closing: formatMoney(openingMinor + billedMinor - recognizedMinor, currency),
      })),
    };
    return tableAnswer(reply, { format: query.format, name: 'deferred-revenue', columns: DEFERRED_COLUMNS, view });
  }
}
