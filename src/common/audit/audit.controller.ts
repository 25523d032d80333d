import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../database/database.js';
import { type Page, pageOf } from '../http/page.js';
import { ApiProblems } from '../http/problem.js';
import { Scopes } from '../http/scopes.js';
import { accountIdFor } from '../ids.js';
import { AuditEntryView, AuditQuery } from './audit.dto.js';
import { listAudit } from './list-audit.js';

@ApiTags('administration')
@Controller({ path: 'audit', version: '2' })
export class AuditController {
  constructor(private readonly database: Database) {}

  @Get()
  @Scopes('admin')
  @ApiOperation({ operationId: 'listAudit', summary: 'Who changed what, newest first' })
  @ApiOkResponse({ type: pageOf(AuditEntryView), description: 'Entries of the audit trail.' })
  @ApiProblems()
  async list(@Query() { limit, cursor, account, action, subjectType, subjectId }: AuditQuery): Promise<Page<AuditEntryView>> {
    const accountId = account === undefined ? undefined : accountIdFor(account);
    return this.database.transaction((tx) => listAudit(tx, { limit, cursor, accountId, action, subjectType, subjectId }));
  }
}
