import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Database, type Tx } from '../../common/database/database.js';
import { onlyCursor } from '../../common/database/newest-first.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { type Page, page, pageOf } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { accountIdFor } from '../../common/ids.js';
import { type BackfillRecord, listBackfills } from './backfill-records.js';
import { BackfillsQuery, BackfillView, backfillView, RevertBackfillDto } from './backfills.dto.js';
import { Backfills } from './backfills.js';

@ApiTags('usage')
@Controller({ path: 'usage/backfills', version: '2' })
export class BackfillsController {
  constructor(
    private readonly backfills: Backfills,
    private readonly accounts: AccountsService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Get()
  @Scopes('usage:read')
  @ApiOperation({ operationId: 'listBackfills', summary: 'Back-fills of usage, newest first' })
  @ApiOkResponse({ type: pageOf(BackfillView), description: 'A page of back-fills.' })
  @ApiProblems(400)
  list(@Query() { account, cursor, limit }: BackfillsQuery): Promise<Page<BackfillView>> {
    return this.database.transaction(async (tx) => {
      const accountId = account === undefined ? undefined : accountIdFor(account);
      const rows = await listBackfills(tx, { accountId, after: onlyCursor(cursor), limit: limit + 1 });
      const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
      return { data: await this.views(tx, data), nextCursor };
    });
  }

  @Get(':id')
  @Scopes('usage:read')
  @ApiOperation({ operationId: 'getBackfill', summary: 'Read a back-fill' })
  @ApiOkResponse({ type: BackfillView, description: 'The back-fill.' })
  @ApiProblems(404)
  read(@Param('id') id: string): Promise<BackfillView> {
    return this.database.transaction(async (tx) => this.view(tx, await this.backfills.one(tx, id)));
  }

  @Post(':id/revert')
  @HttpCode(200)
  @Scopes('usage:backfill')
  @ApiOperation({
    operationId: 'revertBackfill',
    summary: 'Take a back-fill back',
    description: 'What it added is voided, and what it voided counts again.',
  })
  @ApiOkResponse({ type: BackfillView, description: 'The back-fill, which is reverted.' })
  @ApiProblems(404, 409, 422)
  revert(@CurrentCall() call: Call, @Param('id') id: string, @Body() { reason }: RevertBackfillDto): Promise<BackfillView> {
    return this.writes.once(call, async (tx) => this.view(tx, await this.backfills.revert(tx, call.actor, id, reason)));
  }

  private async view(tx: Tx, record: BackfillRecord): Promise<BackfillView> {
    const keys = await this.accounts.keys(tx, [record.accountId]);
    return backfillView(record, keys.get(record.accountId) ?? '');
  }

  private async views(tx: Tx, records: readonly BackfillRecord[]): Promise<BackfillView[]> {
    const keys = await this.accounts.keys(
      tx,
      records.map(({ accountId }) => accountId),
    );
    return records.map((record) => backfillView(record, keys.get(record.accountId) ?? ''));
  }
}
