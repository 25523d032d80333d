import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { type Page, pageOf } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { DunningCasesQuery, DunningCaseView, StopDunningDto } from './dunning-cases.dto.js';
import { DunningCases } from './dunning-cases.service.js';

@ApiTags('payments')
@Controller({ path: 'dunning-cases', version: '2' })
export class DunningCasesController {
  constructor(
    private readonly cases: DunningCases,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Get()
  @Scopes('payments:read')
  @ApiOperation({
    operationId: 'listDunningCases',
    summary: 'Invoices that could not be collected, and what is done about them, newest first',
  })
  @ApiOkResponse({ type: pageOf(DunningCaseView), description: 'A page of cases.' })
  @ApiProblems(400)
  list(@Query() query: DunningCasesQuery): Promise<Page<DunningCaseView>> {
    return this.database.transaction((tx) => this.cases.list(tx, query));
  }

  @Get(':id')
  @Scopes('payments:read')
  @ApiOperation({ operationId: 'getDunningCase', summary: 'Read a dunning case' })
  @ApiOkResponse({ type: DunningCaseView, description: 'The case.' })
  @ApiProblems(404)
  get(@Param('id') id: string): Promise<DunningCaseView> {
    return this.database.transaction((tx) => this.cases.one(tx, id));
  }

  @Post(':id/stop')
  @HttpCode(200)
  @Scopes('payments:write')
  @ApiOperation({
    operationId: 'stopDunningCase',
    summary: 'Stop dunning an invoice, because somebody agreed on something else',
    description: 'Nothing more is done by itself: no retry, no mail, no end. The invoice stays open, and its account past due.',
  })
  @ApiOkResponse({ type: DunningCaseView, description: 'The case.' })
  @ApiProblems(404, 409, 422)
  stop(@CurrentCall() call: Call, @Param('id') id: string, @Body() { reason }: StopDunningDto): Promise<DunningCaseView> {
    return this.writes.once(call, (tx) => this.cases.stop(tx, call, id, reason));
  }
}
