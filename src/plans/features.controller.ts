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
import type { Feature } from './feature.entity.js';
import { FeatureView, PutFeatureDto } from './features.dto.js';
import { FeaturesService } from './features.service.js';

const FeaturePage = pageOf(FeatureView);

@ApiTags('catalog')
@Controller({ path: 'features', version: '2' })
export class FeaturesController {
  constructor(
    private readonly features: FeaturesService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'putFeature',
    summary: 'Create or replace a feature',
    description: 'Its kind never changes.',
  })
  @ApiOkResponse({ type: FeatureView, description: 'The feature.' })
  @ApiProblems(400, 404, 409, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutFeatureDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FeatureView> {
    requireSameKey(key, body.key);
    const feature = await this.writes.run(call, (tx) => this.features.put(tx, call, key, body));
    reply.header('etag', etagOf(feature.revision));
    return view(feature);
  }

  @Get(':key')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'getFeature', summary: 'Read a feature' })
  @ApiOkResponse({ type: FeatureView, description: 'The feature.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<FeatureView> {
    const feature = await this.database.transaction((tx) => this.features.byKey(tx, key));
    reply.header('etag', etagOf(feature.revision));
    return view(feature);
  }

  @Get()
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'listFeatures', summary: 'List features, newest first' })
  @ApiOkResponse({ type: FeaturePage, description: 'A page of features.' })
  @ApiProblems(400)
  async list(@Query() query: PageQuery): Promise<Page<FeatureView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.features.list(tx, query));
    return { data: data.map(view), nextCursor };
  }
}

const view = ({ key, name, kind, meter, createdAt, updatedAt }: Feature): FeatureView => ({
  key,
  name,
  kind,
  meter,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
});
