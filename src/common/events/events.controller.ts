import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { subjectOf } from '../../domain/webhooks/event-subject.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Database } from '../database/database.js';
import { onlyCursor } from '../database/newest-first.js';
import { type Page, page, pageOf } from '../http/page.js';
import { ApiProblems } from '../http/problem.js';
import { Scopes } from '../http/scopes.js';
import { accountIdFor } from '../ids.js';
import { EventsQuery, EventView } from './events.dto.js';
import type { EventType } from './outbox.js';

interface EventRow {
  readonly id: string;
  readonly type: EventType;
  readonly at: Instant;
  readonly data: Readonly<Record<string, unknown>>;
  readonly sequence: bigint;
}

/** Relies on outbox_event_newest, or on the primary key for one account. */
const LIST = `
  select id, type, at, data, sequence from outbox_event
  where ($1::uuid is null or account_id = $1) and ($2::text is null or type = $2) and ($3::text is null or id < $3)
  order by id desc limit $4`;

@ApiTags('events')
@Controller({ path: 'events', version: '2' })
export class EventsController {
  constructor(private readonly database: Database) {}

  @Get()
  @Scopes('accounts:read')
  @ApiOperation({ operationId: 'listEvents', summary: 'What happened, newest first' })
  @ApiOkResponse({ type: pageOf(EventView), description: 'A page of events.' })
  @ApiProblems(400)
  async list(@Query() { account, type, cursor, limit }: EventsQuery): Promise<Page<EventView>> {
    const accountId = account === undefined ? null : accountIdFor(account);
    const rows = await this.database.transaction((tx) =>
      tx.query<EventRow[]>(LIST, [accountId, type ?? null, onlyCursor(cursor) ?? null, limit + 1]),
    );
    const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
    return {
      data: data.map((row) => ({ ...row, at: formatInstant(row.at), subject: subjectOf(row), sequence: Number(row.sequence) })),
      nextCursor,
    };
  }
}
