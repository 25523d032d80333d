import { Body, Controller, Get, Headers, HttpCode, Post, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccountsService } from '../accounts/accounts.service.js';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { ApiProblems, ProblemDto } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Refusal } from '../domain/refusal.js';
import { eventsOf, isStream } from './intake/bodies.js';
import { EventStreams } from './intake/event-streams.js';
import { Intake } from './intake/intake.js';
import { Report } from './intake/report.js';
import { findEvent } from './find-event.js';
import { ChunkReportDto, EventsQuery, ReportDto, ReportQuery, StoredEventsView, UsageEventDto } from './usage.dto.js';

const events = { type: 'array', items: { $ref: getSchemaPath(UsageEventDto) } } as const;

const LINES = 'application/x-ndjson';

@ApiTags('usage')
@ApiExtraModels(UsageEventDto, ReportDto, ChunkReportDto, ProblemDto)
@Controller({ path: 'usage', version: '2' })
export class UsageController {
  constructor(
    private readonly intake: Intake,
    private readonly streams: EventStreams,
    private readonly accounts: AccountsService,
    private readonly database: Database,
  ) {}

  @Post('events')
  @HttpCode(200)
  @Scopes('usage:write')
  @ApiOperation({
    operationId: 'reportUsage',
    summary: 'Report usage events',
    description:
      'One CloudEvent, a batch of up to 10,000 (8 MiB), or a stream of lines (application/x-ndjson) of any length, which is committed every 5,000 lines or 8 MiB. Gzip is understood. The answer comes after the commit; an event that was stored is counted once, however often it is sent. With `Accept: application/x-ndjson` a stream is answered by a line for each part that was committed, while it is sent: read them meanwhile. A stream may end with a problem, of which those lines have the last one; what was committed before stays.',
  })
  @ApiConsumes('application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json', 'application/x-ndjson')
  @ApiBody({
    schema: {
      oneOf: [
        { type: 'object', required: ['events'], properties: { events } },
        events,
        { $ref: getSchemaPath(UsageEventDto) },
        { type: 'string' },
      ],
    },
  })
  @ApiOkResponse({
    description: 'Counts, and a result for each event that was not accepted.',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(ReportDto) } },
      'application/x-ndjson': { schema: { oneOf: [{ $ref: getSchemaPath(ChunkReportDto) }, { $ref: getSchemaPath(ProblemDto) }] } },
    },
  })
  @ApiProblems(400, 413, 415, 503)
  async report(
    @CurrentCall() call: Call,
    @Query() { verbose }: ReportQuery,
    @Headers() { 'content-type': contentType = '', accept = '' }: Readonly<Record<string, string | undefined>>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: unknown,
  ): Promise<ReportDto | StreamableFile> {
    if (isStream(body)) {
      const stream = { request, reply, body, verbose: verbose === 'true' };
      if (!accept.includes(LINES)) return this.streams.summary(stream);
      return new StreamableFile(await this.streams.lines(stream), { type: LINES });
    }
    if (!Buffer.isBuffer(body) || body.length === 0) throw new Refusal('invalid', 'invalid_batch', 'The body is empty: send events.');
    return new Report(verbose === 'true').add(await this.intake.report(call.actor, eventsOf(body, contentType))).dto;
  }

  @Get('events')
  @Scopes('usage:read')
  @ApiOperation({ operationId: 'findUsageEvent', summary: 'Look an event up by what it was reported with' })
  @ApiOkResponse({ type: StoredEventsView, description: 'The event, or an empty list.' })
  @ApiProblems(404, 410)
  find(@Query() { account, source, id }: EventsQuery): Promise<StoredEventsView> {
    return this.database.transaction(async (tx) => {
      const { id: accountId } = await this.accounts.byKey(tx, account);
      const event = await findEvent(tx, { accountId, source, id });
      return { data: event ? [{ ...event, subject: account }] : [] };
    });
  }
}
