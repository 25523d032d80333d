import { Body, Controller, Get, HttpCode, Put, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccountsService } from '../accounts/accounts.service.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { DirectRoutes } from '../common/http/direct-routes.js';
import { tagged } from '../common/http/etag.js';
import { KEY_PATTERN } from '../common/http/field-rules.js';
import { Key, requiredKey } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { refuseAll } from '../domain/refusal.js';
import { EntitlementReads } from './entitlement-reads.js';
import { CheckView, EntitlementsView, QUANTITY_MAX, ReportUseDto } from './entitlements.dto.js';
import { FeatureUse } from './feature-use.js';

const BASE = '/v2/accounts/:key/entitlements';
const ApiKeyParam = (name: string, description: string): MethodDecorator =>
  ApiParam({ name, description, schema: { type: 'string', pattern: KEY_PATTERN } });

@ApiTags('entitlements')
@Controller({ path: 'accounts', version: '2' })
export class EntitlementsController {
  constructor(
    routes: DirectRoutes,
    private readonly reads: EntitlementReads,
    private readonly accounts: AccountsService,
    private readonly use: FeatureUse,
    private readonly writes: Writes,
  ) {
    routes.answer(BASE, (request, reply) => this.get(request, reply));
    routes.answer(`${BASE}/:feature`, (request, reply) => this.check(request, reply));
  }

  @Get(':key/entitlements')
  @Scopes('accounts:read')
  @ApiKeyParam('key', 'Key of the account.')
  @ApiOperation({
    operationId: 'getEntitlements',
    summary: 'What an account may do',
    description:
      'By its subscriptions, their add-ons and overrides, and the default plans of its kind: the highest limit, and any flag that is set. Send the ETag in If-None-Match to hear only of changes.',
  })
  @ApiOkResponse({ type: EntitlementsView, description: 'Limits and flags by feature.' })
  @ApiResponse({ status: 304, description: 'Nothing changed since that ETag.' })
  @ApiProblems(404)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<unknown> {
    const { key } = request.params as { readonly key: string };
    return tagged(request, reply, await this.reads.answer(request, reply, 'accounts:read', requiredKey(key)), (answer) => answer);
  }

  @Get(':key/entitlements/:feature')
  @Scopes('accounts:read')
  @ApiKeyParam('key', 'Key of the account.')
  @ApiKeyParam('feature', 'Key of the feature.')
  @ApiQuery({
    name: 'quantity',
    required: false,
    description: 'How much there would be in all, after the act; what is used now if left out.',
    schema: { type: 'integer', minimum: 0, maximum: QUANTITY_MAX },
  })
  @ApiOperation({
    operationId: 'checkEntitlement',
    summary: 'May an account have so much of a feature?',
    description: '`quantity` is how much there would be in all after the act.',
  })
  @ApiOkResponse({ type: CheckView, description: 'Whether it may, and the numbers.' })
  @ApiProblems(400, 404)
  async check(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<CheckView> {
    const { key, feature } = request.params as { readonly key: string; readonly feature: string };
    const quantity = quantityOf(request.query as Readonly<Record<string, unknown>>);
    const question = { account: requiredKey(key), feature: requiredKey(feature), quantity };
    const { allowed, limit, used, remaining, reason } = await this.reads.check(request, reply, question);
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
      await this.use.report(tx, call.actor, { id, key }, feature, used);
    });
  }
}

/** @throws Refusal `invalid_request` */
function quantityOf({ quantity, ...others }: Readonly<Record<string, unknown>>): number | undefined {
  refuseAll(
    Object.keys(others).map((name) => ({ pointer: `/${name}`, code: 'unknown_field', detail: `There is no parameter "${name}".` })),
  );
  if (quantity === undefined) return undefined;
  const number = typeof quantity === 'string' && /^\d{1,13}$/.test(quantity) ? Number(quantity) : QUANTITY_MAX + 1;
  if (number > QUANTITY_MAX)
    refuseAll([
      { pointer: '/quantity', code: 'not_an_integer', detail: `quantity must be a whole number from 0 to ${String(QUANTITY_MAX)}.` },
    ]);
  return number;
}
