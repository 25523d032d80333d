import { Body, Controller, Get, HttpCode, Put, Query, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccountsService } from '../accounts/accounts.service.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { etagOf } from '../common/http/etag.js';
import { Key } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { AuthenticatesItself, Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { EntitlementReads } from './entitlement-reads.js';
import { CheckQuery, CheckView, EntitlementsView, ReportUseDto } from './entitlements.dto.js';
import { FeatureUse } from './feature-use.js';

@ApiTags('entitlements')
@Controller({ path: 'accounts', version: '2' })
export class EntitlementsController {
  constructor(
    private readonly reads: EntitlementReads,
    private readonly accounts: AccountsService,
    private readonly use: FeatureUse,
    private readonly writes: Writes,
  ) {}

  @Get(':key/entitlements')
  @Scopes('accounts:read')
  @AuthenticatesItself()
  @ApiOperation({
    operationId: 'getEntitlements',
    summary: 'What an account may do',
    description:
      'By its subscriptions, their add-ons and overrides, and the default plans of its kind: the highest limit, and any flag that is set. Send the ETag in If-None-Match to hear only of changes.',
  })
  @ApiOkResponse({ type: EntitlementsView, description: 'Limits and flags by feature.' })
  @ApiResponse({ status: 304, description: 'Nothing changed since that ETag.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { revision, answer } = await this.reads.answer(request, reply, 'accounts:read', key);
    const etag = etagOf(revision);
    void reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) await reply.status(304).send();
    else await reply.header('content-type', 'application/json; charset=utf-8').send(answer);
  }

  @Get(':key/entitlements/:feature')
  @Scopes('accounts:read')
  @AuthenticatesItself()
  @ApiOperation({
    operationId: 'checkEntitlement',
    summary: 'May an account have so much of a feature?',
    description: '`quantity` is how much there would be in all after the act.',
  })
  @ApiOkResponse({ type: CheckView, description: 'Whether it may, and the numbers.' })
  @ApiProblems(400, 404)
  async check(
    @Key() account: string,
    @Key('feature') feature: string,
    @Query() { quantity }: CheckQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CheckView> {
    const found = await this.reads.check(request, reply, { account, feature, quantity });
    const { allowed, limit, used, remaining, reason } = found;
    return { feature, allowed, limit, used: Number(used), remaining: remaining === null ? null : Number(remaining), reason };
  }

  @Put(':key/entitlements/:feature/used')
  @HttpCode(204)
  @Scopes('accounts:write')
  @ApiOperation({
    operationId: 'reportFeatureUse',
    summary: 'Report how much of a feature an account uses now',
    description: 'For limits whose use is not read from a meter. It changes no entitlement.',
  })
  @ApiNoContentResponse({ description: 'Noted.' })
  @ApiProblems(400, 404, 409)
  async report(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Key('feature') feature: string,
    @Body() { used }: ReportUseDto,
  ): Promise<void> {
    await this.writes.run(call, async (tx) => {
      const { id } = await this.accounts.byKey(tx, key);
      await this.use.report(tx, id, feature, used);
    });
  }
}
