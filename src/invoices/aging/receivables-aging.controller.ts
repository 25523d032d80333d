import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { ApiTable, tableAnswer } from '../../common/http/table.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant } from '../../domain/instant.js';
import { AgingQuery, type AgingRowView, AgingView } from './receivables-aging.dto.js';
import { type AgingRow, ReceivablesAging } from './receivables-aging.js';

const COLUMNS = ['seller', 'currency', 'account', 'current', 'days1To30', 'days31To60', 'days61To90', 'days91AndMore', 'total'];

@ApiTags('ledger')
@Controller({ path: 'reports/receivables-aging', version: '2' })
export class ReceivablesAgingController {
  constructor(private readonly aging: ReceivablesAging) {}

  @Get()
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getReceivablesAging', summary: 'What is owed, by how long it is overdue' })
  @ApiTable(AgingView, 'Sums by age.')
  @ApiProblems(422)
  async read(@Query() query: AgingQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<AgingView | string> {
    const { asOf, rows } = await this.aging.read(query);
    const view = { asOf: formatInstant(asOf), data: rows.map(rowView) };
    return tableAnswer(reply, { format: query.format, name: 'receivables-aging', columns: COLUMNS, view });
  }
}

function rowView({ seller, currency, account, ...sums }: AgingRow): AgingRowView {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, currency);
  return {
    seller,
    currency,
    account,
    current: money(sums.currentMinor),
    days1To30: money(sums.days1To30Minor),
    days31To60: money(sums.days31To60Minor),
    days61To90: money(sums.days61To90Minor),
    days91AndMore: money(sums.days91AndMoreMinor),
    total: money(sums.totalMinor),
  };
}
