import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { cursorKey, type Page, page, pageOf, PageQuery } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant, parseInstant } from '../domain/instant.js';
import { type BillRunRecord, listRecords } from './bill-run-records.js';
import { BillRuns } from './bill-runs.js';
import { BillRunView, CreateBillRunDto, ParkedAccountView, WAIT_SECONDS } from './invoices.dto.js';
import { ParkedAccounts } from './parked-accounts.js';

@ApiTags('invoices')
@Controller({ path: 'bill-runs', version: '2' })
export class BillRunsController {
  constructor(
    private readonly runs: BillRuns,
    private readonly parked: ParkedAccounts,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post()
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'createBillRun',
    summary: 'Bill every account that something is due for',
    description:
      'A worker does it. The answer comes when it has finished, or when the time to wait is over; a run again finds nothing new.',
  })
  @ApiCreatedResponse({ type: BillRunView, description: 'The run as it is now.' })
  @ApiProblems(409, 422)
  async create(
    @CurrentCall() call: Call,
    @Body() { asOf, dryRun = false, waitSeconds = WAIT_SECONDS }: CreateBillRunDto,
  ): Promise<BillRunView> {
    const { id } = await this.writes.once(call, async (tx) => ({
      id: (await this.runs.request(tx, call.actor, { asOf: parseInstant(asOf), dryRun })).id,
    }));
    return view(await this.runs.awaited(id, waitSeconds * 1000));
  }

  @Get()
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'listBillRuns', summary: 'Bill runs that were asked for, newest first' })
  @ApiOkResponse({ type: pageOf(BillRunView), description: 'The runs.' })
  @ApiProblems()
  async list(@Query() { limit, cursor }: PageQuery): Promise<Page<BillRunView>> {
    const [after] = cursorKey(cursor) ?? [];
    const rows = await this.database.transaction((tx) => listRecords(tx, after, limit + 1));
    const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
    return { data: data.map(view), nextCursor };
  }

  @Get('parked')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'listParkedAccounts', summary: 'Accounts that could not be billed' })
  @ApiOkResponse({ type: pageOf(ParkedAccountView), description: 'Each with the rule that stopped it and what to do.' })
  @ApiProblems()
  listParked(@Query() query: PageQuery): Promise<Page<ParkedAccountView>> {
    return this.database.transaction((tx) => this.parked.list(tx, query));
  }

  @Get(':id')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'getBillRun', summary: 'One bill run' })
  @ApiOkResponse({ type: BillRunView, description: 'The run as it is now.' })
  @ApiProblems(404)
  async read(@Param('id') id: string): Promise<BillRunView> {
    return view(await this.database.transaction((tx) => this.runs.one(tx, id)));
  }
}

const view = ({ asOf, requestedAt, finishedAt, totals, ...run }: BillRunRecord): BillRunView => ({
  ...run,
  asOf: formatInstant(asOf),
  requestedAt: formatInstant(requestedAt),
  finishedAt: finishedAt === null ? null : formatInstant(finishedAt),
  totals: Object.fromEntries(Object.entries(totals).map(([currency, total]) => [currency, formatMoney(BigInt(total), currency)])),
});
