import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { Key } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { formatInstant } from '../domain/instant.js';
import { DiscountsView, DiscountTargetQuery, type DiscountView, RedeemCouponDto } from './discounts.dto.js';
import { type Discount, Discounts } from './discounts.js';

@ApiTags('subscriptions')
@Controller({ path: 'accounts/:key/discounts', version: '2' })
export class DiscountsController {
  constructor(
    private readonly discounts: Discounts,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post()
  @Scopes('subscriptions:write')
  @ApiOperation({
    operationId: 'redeemCoupon',
    summary: 'Redeem a coupon for subscriptions that have started',
    description:
      'One redemption for each subscription, all or none. It reduces what is billed from now on, from the charges of the current billing period; what was billed stays as it is.',
  })
  @ApiCreatedResponse({ type: DiscountsView, description: 'What it reduces.' })
  @ApiProblems(404, 409)
  redeem(@CurrentCall() call: Call, @Key() key: string, @Body() body: RedeemCouponDto): Promise<DiscountsView> {
    return this.writes.once(call, async (tx) => viewOf(await this.discounts.redeem(tx, call.actor, key, body)));
  }

  @Get()
  @Scopes('subscriptions:read')
  @ApiOperation({ operationId: 'listDiscounts', summary: 'The coupons that the subscriptions of an account have redeemed' })
  @ApiOkResponse({ type: DiscountsView, description: 'All of them, also those that are over.' })
  @ApiProblems(404)
  list(@Key() key: string): Promise<DiscountsView> {
    return this.database.transaction(async (tx) => viewOf(await this.discounts.list(tx, key)));
  }

  @Delete(':coupon')
  @HttpCode(204)
  @Scopes('subscriptions:write')
  @ApiOperation({
    operationId: 'endDiscount',
    summary: 'End a coupon with the current billing period',
    description: 'Usage of that period is still reduced when it is billed. The same again changes nothing.',
  })
  @ApiNoContentResponse({ description: 'It reduces nothing from the next billing period on.' })
  @ApiProblems(404, 409)
  end(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Key('coupon') coupon: string,
    @Query() { subscription }: DiscountTargetQuery,
  ): Promise<void> {
    return this.writes.run(call, (tx) => this.discounts.end(tx, call.actor, key, { coupon, subscription }));
  }
}

const viewOf = (discounts: readonly Discount[]): DiscountsView => ({ data: discounts.map(discountView) });

const discountView = ({ coupon, subscription, redeemedAt, endedAt, isOver }: Discount): DiscountView => ({
  coupon,
  subscription,
  status: endedAt !== null ? 'ended' : isOver ? 'over' : 'running',
  redeemedAt: formatInstant(redeemedAt),
  endedAt: endedAt === null ? null : formatInstant(endedAt),
});
