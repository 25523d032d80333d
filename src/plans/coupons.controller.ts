import { Body, Controller, Get, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { etagOf } from '../common/http/etag.js';
import { Key, requireSameKey } from '../common/http/key-param.js';
import { type Page, pageOf, PageQuery } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { formatInstant } from '../domain/instant.js';
import type { CouponRow } from './coupon.entity.js';
import { PutCouponDto, CouponView } from './coupons.dto.js';
import { CouponsService } from './coupons.service.js';

const CouponPage = pageOf(CouponView);

@ApiTags('catalog')
@Controller({ path: 'coupons', version: '2' })
export class CouponsController {
  constructor(
    private readonly coupons: CouponsService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'putCoupon',
    summary: 'Create a coupon, or rename or archive it',
    description: 'Nothing else of a coupon ever changes: whoever redeemed it keeps what it promised.',
  })
  @ApiOkResponse({ type: CouponView, description: 'The coupon.' })
  @ApiProblems(400, 409, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutCouponDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CouponView> {
    requireSameKey(key, body.key);
    const coupon = await this.writes.run(call, (tx) => this.coupons.put(tx, call, key, body));
    reply.header('etag', etagOf(coupon.revision));
    return view(coupon);
  }

  @Get(':key')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'getCoupon', summary: 'Read a coupon' })
  @ApiOkResponse({ type: CouponView, description: 'The coupon.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<CouponView> {
    const coupon = await this.database.transaction((tx) => this.coupons.byKey(tx, key));
    reply.header('etag', etagOf(coupon.revision));
    return view(coupon);
  }

  @Get()
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'listCoupons', summary: 'List coupons, newest first' })
  @ApiOkResponse({ type: CouponPage, description: 'A page of coupons.' })
  @ApiProblems(400)
  async list(@Query() query: PageQuery): Promise<Page<CouponView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.coupons.list(tx, query));
    return { data: data.map(view), nextCursor };
  }
}

const view = ({ key, name, definition, archived, redemptions, createdAt, updatedAt }: CouponRow): CouponView => ({
  key,
  name,
  ...definition,
  archived,
  redemptions,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
});
