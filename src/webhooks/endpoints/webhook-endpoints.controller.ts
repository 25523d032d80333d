import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { etagOf } from '../../common/http/etag.js';
import { Key, requireSameKey } from '../../common/http/key-param.js';
import { type Page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import {
  NewSecretView,
  PutWebhookEndpointDto,
  PutWebhookEndpointView,
  RotateSecretDto,
  WebhookEndpointView,
} from './webhook-endpoints.dto.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';

@ApiTags('events')
@Controller({ path: 'webhook-endpoints', version: '2' })
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('webhooks:write')
  @ApiOperation({
    operationId: 'putWebhookEndpoint',
    summary: 'Create or replace a webhook endpoint',
    description: 'Events are posted to it, signed as Standard Webhooks; how to receive them is told in docs/webhooks.md.',
  })
  @ApiOkResponse({ type: PutWebhookEndpointView, description: 'The endpoint; with its secret, where it was created.' })
  @ApiProblems(400, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutWebhookEndpointDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PutWebhookEndpointView> {
    requireSameKey(key, body.key);
    const { endpoint, secret } = await this.writes.run(call, (tx) => this.endpoints.put(tx, call, key, body));
    reply.header('etag', etagOf(endpoint.revision));
    return { ...view(endpoint), ...(secret === undefined ? {} : { secret }) };
  }

  @Get(':key')
  @Scopes('webhooks:read')
  @ApiOperation({ operationId: 'getWebhookEndpoint', summary: 'Read a webhook endpoint' })
  @ApiOkResponse({ type: WebhookEndpointView, description: 'The endpoint, without its secrets.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<WebhookEndpointView> {
    const endpoint = await this.database.transaction((tx) => this.endpoints.byKey(tx, key));
    reply.header('etag', etagOf(endpoint.revision));
    return view(endpoint);
  }

  @Get()
  @Scopes('webhooks:read')
  @ApiOperation({ operationId: 'listWebhookEndpoints', summary: 'List webhook endpoints, newest first' })
  @ApiOkResponse({ type: pageOf(WebhookEndpointView), description: 'A page of endpoints.' })
  @ApiProblems(400)
  async list(@Query() query: PageQuery): Promise<Page<WebhookEndpointView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.endpoints.list(tx, query));
    return { data: data.map(view), nextCursor };
  }

  @Delete(':key')
  @HttpCode(204)
  @Scopes('webhooks:write')
  @ApiOperation({
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete a webhook endpoint',
    description: 'Nothing is sent to it any more.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems(404)
  remove(@CurrentCall() call: Call, @Key() key: string): Promise<void> {
    return this.writes.run(call, (tx) => this.endpoints.remove(tx, call.actor, key));
  }

  @Post(':key/rotate-secret')
  @Scopes('webhooks:write')
  @ApiOperation({
    operationId: 'rotateWebhookSecret',
    summary: 'Give a webhook endpoint another secret, with an overlap',
    description:
      'Until the overlap ends, deliveries bear a signature for each secret. The same request again is refused, naming the secret that was made.',
  })
  @ApiCreatedResponse({ type: NewSecretView, description: 'The new secret, shown this once.' })
  @ApiProblems(404, 409, 422)
  async rotate(@CurrentCall() call: Call, @Key() key: string, @Body() { overlapSeconds }: RotateSecretDto): Promise<NewSecretView> {
    const made = await this.writes.onceShown(call, (tx) => this.endpoints.rotateSecret(tx, call.actor, key, overlapSeconds));
    return { ...made, previousValidUntil: formatInstant(made.previousValidUntil) };
  }
}

const shown = (instant: Instant | null): string | null => (instant === null ? null : formatInstant(instant));

const view = (endpoint: WebhookEndpoint): WebhookEndpointView => ({
  key: endpoint.key,
  url: endpoint.url,
  events: endpoint.events,
  description: endpoint.description,
  enabled: endpoint.enabled,
  failingSince: shown(endpoint.failingSince),
  disabledAt: shown(endpoint.disabledAt),
  disabledReason: endpoint.disabledReason,
  createdAt: formatInstant(endpoint.createdAt),
  updatedAt: formatInstant(endpoint.updatedAt),
});
