import { Body, Controller, Get, HttpCode, Inject, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccountsService } from '../accounts/accounts.service.js';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { DirectRoutes } from '../common/http/direct-routes.js';
import { tagged } from '../common/http/etag.js';
import { KEY_PATTERN } from '../common/http/field-rules.js';
import { Key, requiredKey } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { CONFIG, type Config } from '../config.js';
import { formatInstant } from '../domain/instant.js';
import { refuseAll } from '../domain/refusal.js';
import { EntitlementReads } from '../entitlements/entitlement-reads.js';
import type { EntitlementsView } from '../entitlements/entitlements.dto.js';
import { PaymentMethods } from '../payments/payment-methods.js';
import { limitOf, PARALLEL_BUILDS, PRIVATE_REPOS } from './plans.js';
import { V1AccountView, V1BillingInfoDto, V1BillingInfoView, V1EntitlementsView, V1ForceQuery, V1PutAccountDto } from './v1.dto.js';

type Account = Awaited<ReturnType<AccountsService['byKey']>>;

const CURRENCY = 'USD';

@ApiTags('v1')
@Controller({ path: 'accounts', version: '1' })
export class V1AccountsController {
  constructor(
    routes: DirectRoutes,
    @Inject(CONFIG) private readonly config: Config,
    private readonly accounts: AccountsService,
    private readonly entitlements: EntitlementReads,
    private readonly methods: PaymentMethods,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {
    routes.answer('/v1/accounts/:account_code/entitlements', (request, reply) => this.entitled(request, reply));
  }

  @Put(':account_code')
  @Scopes('v1')
  @ApiOperation({
    operationId: 'v1PutAccount',
    summary: 'Create or change an account',
    description: 'The same body again changes nothing.',
  })
  @ApiOkResponse({ type: V1AccountView, description: 'The account.' })
  @ApiProblems(400, 409)
  async put(@CurrentCall() call: Call, @Key('account_code') code: string, @Body() body: V1PutAccountDto): Promise<V1AccountView> {
    if (body.account_code !== undefined && body.account_code !== code)
      refuseAll([
        { pointer: '/account_code', code: 'key_differs', detail: `The path names "${code}": leave it out of the body, or send the same.` },
      ]);
    const given = { kind: body.type, name: body.company_name ?? code, email: body.email ?? null };
    const fresh = { currency: CURRENCY, timeZone: 'UTC', provider: this.config.v1Provider };
    return await this.writes.run(call, async (tx) =>
      view(await this.accounts.merge(tx, call, code, (known) => ({ ...(known ?? fresh), ...given }))),
    );
  }

  @Get(':account_code')
  @Scopes('v1')
  @ApiOperation({ operationId: 'v1GetAccount', summary: 'One account' })
  @ApiOkResponse({ type: V1AccountView, description: 'The account.' })
  @ApiProblems(404)
  async get(@Key('account_code') code: string): Promise<V1AccountView> {
    return view(await this.database.transaction((tx) => this.accounts.byKey(tx, code)));
  }

  @Post(':account_code/convert_to_organization')
  @HttpCode(200)
  @Scopes('v1')
  @ApiOperation({
    operationId: 'v1ConvertToOrganization',
    summary: 'Turn a user into an organization',
    description: 'Refused while more is used than an organization may (409, with the numbers), unless forced.',
  })
  @ApiOkResponse({ type: V1AccountView, description: 'The account.' })
  @ApiProblems(404, 409, 422)
  async convert(@CurrentCall() call: Call, @Key('account_code') code: string, @Query() { force }: V1ForceQuery): Promise<V1AccountView> {
    return await this.writes.once(call, async (tx) => view(await this.accounts.convert(tx, call, code, { force })), { keyRequired: false });
  }

  @Put(':account_code/billing_info')
  @Scopes('v1')
  @ApiOperation({
    operationId: 'v1PutBillingInfo',
    summary: 'Set the payment method',
    description: 'What is owed is collected with it at once.',
  })
  @ApiOkResponse({ type: V1BillingInfoView, description: 'The payment method.' })
  @ApiProblems(400, 404, 409, 422, 503)
  async billingInfo(
    @CurrentCall() call: Call,
    @Key('account_code') code: string,
    @Body() { token }: V1BillingInfoDto,
  ): Promise<V1BillingInfoView> {
    const stored = await this.methods.store(code, token);
    const { provider, label } = await this.writes.run(call, (tx) => this.methods.keep(tx, call, stored));
    return { account_code: code, provider, description: label };
  }

  @Get(':account_code/entitlements')
  @Scopes('v1')
  @ApiParam({ name: 'account_code', description: 'Names the account.', schema: { type: 'string', pattern: KEY_PATTERN } })
  @ApiOperation({ operationId: 'v1GetEntitlements', summary: 'What an account may do' })
  @ApiOkResponse({ type: V1EntitlementsView, description: 'Its limits.' })
  @ApiResponse({ status: 304, description: 'Nothing changed since the ETag in If-None-Match.' })
  @ApiProblems(404)
  async entitled(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<unknown> {
    const { account_code } = request.params as { readonly account_code: string };
    const kept = await this.entitlements.answer(request, reply, 'v1', requiredKey(account_code));
    return tagged(request, reply, kept, (answer) => JSON.stringify(entitlementsView(JSON.parse(answer) as EntitlementsView)));
  }
}

const view = ({ key, kind, email, name, currency, createdAt }: Account): V1AccountView => ({
  account_code: key,
  type: kind,
  email,
  company_name: name,
  currency,
  created_at: formatInstant(createdAt),
});

const entitlementsView = ({ account, features, pastDue }: EntitlementsView): V1EntitlementsView => ({
  account_code: account,
  num_private_repos: limitOf(features, PRIVATE_REPOS),
  num_parallel_builds: limitOf(features, PARALLEL_BUILDS),
  is_past_due: pastDue !== null,
});
