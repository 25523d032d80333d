import { applyDecorators, Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database, type Tx } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { etagOf } from '../common/http/etag.js';
import { type Page, pageOf } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import type { NamedAction } from '../domain/subscription/commands/decide.js';
import { READERS, startInput } from './actions.js';
import {
  CancelDto,
  ChangePlanDto,
  ChangeQuantityDto,
  DiscardScheduledDto,
  ExtendTrialDto,
  PauseDto,
  ResumeDto,
  UncancelDto,
} from './actions.dto.js';
import { type ChangeOptions, ChangeSubscription } from './change-subscription.js';
import { StartSubscription } from './start-subscription.js';
import { StartSubscriptionDto, SubscriptionsQuery, SubscriptionView } from './subscriptions.dto.js';
import { SubscriptionsService } from './subscriptions.service.js';

const SubscriptionPage = pageOf(SubscriptionView);
const ApiId = (): MethodDecorator =>
  ApiParam({ name: 'id', description: "The subscription's id.", schema: { type: 'string', pattern: '^sub_[0-9a-z]+$' } });

/** What all actions on a subscription have in common. */
const SubscriptionAction = (operation: {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
}): MethodDecorator =>
  applyDecorators(
    HttpCode(200),
    Scopes('subscriptions:write'),
    ApiId(),
    ApiOperation(operation),
    ApiOkResponse({ type: SubscriptionView, description: 'The subscription.' }),
    ApiProblems(400, 404, 409, 412, 422),
  );

@ApiTags('subscriptions')
@Controller({ path: 'subscriptions', version: '2' })
export class SubscriptionsController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly startSubscription: StartSubscription,
    private readonly changeSubscription: ChangeSubscription,
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

  @Post(':id/change-plan')
  @SubscriptionAction({
    operationId: 'changePlan',
    summary: 'Move a subscription to another plan, or to another version of its plan',
    description:
      'Now unless asked otherwise; a change that takes effect now is billed in the same transaction. It takes the place of pending changes of plan that would take effect then or later.',
  })
  async changePlan(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: ChangePlanDto): Promise<SubscriptionView> {
    return await this.change(call, id, READERS['change-plan'].read(body), { reason: body.reason, enforceLimits: body.enforceLimits });
  }

  @Post(':id/change-quantity')
  @SubscriptionAction({
    operationId: 'changeQuantity',
    summary: 'Hold another number of units of a recurring price',
    description: 'The rest of the period is credited for the old number and charged for the new one.',
  })
  async changeQuantity(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: ChangeQuantityDto): Promise<SubscriptionView> {
    return await this.change(call, id, READERS['change-quantity'].read(body), { reason: body.reason });
  }

  @Post(':id/cancel')
  @SubscriptionAction({
    operationId: 'cancelSubscription',
    summary: 'Cancel a subscription',
    description: 'At the end of its period unless asked otherwise. A subscription that has ended stays so; its add-ons end with it.',
  })
  async cancelSubscription(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: CancelDto): Promise<SubscriptionView> {
    return await this.change(call, id, READERS['cancel'].read(body), { reason: body.reason });
  }

  @Post(':id/uncancel')
  @SubscriptionAction({
    operationId: 'uncancelSubscription',
    summary: 'Take back a cancellation that has not taken effect',
  })
  async uncancelSubscription(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: UncancelDto): Promise<SubscriptionView> {
    return await this.change(call, id, READERS['uncancel'].read(body), { reason: body.reason });
  }

  @Post(':id/pause')
  @SubscriptionAction({
    operationId: 'pauseSubscription',
    summary: 'Pause a subscription',
    description: 'The unused rest of what was paid in advance is credited, and entitlements rest; usage is still billed.',
  })
  async pauseSubscription(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: PauseDto): Promise<SubscriptionView> {
    return await this.change(call, id, READERS['pause'].read(body), { reason: body.reason });
  }

  @Post(':id/resume')
  @SubscriptionAction({
    operationId: 'resumeSubscription',
    summary: 'End a pause',
    description: 'The rest of the current period is charged; the anchor stays.',
  })
  async resumeSubscription(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: ResumeDto): Promise<SubscriptionView> {
    return await this.change(call, id, READERS['resume'].read(body), { reason: body.reason });
  }

  @Post(':id/extend-trial')
  @SubscriptionAction({
    operationId: 'extendTrial',
    summary: 'Let a trial end at another instant',
  })
  async extendTrial(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: ExtendTrialDto): Promise<SubscriptionView> {
    return await this.change(call, id, READERS['extend-trial'].read(body), { reason: body.reason });
  }

  @Post(':id/discard-scheduled')
  @SubscriptionAction({
    operationId: 'discardScheduled',
    summary: 'Drop pending changes of plan and quantity, and pauses',
    description: 'A cancellation is taken back by /uncancel.',
  })
  async discardScheduled(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: DiscardScheduledDto): Promise<SubscriptionView> {
    return await this.change(call, id, READERS['discard-scheduled'].read(body), { reason: body.reason });
  }

  private async change(call: Call, id: string, action: NamedAction, options: ChangeOptions): Promise<SubscriptionView> {
    const work = async (tx: Tx): Promise<SubscriptionView> =>
      await this.subscriptions.view(tx, await this.changeSubscription.run(tx, call, id, action, options));
    return await this.writes.once(call, work);
  }
}
