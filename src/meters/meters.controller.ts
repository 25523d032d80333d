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
import type { MeterRow } from './meter.entity.js';
import { MeterView, PutMeterDto } from './meters.dto.js';
import { MetersService } from './meters.service.js';

const MeterPage = pageOf(MeterView);

@ApiTags('catalog')
@Controller({ path: 'meters', version: '2' })
export class MetersController {
  constructor(
    private readonly meters: MetersService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'putMeter',
    summary: 'Create or replace a meter',
    description: 'Once an event matched it or a price names it, only its name may change.',
  })
  @ApiOkResponse({ type: MeterView, description: 'The meter.' })
  @ApiProblems(400, 409, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutMeterDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MeterView> {
    requireSameKey(key, body.key);
    const meter = await this.writes.run(call, (tx) => this.meters.put(tx, call, key, body));
    reply.header('etag', etagOf(meter.revision));
    return view(meter);
  }

  @Get(':key')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'getMeter', summary: 'Read a meter' })
  @ApiOkResponse({ type: MeterView, description: 'The meter.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<MeterView> {
    const meter = await this.database.transaction((tx) => this.meters.byKey(tx, key));
    reply.header('etag', etagOf(meter.revision));
    return view(meter);
  }

  @Get()
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'listMeters', summary: 'List meters, newest first' })
  @ApiOkResponse({ type: MeterPage, description: 'A page of meters.' })
  @ApiProblems(400)
  async list(@Query() query: PageQuery): Promise<Page<MeterView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.meters.list(tx, query));
    return { data: data.map(view), nextCursor };
  }
}

const view = ({ key, name, definition, inUse, filledAt, createdAt, updatedAt }: MeterRow): MeterView => ({
  key,
  name,
  ...definition,
  inUse,
  filling: filledAt === null,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
});
