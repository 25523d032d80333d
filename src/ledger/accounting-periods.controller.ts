import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../common/database/database.js';
import { onlyCursor } from '../common/database/newest-first.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { isMonth } from '../common/http/field-rules.js';
import { type Page, page, pageOf } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { monthAfter, startOfMonth } from '../domain/books.js';
import { formatInstant } from '../domain/instant.js';
import { STANDARD_SELLER } from '../domain/ledger.js';
import { Refusal } from '../domain/refusal.js';
import { AccountingPeriodView, BooksQuery, PeriodsQuery, PutAccountingPeriodDto } from './accounting-periods.dto.js';
import { type AccountingPeriod, AccountingPeriods } from './accounting-periods.service.js';
import { Recognition } from './recognition.js';

@ApiTags('ledger')
@Controller({ path: 'accounting-periods', version: '2' })
export class AccountingPeriodsController {
  constructor(
    private readonly periods: AccountingPeriods,
    private readonly recognition: Recognition,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':month')
  @Scopes('ledger:write')
  @ApiOperation({
    operationId: 'putAccountingPeriod',
    summary: 'Close a month of the books, or open the last one again',
    description:
      'Nothing is posted into a closed month: what happened there and comes late counts from the first instant that is open, and says when it happened.',
  })
  @ApiOkResponse({ type: AccountingPeriodView, description: 'The month.' })
  @ApiProblems(404, 409, 503)
  async put(@CurrentCall() call: Call, @Param('month') text: string, @Body() body: PutAccountingPeriodDto): Promise<AccountingPeriodView> {
    const wanted = { ...body, month: requiredMonth(text), seller: body.seller ?? STANDARD_SELLER };
    await this.recognition.runDue();
    return view(await this.writes.run(call, (tx) => this.periods.put(tx, call, wanted)));
  }

  @Get(':month')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getAccountingPeriod', summary: 'One month of the books' })
  @ApiOkResponse({ type: AccountingPeriodView, description: 'The month.' })
  @ApiProblems()
  async read(@Param('month') text: string, @Query() { seller = STANDARD_SELLER }: BooksQuery): Promise<AccountingPeriodView> {
    const month = requiredMonth(text);
    return view(await this.database.transaction((tx) => this.periods.one(tx, seller, month)));
  }

  @Get()
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'listAccountingPeriods', summary: 'The months that were closed, the newest first' })
  @ApiOkResponse({ type: pageOf(AccountingPeriodView), description: 'A page of months.' })
  @ApiProblems()
  async list(@Query() { seller = STANDARD_SELLER, cursor, limit }: PeriodsQuery): Promise<Page<AccountingPeriodView>> {
    const before = onlyCursor(cursor);
    const rows = await this.database.transaction((tx) =>
      this.periods.list(tx, { seller, limit: limit + 1, ...(before === undefined ? {} : { before }) }),
    );
    const { data, nextCursor } = page(rows, limit, (row) => [row.month]);
    return { data: data.map(view), nextCursor };
  }
}

/** @throws Refusal `invalid_month` */
function requiredMonth(text: string): string {
  if (!isMonth(text)) throw new Refusal('invalid', 'invalid_month', 'A month is written 2026-01.');
  return text;
}

const view = ({ month, changedAt, entries, chainEntries, ...period }: AccountingPeriod): AccountingPeriodView => ({
  ...period,
  month,
  startsAt: formatInstant(startOfMonth(month)),
  endsAt: formatInstant(startOfMonth(monthAfter(month))),
  changedAt: changedAt === null ? null : formatInstant(changedAt),
  entries: entries?.toString() ?? null,
  chainEntries: chainEntries?.toString() ?? null,
});
