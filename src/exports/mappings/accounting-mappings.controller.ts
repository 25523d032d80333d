import { Body, Controller, Get, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { etagOf } from '../../common/http/etag.js';
import { Key, requireSameKey } from '../../common/http/key-param.js';
import { type Page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { formatInstant } from '../../domain/instant.js';
import type { AccountingMapping } from './accounting-mapping.entity.js';
import { AccountingMappingView, PutAccountingMappingDto } from './accounting-mappings.dto.js';
import { AccountingMappingsService } from './accounting-mappings.service.js';

@ApiTags('exports')
@Controller({ path: 'accounting-mappings', version: '2' })
export class AccountingMappingsController {
  constructor(
    private readonly mappings: AccountingMappingsService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('exports:write')
  @ApiOperation({
    operationId: 'putAccountingMapping',
    summary: 'Create or replace an accounting mapping',
    description:
      'What products, plans, prices, tax rates and ledger accounts are called in an accounting system, for exports in its layout.',
  })
  @ApiOkResponse({ type: AccountingMappingView, description: 'The mapping.' })
  @ApiProblems(400, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutAccountingMappingDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountingMappingView> {
    requireSameKey(key, body.key);
    const mapping = await this.writes.run(call, (tx) => this.mappings.put(tx, call, key, body));
    reply.header('etag', etagOf(mapping.revision));
    return view(mapping);
  }

  @Get(':key')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getAccountingMapping', summary: 'Read an accounting mapping' })
  @ApiOkResponse({ type: AccountingMappingView, description: 'The mapping.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<AccountingMappingView> {
    const mapping = await this.database.transaction((tx) => this.mappings.byKey(tx, key));
    reply.header('etag', etagOf(mapping.revision));
    return view(mapping);
  }

  @Get()
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'listAccountingMappings', summary: 'List accounting mappings, newest first' })
  @ApiOkResponse({ type: pageOf(AccountingMappingView), description: 'A page of mappings.' })
  @ApiProblems(400)
  async list(@Query() query: PageQuery): Promise<Page<AccountingMappingView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.mappings.list(tx, query));
    return { data: data.map(view), nextCursor };
  }
}

const view = ({ key, name, content, createdAt, updatedAt }: AccountingMapping): AccountingMappingView => ({
  key,
  name,
  ...content,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
});
