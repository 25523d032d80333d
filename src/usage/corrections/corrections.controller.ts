import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { AddEvents } from './add-events.js';
import { CorrectEvents } from './correct-events.js';
import { ReplaceEventDto, UsageEventView, VoidEventDto } from './corrections.dto.js';

@ApiTags('usage')
@Controller({ path: 'usage/events/:evt', version: '2' })
export class CorrectionsController {
  constructor(
    private readonly correct: CorrectEvents,
    private readonly add: AddEvents,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Get()
  @Scopes('usage:read')
  @ApiOperation({ operationId: 'getUsageEvent', summary: 'Read an event, and what became of it' })
  @ApiOkResponse({ type: UsageEventView, description: 'The event.' })
  @ApiProblems(404, 410)
  read(@Param('evt') eventId: string): Promise<UsageEventView> {
    return this.database.transaction((tx) => this.correct.one(tx, eventId));
  }

  @Post('void')
  @HttpCode(200)
  @Scopes('usage:write')
  @ApiOperation({
    operationId: 'voidUsageEvent',
    summary: 'Let an event count no more',
    description:
      'It stays readable, and keeps its identity: sent again it is a duplicate. An issued invoice is not changed; the difference is a line of the next one.',
  })
  @ApiOkResponse({ type: UsageEventView, description: 'The event, which is voided.' })
  @ApiProblems(404, 409, 422)
  void(@CurrentCall() call: Call, @Param('evt') eventId: string, @Body() { reason }: VoidEventDto): Promise<UsageEventView> {
    return this.writes.once(call, (tx) => this.correct.void(tx, call.actor, eventId, reason));
  }

  @Post('replace')
  @Scopes('usage:write')
  @ApiOperation({
    operationId: 'replaceUsageEvent',
    summary: 'Let another event count in the place of one',
    description: 'The one is voided and the other stored in one transaction.',
  })
  @ApiCreatedResponse({ type: UsageEventView, description: 'The new event.' })
  @ApiProblems(404, 409, 422)
  async replace(@CurrentCall() call: Call, @Param('evt') eventId: string, @Body() body: ReplaceEventDto): Promise<UsageEventView> {
    const { reason } = body;
    const [event] = await this.add.read(call.actor, [body.event], () => '/event');
    return await this.writes.once(call, async (tx) => {
      if (!event) throw new RangeError('an event was neither read nor refused');
      return await this.correct.replace(tx, call.actor, eventId, { event, reason });
    });
  }
}
