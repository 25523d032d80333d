import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Database } from '../common/database/database.js';
import { onlyCursor } from '../common/database/newest-first.js';
import { Key } from '../common/http/key-param.js';
import { type Page, page, pageOf, PageQuery } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { MAIL_TEMPLATES } from '../domain/mail/templates.js';
import { AccountsService } from './accounts.service.js';

const STATES = ['queued', 'sent', 'failed'] as const;

export class MailView {
  @ApiProperty({ description: 'Names the mail.' })
  id!: string;

  @ApiProperty({ description: 'What it says.', enum: MAIL_TEMPLATES })
  template!: string;

  @ApiProperty({ description: 'Id of the invoice that it is about.', type: String, nullable: true })
  invoice!: string | null;

  @ApiProperty({ description: 'To whom: the e-mail that the account had then.' })
  to!: string;

  @ApiProperty({ description: 'Its subject.' })
  subject!: string;

  @ApiProperty({ description: 'Its plain text.' })
  text!: string;

  @ApiProperty({ description: 'Its Message-ID: the same however often it was sent.' })
  messageId!: string;

  @ApiProperty({ description: '`sent`: handed over. `failed`: refused for good.', enum: STATES })
  state!: (typeof STATES)[number];

  @ApiProperty({ description: 'Why it was not sent, as the mail server says.', type: String, nullable: true })
  failure!: string | null;

  @ApiProperty({ description: 'When it was queued.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was handed over.', type: String, format: 'date-time', nullable: true })
  sentAt!: string | null;
}

type MailRow = Omit<MailView, 'createdAt' | 'sentAt'> & { readonly createdAt: Instant; readonly sentAt: Instant | null };

/** Relies on mail_pk. */
const LIST = `
  select id, template, invoice_id as invoice, recipient as "to", subject, body_text as text, message_id as "messageId", state, failure,
    created_at as "createdAt", sent_at as "sentAt"
  from mail where account_id = $1 and ($2::text is null or id < $2) order by id desc limit $3`;

@ApiTags('accounts')
@Controller({ path: 'accounts', version: '2' })
export class MailsController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly database: Database,
  ) {}

  @Get(':key/mails')
  @Scopes('accounts:read')
  @ApiOperation({ operationId: 'listMails', summary: 'The mails that an account was sent, newest first' })
  @ApiOkResponse({ type: pageOf(MailView), description: 'A page of mails.' })
  @ApiProblems(400, 404)
  async list(@Key() key: string, @Query() { limit, cursor }: PageQuery): Promise<Page<MailView>> {
    const rows = await this.database.transaction(async (tx) => {
      const { id } = await this.accounts.byKey(tx, key);
      return tx.query<MailRow[]>(LIST, [id, onlyCursor(cursor) ?? null, limit + 1]);
    });
    const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
    return { data: data.map(view), nextCursor };
  }
}

const view = ({ createdAt, sentAt, ...row }: MailRow): MailView => ({
  ...row,
  createdAt: formatInstant(createdAt),
  sentAt: sentAt === null ? null : formatInstant(sentAt),
});
