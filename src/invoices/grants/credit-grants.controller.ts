import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { onlyCursor } from '../../common/database/newest-first.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { Key } from '../../common/http/key-param.js';
import { type Page, page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant, parseInstant } from '../../domain/instant.js';
import { CreateCreditGrantDto, CreditGrantEntryView, CreditGrantView, EndCreditGrantDto } from './credit-grants.dto.js';
import { CreditGrants, type GrantName } from './credit-grants.js';
import { listGrantEntries } from './grant-entries.js';
import { type GrantRecord, listGrants, statedAt } from './grant-records.js';

@ApiTags('invoices')
@Controller({ path: 'accounts/:key/credit-grants', version: '2' })
export class CreditGrantsController {
  constructor(
    private readonly grants: CreditGrants,
    private readonly accounts: AccountsService,
    private readonly clock: Clock,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post()
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'createCreditGrant',
    summary: 'Grant credit to an account',
    description:
      'It pays invoices that are issued from then on, tax included, before the balance does: the lowest priority number first, then promotional before paid, the earlier expiry, the older.',
  })
  @ApiCreatedResponse({ type: CreditGrantView, description: 'The grant.' })
  @ApiProblems(404, 409, 422)
  create(@CurrentCall() call: Call, @Key() key: string, @Body() { expiresAt, ...body }: CreateCreditGrantDto): Promise<CreditGrantView> {
    const wanted = { ...body, expiresAt: expiresAt === undefined ? null : parseInstant(expiresAt) };
    return this.writes.once(call, async (tx) => this.view(await this.grants.give(tx, call.actor, key, wanted), key));
  }

  @Get()
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'listCreditGrants', summary: 'The credit grants of an account, newest first' })
  @ApiOkResponse({ type: pageOf(CreditGrantView), description: 'A page of grants.' })
  @ApiProblems(404)
  list(@Key() key: string, @Query() { cursor, limit }: PageQuery): Promise<Page<CreditGrantView>> {
    return this.database.transaction(async (tx) => {
      const { id: accountId } = await this.accounts.byKey(tx, key);
      const rows = await listGrants(tx, accountId, { after: onlyCursor(cursor), limit: limit + 1 });
      const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
      return { data: data.map((row) => this.view(row, key)), nextCursor };
    });
  }

  @Get(':id')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'getCreditGrant', summary: 'Read a credit grant' })
  @ApiOkResponse({ type: CreditGrantView, description: 'The grant.' })
  @ApiProblems(404)
  read(@Key() key: string, @Param('id') id: string): Promise<CreditGrantView> {
    return this.database.transaction(async (tx) => this.view(await this.grants.one(tx, { account: key, id }), key));
  }

  @Get(':id/entries')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'listCreditGrantEntries', summary: 'What a credit grant paid, and how it ended, newest first' })
  @ApiOkResponse({ type: pageOf(CreditGrantEntryView), description: 'A page of entries.' })
  @ApiProblems(404)
  entries(@Key() key: string, @Param('id') id: string, @Query() { cursor, limit }: PageQuery): Promise<Page<CreditGrantEntryView>> {
    return this.database.transaction(async (tx) => {
      const { accountId, currency } = await this.grants.one(tx, { account: key, id });
      const rows = await listGrantEntries(tx, { accountId, grant: id, after: onlyCursor(cursor), limit: limit + 1 });
      const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
      return {
        data: data.map((row) => ({
          id: row.id,
          at: formatInstant(row.at),
          kind: row.kind,
          amount: formatMoney(row.amountMinor, currency),
          invoice: row.invoiceId,
          number: row.number,
          reason: row.reason,
        })),
        nextCursor,
      };
    });
  }

  @Post(':id/void')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'voidCreditGrant',
    summary: 'Take back what is left of a credit grant',
    description: 'As though that part had never been granted: what was paid for it is to be given back. What it paid stays paid.',
  })
  @ApiOkResponse({ type: CreditGrantView, description: 'The grant, of which nothing is left.' })
  @ApiProblems(404, 409, 422)
  void(@CurrentCall() call: Call, @Key() key: string, @Param('id') id: string, @Body() body: EndCreditGrantDto): Promise<CreditGrantView> {
    return this.end(call, { account: key, id }, { end: 'voided', reason: body.reason });
  }

  @Post(':id/expire')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'expireCreditGrant',
    summary: 'Let a credit grant expire now',
    description: 'What is left of one that was paid for is earned. What it paid stays paid.',
  })
  @ApiOkResponse({ type: CreditGrantView, description: 'The grant, of which nothing is left.' })
  @ApiProblems(404, 409, 422)
  expire(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Param('id') id: string,
    @Body() body: EndCreditGrantDto,
  ): Promise<CreditGrantView> {
    return this.end(call, { account: key, id }, { end: 'expired', reason: body.reason });
  }

  private end(call: Call, name: GrantName, wanted: { end: 'expired' | 'voided'; reason: string }): Promise<CreditGrantView> {
    return this.writes.once(call, async (tx) => this.view(await this.grants.end(tx, call.actor, name, wanted), name.account));
  }

  private view(grant: GrantRecord, account: string): CreditGrantView {
    const { remainingMinor, expiredMinor, status } = statedAt(grant, this.clock.now());
    const money = (amountMinor: bigint): string => formatMoney(amountMinor, grant.currency);
    return {
      id: grant.id,
      account,
      currency: grant.currency,
      amount: money(grant.amountMinor),
      kind: grant.kind,
      priority: grant.priority,
      expiresAt: grant.expiresAt === null ? null : formatInstant(grant.expiresAt),
      description: grant.description,
      status,
      applied: money(grant.appliedMinor),
      remaining: money(remainingMinor),
      expired: money(expiredMinor),
      voided: money(grant.voidedMinor),
      createdAt: formatInstant(grant.createdAt),
    };
  }
}
