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
import type { TaxRateRow } from './tax-rate.entity.js';
import { PutTaxRateDto, TaxRateView } from './tax-rates.dto.js';
import { TaxRatesService } from './tax-rates.service.js';

const TaxRatePage = pageOf(TaxRateView);

@ApiTags('catalog')
@Controller({ path: 'tax-rates', version: '2' })
export class TaxRatesController {
  constructor(
    private readonly taxRates: TaxRatesService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'putTaxRate',
    summary: 'Create a tax rate, or rename or archive it',
    description: 'Nothing else of a tax rate ever changes: when the law does, create another and give it to the accounts.',
  })
  @ApiOkResponse({ type: TaxRateView, description: 'The tax rate.' })
  @ApiProblems(400, 409, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutTaxRateDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TaxRateView> {
    requireSameKey(key, body.key);
    const taxRate = await this.writes.run(call, (tx) => this.taxRates.put(tx, call, key, body));
    reply.header('etag', etagOf(taxRate.revision));
    return view(taxRate);
  }

  @Get(':key')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'getTaxRate', summary: 'Read a tax rate' })
  @ApiOkResponse({ type: TaxRateView, description: 'The tax rate.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<TaxRateView> {
    const taxRate = await this.database.transaction((tx) => this.taxRates.byKey(tx, key));
    reply.header('etag', etagOf(taxRate.revision));
    return view(taxRate);
  }

  @Get()
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'listTaxRates', summary: 'List tax rates, newest first' })
  @ApiOkResponse({ type: TaxRatePage, description: 'A page of tax rates.' })
  @ApiProblems(400)
  async list(@Query() query: PageQuery): Promise<Page<TaxRateView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.taxRates.list(tx, query));
    return { data: data.map(view), nextCursor };
  }
}

const view = ({ key, name, rate, category, inclusive, exemptionReason, archived, createdAt, updatedAt }: TaxRateRow): TaxRateView => ({
  key,
  name,
  rate,
  category,
  inclusive,
  exemptionReason,
  archived,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
});
