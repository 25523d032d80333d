import type { Readable } from 'node:stream';
import { Body, Controller, Get, Headers, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { AccountsService } from '../accounts/accounts.service.js';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Refusal } from '../domain/refusal.js';
import { chunksOf, eventsOf, isStream } from './intake/bodies.js';
import { findEvent } from './find-event.js';
import { EventsQuery, ReportDto, ReportQuery, StoredEventsView, UsageEventDto } from './usage.dto.js';
import { type EventResult, Intake } from './intake/intake.js';

const events = { type: 'array', items: { $ref: getSchemaPath(UsageEventDto) } } as const;

@ApiTags('usage')
@ApiExtraModels(UsageEventDto)
@Controller({ path: 'usage', version: '2' })
export class UsageController {
  constructor(
    private readonly intake: Intake,
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
      'One CloudEvent, a batch of up to 10,000 (8 MiB), or a stream of lines (application/x-ndjson) of any length, which is committed every 5,000 lines. Gzip is understood. The answer comes after the commit; an event that was stored is counted once, however often it is sent.',
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
  @ApiOkResponse({ type: ReportDto, description: 'Counts, and a result for each event that was not accepted.' })
  @ApiProblems(400, 413, 415)
  async report(
    @CurrentCall() call: Call,
    @Query() { verbose }: ReportQuery,
    @Headers('content-type') contentType: string | undefined,
    @Body() body: unknown,
  ): Promise<ReportDto> {
    const report = new Report(verbose === 'true');
    if (isStream(body)) await this.readLines(call, body, report);
    else if (Buffer.isBuffer(body) && body.length > 0) report.add(await this.intake.report(call.actor, eventsOf(body, contentType ?? '')));
    else throw new Refusal('invalid', 'invalid_batch', 'The body is empty: send events.');
    return report.dto;
  }

  @Get('events')
  @Scopes('usage:read')
  @ApiOperation({ operationId: 'findUsageEvent', summary: 'Look an event up by what it was reported with' })
  @ApiOkResponse({ type: StoredEventsView, description: 'The event, or an empty list.' })
  @ApiProblems(404)
  find(@Query() { account, source, id }: EventsQuery): Promise<StoredEventsView> {
    return this.database.transaction(async (tx) => {
      const { id: accountId } = await this.accounts.byKey(tx, account);
      const event = await findEvent(tx, { accountId, source, id });
      return { data: event ? [{ ...event, subject: account }] : [] };
    });
  }

  /** What was committed stays, also where the stream breaks. */
  private async readLines(call: Call, body: Readable, report: Report): Promise<void> {
    for await (const chunk of chunksOf(body)) report.add(await this.intake.report(call.actor, chunk));
  }
}

/** Results of one chunk after the other as one answer. */
class Report {
  readonly dto: ReportDto = { accepted: 0, duplicates: 0, conflicts: 0, rejected: 0, results: [] };
  private sent = 0;

  constructor(private readonly verbose: boolean) {}

  add(results: readonly EventResult[]): void {
    for (const result of results) {
      if (result.status === 'accepted') this.dto.accepted += 1;
      else if (result.status === 'duplicate') this.dto.duplicates += 1;
      else if (result.status === 'conflict') this.dto.conflicts += 1;
      else this.dto.rejected += 1;
      if (this.verbose || result.status !== 'accepted') this.dto.results.push({ ...result, index: this.sent + result.index });
    }
    this.sent += results.length;
  }
}
