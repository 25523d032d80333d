import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { parseInstant } from '../../domain/instant.js';
import { AddEvents } from '../../usage/corrections/add-events.js';
import { BackfillDto, backfillView } from '../../usage/corrections/backfills.dto.js';
import { Backfills, pointerToEvent } from '../../usage/corrections/backfills.js';
import { BackfillEffect } from './backfill-effect.js';
import { EventLines } from '../event-lines.js';
import { BackfillAnswerView, EventLinesView } from './usage-effects.dto.js';

/** What usage and its correction come to on invoices. */
@ApiTags('usage')
@Controller({ path: 'usage', version: '2' })
export class UsageEffectsController {
  constructor(
    private readonly add: AddEvents,
    private readonly backfills: Backfills,
    private readonly effect: BackfillEffect,
    private readonly lines: EventLines,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post('backfills')
  @Scopes('usage:backfill')
  @ApiOperation({
    operationId: 'backfillUsage',
    summary: 'Report a stretch of usage anew',
    description:
      'In one transaction, up to 10,000 events each way. A dry run is done and undone: it answers what the account would be billed now and next, with it and without, and needs no Idempotency-Key.',
  })
  @ApiCreatedResponse({ type: BackfillAnswerView, description: 'What was done, or what it would come to.' })
  @ApiProblems(404, 409, 422)
  async backfill(
    @CurrentCall() call: Call,
    @Body() { dryRun = false, events, from, to, ...body }: BackfillDto,
  ): Promise<BackfillAnswerView> {
    const read = await this.add.read(call.actor, events, pointerToEvent);
    const wanted = { ...body, from: parseInstant(from), to: parseInstant(to), events: read };
    if (dryRun) {
      const { record, effect } = await this.database.transaction((tx) => this.effect.run(tx, call.actor, wanted));
      return { added: record.added, voided: record.voided, backfill: null, effect };
    }
    return await this.writes.once(call, async (tx) => {
      const record = await this.backfills.run(tx, call.actor, wanted);
      return { added: record.added, voided: record.voided, backfill: backfillView(record, wanted.account), effect: null };
    });
  }

  @Get('events/:evt/lines')
  @Scopes('invoices:read')
  @ApiOperation({
    operationId: 'listUsageEventLines',
    summary: 'The invoice lines that an event went into',
    description:
      'Lines of a price whose meter counts the event, for a service period that contains its time; also where it was voided since.',
  })
  @ApiOkResponse({ type: EventLinesView, description: 'The lines, with their invoices.' })
  @ApiProblems(404, 410)
  eventLines(@Param('evt') eventId: string): Promise<EventLinesView> {
    return this.database.transaction(async (tx) => ({ data: await this.lines.run(tx, eventId) }));
  }
}
