import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FindOptionsWhere, LessThan } from 'typeorm';
import { formatInstant } from '../../domain/instant.js';
import { Database } from '../database/database.js';
import { cursorKey, type Page, page, pageOf } from '../http/page.js';
import { ApiProblems } from '../http/problem.js';
import { Scopes } from '../http/scopes.js';
import { accountIdFor } from '../ids.js';
import { AuditEntry } from './audit-entry.entity.js';
import { AuditEntryView, AuditQuery } from './audit.dto.js';

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
    const [after] = cursorKey(cursor) ?? [];
    const where: FindOptionsWhere<AuditEntry> = {
      ...(account === undefined ? {} : { accountId: accountIdFor(account) }),
      ...(action === undefined ? {} : { action }),
      ...(subjectType === undefined ? {} : { subjectType }),
      ...(subjectId === undefined ? {} : { subjectId }),
      ...(after === undefined ? {} : { id: LessThan(after) }),
    };
    const rows = await this.database.transaction((tx) =>
      tx.getRepository(AuditEntry).find({ where, order: { id: 'DESC' }, take: limit + 1 }),
    );
    const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
    return { data: data.map(({ accountId: _account, at, ...entry }) => ({ ...entry, at: formatInstant(at) })), nextCursor };
  }
}
