import { Body, Controller, Get, Param, Put, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { etagOf } from '../../common/http/etag.js';
import { type Page, pageOf } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { formatMoney } from '../../domain/currency.js';
import { BillingBoundsView, PutBillingBoundsDto } from './billing-bounds.dto.js';
import { BillingBounds, type CurrencyBounds } from './billing-bounds.js';

@ApiTags('invoices')
@Controller({ path: 'billing-bounds', version: '2' })
export class BillingBoundsController {
  constructor(
    private readonly bounds: BillingBounds,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':currency')
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'putBillingBounds',
    summary: 'Bound what is billed unseen in a currency',
    description: 'An account whose invoice would be out of bounds is parked, and the rest of the run goes on.',
  })
  @ApiOkResponse({ type: BillingBoundsView, description: 'The bounds.' })
  @ApiProblems(412)
  async put(
    @CurrentCall() call: Call,
    @Param('currency') currency: string,
    @Body() body: PutBillingBoundsDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BillingBoundsView> {
    return tagged(reply, await this.writes.run(call, (tx) => this.bounds.put(tx, call, currency, body)));
  }

  @Get()
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'listBillingBounds', summary: 'The bounds of all currencies' })
  @ApiOkResponse({ type: pageOf(BillingBoundsView), description: 'All of them.' })
  @ApiProblems()
  async list(): Promise<Page<BillingBoundsView>> {
    return { data: (await this.database.transaction((tx) => this.bounds.list(tx))).map(view), nextCursor: null };
  }

  @Get(':currency')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'getBillingBounds', summary: 'The bounds of one currency' })
  @ApiOkResponse({ type: BillingBoundsView, description: 'The bounds.' })
  @ApiProblems(404)
  async read(@Param('currency') currency: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<BillingBoundsView> {
    return tagged(reply, await this.database.transaction((tx) => this.bounds.of(tx, currency)));
  }
}

function tagged(reply: FastifyReply, bounds: CurrencyBounds): BillingBoundsView {
  void reply.header('etag', etagOf(bounds.revision));
  return view(bounds);
}

const view = ({ currency, totalMaxMinor, growthMax, growthFromMinor }: CurrencyBounds): BillingBoundsView => ({
  currency,
  totalMax: totalMaxMinor === null ? null : formatMoney(totalMaxMinor, currency),
  growthMax,
  growthFrom: formatMoney(growthFromMinor, currency),
});
