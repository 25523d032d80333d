import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../../common/database/database.js';
import { newestFirstKey } from '../../common/database/newest-first.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { type Page, page, pageOf } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { formatInstant } from '../../domain/instant.js';
import { PROVIDER_EVENT_COLUMNS, type ProviderEvent } from './provider-event-records.js';
import { ProviderEventsQuery, ProviderEventView } from './provider-events.dto.js';
import { ProviderEvents } from './provider-events.js';

const nameOf = ({ provider, id }: ProviderEvent): string => `${provider}/${id}`;

/** Relies on provider_event_newest. */
const LIST = `
  select ${PROVIDER_EVENT_COLUMNS} from provider_event
  where ($1::text is null or state = $1) and ($2::text is null or provider = $2)
    and ($3::timestamptz is null or received_at < $3 or received_at = $3 and provider || '/' || event_id > $4)
  order by received_at desc, provider || '/' || event_id limit $5`;

@ApiTags('administration')
@Controller({ path: 'provider-events', version: '2' })
export class ProviderEventsController {
  constructor(
    private readonly events: ProviderEvents,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Get()
  @Scopes('admin')
  @ApiOperation({ operationId: 'listProviderEvents', summary: 'What payment providers told, newest first; `?state=parked` is for people' })
  @ApiOkResponse({ type: pageOf(ProviderEventView), description: 'Events and what became of them.' })
  @ApiProblems()
  list(@Query() { state, provider, limit, cursor }: ProviderEventsQuery): Promise<Page<ProviderEventView>> {
    const after = newestFirstKey(cursor);
    return this.database.transaction(async (tx) => {
      const values = [state ?? null, provider ?? null, after?.createdAt ?? null, after?.key ?? null, limit + 1];
      const rows = await tx.query<ProviderEvent[]>(LIST, values);
      const { data, nextCursor } = page(rows, limit, (row) => [formatInstant(row.receivedAt), nameOf(row)]);
      return { data: data.map(view), nextCursor };
    });
  }

  @Post(':provider/:event/retry')
  @HttpCode(200)
  @Scopes('admin')
  @ApiOperation({ operationId: 'retryProviderEvent', summary: 'Deal with a parked event again, once its reason is gone' })
  @ApiOkResponse({ type: ProviderEventView, description: 'The event, which is dealt with in the background.' })
  @ApiProblems(404, 409, 422)
  retry(@CurrentCall() call: Call, @Param('provider') provider: string, @Param('event') id: string): Promise<ProviderEventView> {
    return this.writes.once(call, async (tx) => view(await this.events.retry(tx, call, { provider, id })));
  }
}

const view = ({
  id,
  provider,
  type,
  state,
  about,
  tries,
  reason,
  occurredAt,
  receivedAt,
  settledAt,
}: ProviderEvent): ProviderEventView => ({
  id,
  provider,
  type,
  state,
  about,
  tries,
  reason,
  occurredAt: formatInstant(occurredAt),
  receivedAt: formatInstant(receivedAt),
  settledAt: settledAt === null ? null : formatInstant(settledAt),
});
