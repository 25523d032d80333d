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
import { DunningPolicyView, PutDunningPolicyDto } from './dunning-policies.dto.js';
import { type CurrentPolicy, DunningPolicies } from './dunning-policies.service.js';

const DunningPolicyPage = pageOf(DunningPolicyView);

@ApiTags('payments')
@Controller({ path: 'dunning-policies', version: '2' })
export class DunningPoliciesController {
  constructor(
    private readonly policies: DunningPolicies,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('payments:write')
  @ApiOperation({
    operationId: 'putDunningPolicy',
    summary: 'Create a dunning policy, or its next version',
    description: 'Invoices that are being dunned go on by the version that they began with; the next ones go by the new one.',
  })
  @ApiOkResponse({ type: DunningPolicyView, description: 'The policy.' })
  @ApiProblems(400, 404, 409, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutDunningPolicyDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DunningPolicyView> {
    requireSameKey(key, body.key);
    const policy = await this.writes.run(call, (tx) => this.policies.put(tx, call, key, body));
    reply.header('etag', etagOf(policy.row.revision));
    return view(policy);
  }

  @Get(':key')
  @Scopes('payments:read')
  @ApiOperation({ operationId: 'getDunningPolicy', summary: 'Read a dunning policy' })
  @ApiOkResponse({ type: DunningPolicyView, description: 'The policy.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<DunningPolicyView> {
    const policy = await this.database.transaction((tx) => this.policies.byKey(tx, key));
    reply.header('etag', etagOf(policy.row.revision));
    return view(policy);
  }

  @Get()
  @Scopes('payments:read')
  @ApiOperation({ operationId: 'listDunningPolicies', summary: 'List dunning policies, newest first' })
  @ApiOkResponse({ type: DunningPolicyPage, description: 'A page of policies.' })
  @ApiProblems(400)
  async list(@Query() query: PageQuery): Promise<Page<DunningPolicyView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.policies.list(tx, query));
    return { data: data.map(view), nextCursor };
  }
}

/** The rules as they are kept have the fields of the view; only their lists are read-only. */
const view = ({ row, rules }: CurrentPolicy): DunningPolicyView => ({
  ...(rules as Omit<DunningPolicyView, 'key'>),
  key: row.key,
  name: row.name,
  default: row.isDefault,
  version: row.newestVersion,
  createdAt: formatInstant(row.createdAt),
  updatedAt: formatInstant(row.updatedAt),
});
