import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { ApiTable, tableAnswer } from '../../common/http/table.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant } from '../../domain/instant.js';
import { type MrrMonth, MrrReport } from './mrr-report.js';
import { MrrQuery, type MrrRowView, MrrView } from './mrr.dto.js';

const COLUMNS = ['month', 'currency', 'opening', 'new', 'expansion', 'contraction', 'churn', 'reactivation', 'closing', 'accounts'];

@ApiTags('ledger')
@Controller({ path: 'reports/mrr', version: '2' })
export class MrrController {
  constructor(private readonly report: MrrReport) {}

  @Get()
  @Scopes('exports:read')
  @ApiOperation({
    operationId: 'getMrrReport',
    summary: 'How monthly recurring revenue moves',
    description: 'What recurring prices come to a month, at their list amounts, before discounts and tax, without usage.',
  })
  @ApiTable(MrrView, 'Opening, movements and closing by month.')
  @ApiProblems(422)
  async read(@Query() query: MrrQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<MrrView | string> {
    const { asOf, rows } = await this.report.read(query);
    const view = { asOf: formatInstant(asOf), data: rows.map(rowView) };
    return tableAnswer(reply, { format: query.format, name: 'mrr', columns: COLUMNS, view });
  }
}

function rowView({ month, currency, openingMinor, movements, closingMinor, accounts }: MrrMonth): MrrRowView {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, currency);
  return {
    month,
    currency,
    opening: money(openingMinor),
    new: money(movements.new),
    expansion: money(movements.expansion),
    contraction: money(movements.contraction),
    churn: money(movements.churn),
    reactivation: money(movements.reactivation),
    closing: money(closingMinor),
    accounts,
  };
}
