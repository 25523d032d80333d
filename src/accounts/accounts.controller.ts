import { Body, Controller, Get, HttpCode, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { etagOf } from '../common/http/etag.js';
import { Key, requireSameKey } from '../common/http/key-param.js';
import { type Page, pageOf } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { formatInstant } from '../domain/instant.js';
import type { Account } from './account.entity.js';
import { AccountsQuery, AccountView, ConvertAccountDto, PutAccountDto } from './accounts.dto.js';
import { AccountsService } from './accounts.service.js';

const AccountPage = pageOf(AccountView);

@ApiTags('accounts')
@Controller({ path: 'accounts', version: '2' })
export class AccountsController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('accounts:write')
  @ApiOperation({
    operationId: 'putAccount',
    summary: 'Create or replace an account',
    description: 'The same body again changes nothing. What is left out has its default; the kind is changed by /convert alone.',
  })
  @ApiOkResponse({ type: AccountView, description: 'The account.' })
  @ApiProblems(400, 409, 412, 422)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutAccountDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView> {
    requireSameKey(key, body.key);
    const account = await this.writes.run(call, (tx) => this.accounts.put(tx, call, key, body));
    reply.header('etag', etagOf(account.revision));
    return view(account);
  }

  @Get(':key')
  @Scopes('accounts:read')
  @ApiOperation({ operationId: 'getAccount', summary: 'Read an account' })
  @ApiOkResponse({ type: AccountView, description: 'The account.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<AccountView> {
    const account = await this.database.transaction((tx) => this.accounts.byKey(tx, key));
    reply.header('etag', etagOf(account.revision));
    return view(account);
  }

  @Get()
  @Scopes('accounts:read')
  @ApiOperation({ operationId: 'listAccounts', summary: 'List accounts, newest first' })
  @ApiOkResponse({ type: AccountPage, description: 'A page of accounts.' })
  @ApiProblems(400)
  async list(@Query() query: AccountsQuery): Promise<Page<AccountView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.accounts.list(tx, query));
    return { data: data.map(view), nextCursor };
  }

  @Post(':key/convert')
  @HttpCode(200)
  @Scopes('accounts:write')
  @ApiOperation({
    operationId: 'convertAccount',
    summary: 'Turn a user into an organization',
    description:
      'Key, subscriptions and history stay. Refused where more is used than an organization may (409, with the numbers), unless forced. An organization stays one: converting it again changes nothing.',
  })
  @ApiOkResponse({ type: AccountView, description: 'The account.' })
  @ApiProblems(400, 404, 409, 412, 422)
  async convert(@CurrentCall() call: Call, @Key() key: string, @Body() body: ConvertAccountDto): Promise<AccountView> {
    return await this.writes.once(call, async (tx) => view(await this.accounts.convert(tx, call, key, body)), { keyRequired: false });
  }
}

const view = (account: Account): AccountView => ({
  key: account.key,
  kind: account.kind,
  name: account.name,
  email: account.email,
  currency: account.currency,
  timeZone: account.timeZone,
  address: account.address,
  taxIds: account.taxIds,
  taxRates: account.taxRates,
  provider: account.provider,
  seller: account.seller,
  paymentTermsDays: account.paymentTermsDays,
  usageGrace: account.usageGrace,
  dunningPolicy: account.dunningPolicy,
  metadata: account.metadata,
  createdAt: formatInstant(account.createdAt),
  updatedAt: formatInstant(account.updatedAt),
});
