import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../../common/database/database.js';
import { onlyCursor } from '../../common/database/newest-first.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { Key } from '../../common/http/key-param.js';
import { type Page, page, pageOf } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { parseInstant } from '../../domain/instant.js';
import { WebhookEndpointsService } from '../endpoints/webhook-endpoints.service.js';
import {
  DeliveriesQuery,
  deliveryView,
  DeliveryView,
  RedeliveredRangeView,
  RedeliverEventDto,
  RedeliveriesView,
  RedeliverRangeDto,
} from './deliveries.dto.js';
import { attemptsOf, deliveriesOf } from './delivery-records.js';
import { Redeliver } from './redeliver.js';

@ApiTags('events')
@Controller({ version: '2' })
export class DeliveriesController {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly redelivering: Redeliver,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Get('webhook-endpoints/:key/deliveries')
  @Scopes('webhooks:read')
  @ApiOperation({ operationId: 'listWebhookDeliveries', summary: 'What was sent to an endpoint, and how each attempt went, newest first' })
  @ApiOkResponse({ type: pageOf(DeliveryView), description: 'A page of deliveries.' })
  @ApiProblems(400, 404)
  async list(@Key() key: string, @Query() { state, event, limit, cursor }: DeliveriesQuery): Promise<Page<DeliveryView>> {
    const after = onlyCursor(cursor);
    return this.database.transaction(async (tx) => {
      const { id } = await this.endpoints.byKey(tx, key);
      const rows = await deliveriesOf(tx, id, {
        ...(state === undefined ? {} : { state }),
        ...(event === undefined ? {} : { eventId: event }),
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
      const attempts = await attemptsOf(tx, data);
      return { data: data.map((delivery) => deliveryView(delivery, attempts.get(delivery.id))), nextCursor };
    });
  }

  @Post('webhook-endpoints/:key/redeliver')
  @HttpCode(202)
  @Scopes('webhooks:write')
  @ApiOperation({
    operationId: 'redeliverRange',
    summary: 'Send what happened in a stretch of time to an endpoint again',
    description:
      'The events of which the endpoint hears now, 10,000 at the most; also those from before it was created or while it was disabled.',
  })
  @ApiAcceptedResponse({ type: RedeliveredRangeView, description: 'How much is sent.' })
  @ApiProblems(404, 409, 422)
  range(@CurrentCall() call: Call, @Key() key: string, @Body() body: RedeliverRangeDto): Promise<RedeliveredRangeView> {
    const [from, to, undeliveredOnly] = [parseInstant(body.from), parseInstant(body.to), body.undeliveredOnly ?? false];
    return this.writes.once(call, async (tx) => ({
      events: await this.redelivering.range(tx, call.actor, key, { from, to, undeliveredOnly }),
    }));
  }

  @Post('webhook-endpoints/:key/ping')
  @HttpCode(202)
  @Scopes('webhooks:write')
  @ApiOperation({ operationId: 'pingWebhookEndpoint', summary: 'Send a test event to an endpoint' })
  @ApiAcceptedResponse({ type: DeliveryView, description: 'The delivery, which has not begun yet: how it went stands in the deliveries.' })
  @ApiProblems(404, 409, 422)
  ping(@CurrentCall() call: Call, @Key() key: string): Promise<DeliveryView> {
    return this.writes.once(call, async (tx) => deliveryView(await this.redelivering.ping(tx, call.actor, key)));
  }

  @Post('events/:id/redeliver')
  @HttpCode(202)
  @Scopes('webhooks:write')
  @ApiOperation({ operationId: 'redeliverEvent', summary: 'Send an event again' })
  @ApiAcceptedResponse({ type: RedeliveriesView, description: 'The deliveries, which have not begun yet.' })
  @ApiProblems(404, 409, 422)
  event(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: RedeliverEventDto): Promise<RedeliveriesView> {
    return this.writes.once(call, async (tx) => {
      const deliveries = await this.redelivering.event(tx, call.actor, id, body.endpoint);
      return { data: deliveries.map((delivery) => deliveryView(delivery)) };
    });
  }
}
