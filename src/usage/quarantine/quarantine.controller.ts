import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { onlyCursor } from '../../common/database/newest-first.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { type Page, page, pageOf } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { Quarantine } from './quarantine.js';
import { RejectedEventView, RejectedQuery, ReplayDto, ReplayView } from './quarantine.dto.js';
import { type RejectedEvent, rejectedEvents } from './rejected-events.js';
import { ReplayRejected } from './replay-rejected.js';

@ApiTags('usage')
@Controller({ path: 'usage/rejected', version: '2' })
export class QuarantineController {
  constructor(
    private readonly database: Database,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly quarantine: Quarantine,
    private readonly replays: ReplayRejected,
  ) {}

  @Get()
  @Scopes('usage:read')
  @ApiOperation({
    operationId: 'listRejectedUsage',
    summary: 'Usage events that were rejected for what is unknown or missing, newest first',
    description:
      'Events that are in order by themselves, but whose account or meter is not there, or that lack what a meter reads. They are kept for some time to be replayed; one that is sent again takes the place of the earlier one.',
  })
  @ApiOkResponse({ type: pageOf(RejectedEventView), description: 'A page of them.' })
  @ApiProblems()
  async list(@Query() { limit, cursor, ...wanted }: RejectedQuery): Promise<Page<RejectedEventView>> {
    const part = { now: this.clock.now(), order: 'newest', after: onlyCursor(cursor), limit: limit + 1 } as const;
    const rows = await this.database.transaction((tx) => rejectedEvents(tx, wanted, part));
    const { data, nextCursor } = page(rows, limit, ({ id }) => [id]);
    return { data: data.map(view), nextCursor };
  }

  @Post('replay')
  @HttpCode(200)
  @Scopes('usage:write')
  @ApiOperation({
    operationId: 'replayRejectedUsage',
    summary: 'Judge rejected events again, oldest first',
    description:
      'Those that meet all that is given; without anything, all. Each is judged as if it came again from who sent it, when it was sent. What is stored then is removed here; what is rejected again stays, with its new code. Up to 20,000 at once: `nextCursor` goes on. May be repeated at will.',
  })
  @ApiOkResponse({ type: ReplayView, description: 'What became of them.' })
  @ApiProblems(503)
  replay(@CurrentCall() call: Call, @Body() body: ReplayDto): Promise<ReplayView> {
    return this.replays.run(call.actor, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('usage:write')
  @ApiOperation({ operationId: 'dropRejectedUsage', summary: 'Forget a rejected event' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems(404)
  drop(@CurrentCall() call: Call, @Param('id') id: string): Promise<void> {
    return this.writes.run(call, async (tx) => {
      const part = { now: this.clock.now(), order: 'oldest', after: undefined, limit: 1 } as const;
      const [row] = await rejectedEvents(tx, { ids: [id] }, part);
      if (!row || (await this.quarantine.remove(tx, [id])) === 0)
        throw new Refusal(
          'not_found',
          'rejected_event_not_found',
          `There is no rejected event "${id}": it was replayed, sent again, or forgotten.`,
        );
      const { code, event } = row;
      const subject = { subjectType: 'usage_rejected', subjectId: id };
      await this.audit.record(tx, { actor: call.actor, action: 'usage_rejected.dropped', ...subject, before: { code, event } });
    });
  }
}

const view = ({ receivedAt, expiresAt, ...row }: RejectedEvent): RejectedEventView => ({
  ...row,
  receivedAt: formatInstant(receivedAt),
  expiresAt: formatInstant(expiresAt),
});
