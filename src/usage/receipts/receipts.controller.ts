import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../../common/database/database.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Receipts } from './receipts.js';
import { ReceiptsQuery, ReceiptsView } from './receipts.dto.js';

@ApiTags('usage')
@Controller({ path: 'usage/receipts', version: '2' })
export class ReceiptsController {
  constructor(
    private readonly receipts: Receipts,
    private readonly database: Database,
  ) {}

  @Get()
  @Scopes('usage:read')
  @ApiOperation({
    operationId: 'getUsageReceipts',
    summary: 'What was accepted from a reporter, by day and meter',
    description:
      'To be held against the reporter’s own books. An event counts for every meter that took it when it came; one that is not to be counted by any meter is in none.',
  })
  @ApiOkResponse({ type: ReceiptsView, description: 'Counts and sums; never behind what was acknowledged.' })
  @ApiProblems(409, 422)
  read(@Query() query: ReceiptsQuery): Promise<ReceiptsView> {
    return this.database.transaction(async (tx) => ({ ...query, data: await this.receipts.read(tx, query) }));
  }
}
