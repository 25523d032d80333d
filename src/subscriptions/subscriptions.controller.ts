import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database, type Tx } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { etagOf } from '../common/http/etag.js';
import { type Page, pageOf } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { CancelSubscription } from './cancel-subscription.js';
import { ChangePlan } from './change-plan.js';
import { StartSubscription } from './start-subscription.js';
import { cancelCommand, changePlanInput, startInput } from './subscription-commands.js';
import { CancelSubscriptionDto, ChangePlanDto, StartSubscriptionDto, SubscriptionsQuery, SubscriptionView } from './subscriptions.dto.js';
import { SubscriptionsService } from './subscriptions.service.js';

const SubscriptionPage = pageOf(SubscriptionView);
const ApiId = (): MethodDecorator =>
  ApiParam({ name: 'id', description: "The subscription's id.", schema: { type: 'string', pattern: '^sub_[0-9a-z]+$' } });

@ApiTags('subscriptions')
@Controller({ path: 'subscriptions', version: '2' })
export class SubscriptionsController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly startSubscription: StartSubscription,
    private readonly cancelSubscription: CancelSubscription,
    private readonly planChange: ChangePlan,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post()
  @Scopes('subscriptions:write')
  @ApiOperation({
    operationId: 'startSubscription',
    summary: 'Start a subscription',
    description: 'In the past, now or in the future. What falls due at once is billed in the same transaction.',
  })
  @ApiCreatedResponse({ type: SubscriptionView, description: 'The subscription.' })
  @ApiProblems(400, 404, 409, 422)
  async start(@CurrentCall() call: Call, @Body() body: StartSubscriptionDto): Promise<SubscriptionView> {
    const input = startInput(body);
    const start = async (tx: Tx): Promise<SubscriptionView> =>
      await this.subscriptions.view(tx, await this.startSubscription.run(tx, call.actor, input));
    return await this.writes.once(call, start, { keyRequired: true });
  }

  @Get()
  @Scopes('subscriptions:read')
  @ApiOperation({ operationId: 'listSubscriptions', summary: 'List subscriptions, newest first' })
  @ApiOkResponse({ type: SubscriptionPage, description: 'A page of subscriptions.' })
  @ApiProblems(400)
  async list(@Query() query: SubscriptionsQuery): Promise<Page<SubscriptionView>> {
    return await this.database.transaction((tx) => this.subscriptions.list(tx, query));
  }

  @Get(':id')
  @Scopes('subscriptions:read')
  @ApiId()
  @ApiOperation({ operationId: 'getSubscription', summary: 'Read a subscription' })
  @ApiOkResponse({ type: SubscriptionView, description: 'The subscription.' })
  @ApiProblems(404)
  async get(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<SubscriptionView> {
    return await this.database.transaction(async (tx) => {
      const history = await this.subscriptions.one(tx, id);
      reply.header('etag', etagOf(history.facts.length));
      return await this.subscriptions.view(tx, history);
    });
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Scopes('subscriptions:write')
  @ApiId()
  @ApiOperation({
    operationId: 'cancelSubscription',
    summary: 'Cancel a subscription',
    description: 'At the end of its period unless asked otherwise. A subscription that has ended stays so.',
  })
  @ApiOkResponse({ type: SubscriptionView, description: 'The subscription.' })
  @ApiProblems(400, 404, 409, 412, 422)
  async cancel(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: CancelSubscriptionDto): Promise<SubscriptionView> {
    const command = cancelCommand(body);
    const cancel = async (tx: Tx): Promise<SubscriptionView> =>
      await this.subscriptions.view(tx, await this.cancelSubscription.run(tx, call, id, command));
    return await this.writes.once(call, cancel, { keyRequired: false });
  }

  @Post(':id/change-plan')
  @HttpCode(200)
  @Scopes('subscriptions:write')
  @ApiId()
  @ApiOperation({
    operationId: 'changePlan',
    summary: 'Move a subscription to another plan, or to another version of its plan',
    description: 'Now unless asked otherwise; a change that takes effect now is billed in the same transaction.',
  })
  @ApiOkResponse({ type: SubscriptionView, description: 'The subscription.' })
  @ApiProblems(400, 404, 409, 412, 422)
  async changePlan(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: ChangePlanDto): Promise<SubscriptionView> {
    const input = changePlanInput(body);
    const change = async (tx: Tx): Promise<SubscriptionView> =>
      await this.subscriptions.view(tx, await this.planChange.run(tx, call, id, input));
    return await this.writes.once(call, change, { keyRequired: false });
  }
}
