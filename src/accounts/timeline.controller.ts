import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AuditEntryView } from '../common/audit/audit.dto.js';
import { listAudit } from '../common/audit/list-audit.js';
import { Database } from '../common/database/database.js';
import { Key } from '../common/http/key-param.js';
import { type Page, pageOf, PageQuery } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { AccountsService } from './accounts.service.js';

@ApiTags('accounts')
@Controller({ path: 'accounts', version: '2' })
export class TimelineController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly database: Database,
  ) {}

  @Get(':key/timeline')
  @Scopes('accounts:read')
  @ApiOperation({
    operationId: 'getTimeline',
    summary: 'What happened to an account, newest first',
    description:
      'To the account itself, its subscriptions, invoices and payments: what, by whom, and why where it was said. What was decided for later stands where it was decided, with the instant at which it takes effect.',
  })
  @ApiOkResponse({ type: pageOf(AuditEntryView), description: 'A page of what happened.' })
  @ApiProblems(400, 404)
  async list(@Key() key: string, @Query() { limit, cursor }: PageQuery): Promise<Page<AuditEntryView>> {
    return await this.database.transaction(async (tx) => {
      const { id: accountId } = await this.accounts.byKey(tx, key);
      return listAudit(tx, { limit, cursor, accountId, action: undefined, subjectType: undefined, subjectId: undefined });
    });
  }
}
