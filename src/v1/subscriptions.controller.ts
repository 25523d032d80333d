import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database, type Tx } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { Key } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { Refusal } from '../domain/refusal.js';
import type { NamedAction } from '../domain/subscription/commands/decide.js';
import { PlansService } from '../plans/plans.service.js';
import { type ChangeOptions, ChangeSubscription } from '../subscriptions/change-subscription.js';
import { StartSubscription } from '../subscriptions/start-subscription.js';
import { HubSubscription } from './hub-subscription.js';
import { isSold } from './plans.js';
import { V1StartDto } from './start.dto.js';
import { V1ForceQuery, V1SubscribeDto, V1SubscriptionView } from './v1.dto.js';

@ApiTags('v1')
@Controller({ path: 'accounts/:account_code/subscription', version: '1' })
export class V1SubscriptionsController {
  constructor(
    private readonly hub: HubSubscription,
    private readonly plans: PlansService,
    private readonly start: StartSubscription,
    private readonly change: ChangeSubscription,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post()
  @Scopes('v1')
  @ApiOperation({
    operationId: 'v1Subscribe',
    summary: 'Subscribe to a plan',
    description: 'It is billed at once. An account has one subscription.',
  })
  @ApiCreatedResponse({ type: V1SubscriptionView, description: 'The subscription.' })
  @ApiProblems(400, 404, 409, 422)
  async subscribe(
    @CurrentCall() call: Call,
    @Key('account_code') account: string,
    @Body() { plan_code, coupon_code }: V1StartDto,
  ): Promise<V1SubscriptionView> {
    const work = async (tx: Tx): Promise<V1SubscriptionView> => {
      await this.refuseUnsold(tx, plan_code);
      const known = await this.hub.findLocked(tx, account); // else two at once would both find none
      if (known)
        throw new Refusal(
          'conflict',
          'subscription_exists',
          `The account "${account}" has a subscription already: change its plan with PUT.`,
        );
      return await this.hub.view(
        tx,
        await this.start.run(tx, call.actor, { account, plan: plan_code, ...(coupon_code && { coupon: coupon_code }) }),
      );
    };
    return await this.writes.once(call, work, { keyRequired: false });
  }

  @Get()
  @Scopes('v1')
  @ApiOperation({ operationId: 'v1GetSubscription', summary: 'The subscription of an account' })
  @ApiOkResponse({ type: V1SubscriptionView, description: 'The subscription.' })
  @ApiProblems(404)
  async get(@Key('account_code') account: string): Promise<V1SubscriptionView> {
    return await this.database.transaction(async (tx) => await this.hub.view(tx, await this.hub.one(tx, account)));
  }

  @Put()
  @Scopes('v1')
  @ApiOperation({
    operationId: 'v1ChangePlan',
    summary: 'Change the plan',
    description:
      'A dearer plan takes effect at once and is prorated, a cheaper one at the end of the period. Refused while more is used than the plan allows (409, with the numbers), unless forced. The plan that is held takes back a change that is to come.',
  })
  @ApiOkResponse({ type: V1SubscriptionView, description: 'The subscription.' })
  @ApiProblems(400, 404, 409, 422)
  async changePlan(
    @CurrentCall() call: Call,
    @Key('account_code') account: string,
    @Query() { force = false }: V1ForceQuery,
    @Body() { plan_code }: V1SubscribeDto,
  ): Promise<V1SubscriptionView> {
    return await this.changed(call, account, async (tx, held) => {
      await this.refuseUnsold(tx, plan_code);
      if (held.plan_code !== plan_code) return { action: 'change-plan', plan: plan_code, when: 'auto', enforceLimits: !force };
      return held.pending_plan_code === null ? undefined : { action: 'discard-scheduled' };
    });
  }

  @Delete()
  @HttpCode(200)
  @Scopes('v1')
  @ApiOperation({ operationId: 'v1Cancel', summary: 'Cancel at the end of the period' })
  @ApiOkResponse({ type: V1SubscriptionView, description: 'The subscription, which goes on until then.' })
  @ApiProblems(404, 409)
  async cancel(@CurrentCall() call: Call, @Key('account_code') account: string): Promise<V1SubscriptionView> {
    return await this.changed(call, account, (_tx, held) => Promise.resolve(held.expires_at === null ? { action: 'cancel' } : undefined));
  }

  @Post('reactivate')
  @HttpCode(200)
  @Scopes('v1')
  @ApiOperation({ operationId: 'v1Reactivate', summary: 'Take back a cancellation' })
  @ApiOkResponse({ type: V1SubscriptionView, description: 'The subscription, which renews again.' })
  @ApiProblems(404, 409)
  async reactivate(@CurrentCall() call: Call, @Key('account_code') account: string): Promise<V1SubscriptionView> {
    return await this.changed(call, account, () => Promise.resolve({ action: 'uncancel' }));
  }

  /** Does what is wanted with the account's subscription; where nothing is, it stays as it is. */
  private async changed(
    call: Call,
    account: string,
    wanted: (tx: Tx, held: V1SubscriptionView) => Promise<(NamedAction & ChangeOptions) | undefined>,
  ): Promise<V1SubscriptionView> {
    const work = async (tx: Tx): Promise<V1SubscriptionView> => {
      const history = await this.hub.oneLocked(tx, account);
      const held = await this.hub.view(tx, history);
      const action = await wanted(tx, held);
      if (!action) return held;
      const { enforceLimits, ...named } = action;
      return await this.hub.view(tx, await this.change.run(tx, call, history.id, named, { enforceLimits }));
    };
    return await this.writes.once(call, work, { keyRequired: false });
  }

  /** @throws Refusal `plan_not_found` */
  private async refuseUnsold(tx: Tx, plan: string): Promise<void> {
    const { content } = await this.plans.current(tx, plan);
    if (!isSold(content))
      throw new Refusal('not_found', 'plan_not_found', `There is no plan "${plan}": GET /v1/plans lists those there are.`);
  }
}
