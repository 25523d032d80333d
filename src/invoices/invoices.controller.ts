import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccountsService } from '../accounts/accounts.service.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { Key } from '../common/http/key-param.js';
import { type Page, pageOf } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { formatMoney } from '../domain/currency.js';
import { parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { BillRunService } from './bill-run.service.js';
import { AccountHolds } from './controls/account-holds.js';
import { ApiDocument, DocumentQuery, viewOrFile } from './documents/document-reply.js';
import { InvoiceDocuments } from './documents/invoice-documents.js';
import { ReadInvoices } from './drafts/read-invoices.js';
import { CreditGrants } from './grants/credit-grants.js';
import { InvoiceSendingView } from './invoice-acts.dto.js';
import { BalanceView, BillAccountDto, BillAccountView, InvoicesQuery, InvoiceView } from './invoices.dto.js';
import { InvoicesService } from './invoices.service.js';
import { SendInvoices } from './send-invoices.js';

@ApiTags('invoices')
@Controller({ version: '2' })
export class InvoicesController {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly reading: ReadInvoices,
    private readonly documents: InvoiceDocuments,
    private readonly grants: CreditGrants,
    private readonly accounts: AccountsService,
    private readonly runs: BillRunService,
    private readonly sending: SendInvoices,
    private readonly holds: AccountHolds,
    private readonly audit: Audit,
    private readonly writes: Writes,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get('invoices')
  @Scopes('invoices:read')
  @ApiOperation({
    operationId: 'listInvoices',
    summary: 'Invoices and drafts, newest first',
    description: 'A draft stands where it was made.',
  })
  @ApiOkResponse({ type: pageOf(InvoiceView), description: 'Invoices with their lines.' })
  @ApiProblems()
  list(@Query() query: InvoicesQuery): Promise<Page<InvoiceView>> {
    return this.database.transaction((tx) => this.reading.list(tx, query));
  }

  @Get('invoices/:idOrNumber')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'getInvoice', summary: 'One invoice or draft, by id or number' })
  @ApiDocument(InvoiceView, 'The invoice with its lines.')
  @ApiProblems(404, 409)
  read(
    @Param('idOrNumber') idOrNumber: string,
    @Query() query: DocumentQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<InvoiceView | Buffer> {
    return viewOrFile(this.database, reply, {
      accept,
      query,
      view: (tx) => this.reading.one(tx, idOrNumber),
      document: (tx) => this.documents.invoice(tx, idOrNumber),
    });
  }

  @Post('invoices/:idOrNumber/send')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'sendInvoice',
    summary: 'Send an invoice to the e-mail of its account',
    description: 'Mails it, and puts invoice.sent into the events, with the address. Another Idempotency-Key sends it again.',
  })
  @ApiOkResponse({ type: InvoiceSendingView, description: 'To whom it is sent.' })
  @ApiProblems(404, 409, 422)
  send(@CurrentCall() call: Call, @Param('idOrNumber') idOrNumber: string): Promise<InvoiceSendingView> {
    return this.writes.once(call, (tx) => this.sending.run(tx, call.actor, idOrNumber));
  }

  @Get('accounts/:key/balance')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'getBalance', summary: 'What an account has to its credit' })
  @ApiOkResponse({ type: BalanceView, description: 'The balance.' })
  @ApiProblems(404)
  balance(@Key() key: string): Promise<BalanceView> {
    return this.database.transaction(async (tx) => {
      const { id, currency } = await this.accounts.byKey(tx, key);
      const balance = formatMoney(await this.invoices.balance(tx, id), currency);
      return { account: key, currency, balance, creditGrants: formatMoney(await this.grants.left(tx, id), currency) };
    });
  }

  @Post('accounts/:key/bill')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({ operationId: 'billAccount', summary: 'Bill one account now, also a parked one' })
  @ApiOkResponse({ type: BillAccountView, description: 'What came of it.' })
  @ApiProblems(404, 409, 422)
  bill(@CurrentCall() call: Call, @Key() key: string, @Body() body: BillAccountDto): Promise<BillAccountView> {
    const now = this.clock.now();
    const asOf = body.asOf === undefined ? now : parseInstant(body.asOf);
    if (asOf > now) throw new Refusal('unprocessable', 'as_of_in_future', 'An account is billed as of now or earlier.');
    return this.writes.once(call, async (tx) => {
      const { id } = await this.accounts.byKey(tx, key);
      await this.holds.refuseHeld(tx, id, key);
      const { invoices, parked } = await this.runs.billOne(tx, id, { asOf, actor: call.actor, ignoresBounds: body.ignoreBounds ?? false });
      await this.audit.record(tx, {
        actor: call.actor,
        action: 'account.billed',
        accountId: id,
        subjectType: 'account',
        subjectId: key,
        after: { invoices, parked },
      });
      return { invoices, parked: parked > 0 };
    });
  }
}
