import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccountsService } from '../accounts/accounts.service.js';
import { Database, type Tx } from '../common/database/database.js';
import { Key } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { parseMoney } from '../domain/currency.js';
import { Refusal } from '../domain/refusal.js';
import { versionKey } from '../domain/subscription/history.js';
import { sendFile } from '../invoices/documents/document-reply.js';
import { InvoiceDocuments } from '../invoices/documents/invoice-documents.js';
import type { IssuedInvoiceView } from '../invoices/invoice-view.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { PlansService } from '../plans/plans.service.js';
import { HUB } from './plans.js';
import { V1InvoicesQuery, V1InvoiceView } from './v1.dto.js';

@ApiTags('v1')
@Controller({ version: '1' })
export class V1InvoicesController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly documents: InvoiceDocuments,
    private readonly plans: PlansService,
    private readonly database: Database,
  ) {}

  @Get('accounts/:account_code/invoices')
  @Scopes('v1')
  @ApiOperation({
    operationId: 'v1ListInvoices',
    summary: 'Invoices of an account, newest first',
    description:
      'Those with a line of a plan that is sold here, without void ones. Where there are more, the Link header (RFC 8288) names the next page; a page may hold fewer than its limit.',
  })
  @ApiOkResponse({ type: [V1InvoiceView], description: 'A page of invoices.' })
  @ApiProblems(400, 404)
  async list(
    @Key('account_code') account: string,
    @Query() query: V1InvoicesQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<V1InvoiceView[]> {
    const { data, nextCursor } = await this.database.transaction(async (tx) => {
      await this.accounts.byKey(tx, account);
      const { data: all, ...rest } = await this.invoices.list(tx, { account, ...query });
      return { data: await this.ofHub(tx, all), ...rest };
    });
    if (nextCursor !== null)
      void reply.header('link', `</v1/accounts/${account}/invoices?limit=${String(query.limit)}&cursor=${nextCursor}>; rel="next"`);
    return data.map(view);
  }

  @Get('invoices/:number')
  @Scopes('v1')
  @ApiOperation({ operationId: 'v1GetInvoice', summary: 'One invoice, by its number' })
  @ApiOkResponse({ type: V1InvoiceView, description: 'The invoice.' })
  @ApiProblems(404)
  async get(@Param('number') number: string): Promise<V1InvoiceView> {
    return await this.database.transaction(async (tx) => view(await this.one(tx, number)));
  }

  @Get('invoices/:number.pdf')
  @Scopes('v1')
  @ApiOperation({ operationId: 'v1GetInvoicePdf', summary: 'One invoice as a PDF, by its number' })
  @ApiOkResponse({
    description: 'The document, which is always the same.',
    content: { 'application/pdf': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiProblems(404)
  async pdf(@Param('number') number: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<Buffer> {
    const document = await this.database.transaction(async (tx) => {
      const { id } = await this.one(tx, number);
      return await this.documents.invoice(tx, id);
    });
    return await sendFile(reply, document, { kind: 'pdf' });
  }

  private async one(tx: Tx, number: string): Promise<IssuedInvoiceView> {
    const [invoice] = await this.ofHub(tx, [await this.invoices.one(tx, number)]);
    if (!invoice) throw new Refusal('not_found', 'invoice_not_found', `There is no invoice "${number}".`);
    return invoice;
  }

  /**
   * Those with a line of the product whose plans v1 sells: what other products bill is not for its eyes. Nor are void ones: it knows only
   * what is to be paid and what is paid, and they are neither.
   */
  private async ofHub(tx: Tx, invoices: readonly IssuedInvoiceView[]): Promise<IssuedInvoiceView[]> {
    const refs = invoices.flatMap(({ lines }) =>
      lines.flatMap(({ plan, planVersion }) => (plan === null || planVersion === null ? [] : [{ plan, version: planVersion }])),
    );
    const sold = (await this.plans.versions(tx, refs)).filter(({ product }) => product === HUB);
    const keys = new Set(sold.map(({ plan, version }) => versionKey(plan, version)));
    return invoices.filter(
      ({ status, lines }) => status !== 'void' && lines.some(({ plan, planVersion }) => keys.has(versionKey(plan ?? '', planVersion ?? 0))),
    );
  }
}

function view(invoice: IssuedInvoiceView): V1InvoiceView {
  const cents = (amount: string): number => Number(parseMoney(amount, invoice.currency));
  return {
    invoice_number: invoice.number,
    account_code: invoice.account,
    state: invoice.status === 'paid' ? 'paid' : 'open',
    currency: invoice.currency,
    subtotal_in_cents: cents(invoice.subtotal),
    discount_in_cents: cents(invoice.discount),
    tax_in_cents: cents(invoice.tax),
    total_in_cents: cents(invoice.total),
    balance_in_cents: cents(invoice.amountOpen) + cents(invoice.amountUncollectible),
    created_at: invoice.issuedAt,
    due_at: invoice.dueAt,
    closed_at: invoice.paidAt,
    line_items: invoice.lines.map((line) => ({
      description: line.description,
      plan_code: line.plan ?? '',
      quantity: line.quantity,
      amount_in_cents: cents(line.amount),
      discount_in_cents: cents(line.discount),
      start_date: line.servicePeriod.start,
      end_date: line.servicePeriod.end,
    })),
  };
}
