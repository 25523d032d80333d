import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccountsService } from '../accounts/accounts.service.js';
import { Database } from '../common/database/database.js';
import { Key } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { parseMoney } from '../domain/currency.js';
import type { InvoiceView } from '../invoices/invoices.dto.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { V1InvoicesQuery, V1InvoiceView } from './v1.dto.js';

@ApiTags('v1')
@Controller({ version: '1' })
export class V1InvoicesController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly database: Database,
  ) {}

  @Get('accounts/:account_code/invoices')
  @Scopes('v1')
  @ApiOperation({
    operationId: 'v1ListInvoices',
    summary: 'Invoices of an account, newest first',
    description: 'Where there are more, the Link header (RFC 8288) names the next page.',
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
      return this.invoices.list(tx, { account, ...query });
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
    return view(await this.database.transaction((tx) => this.invoices.one(tx, number)));
  }
}

function view(invoice: InvoiceView): V1InvoiceView {
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
    balance_in_cents: cents(invoice.amountDue) - cents(invoice.amountPaid),
    created_at: invoice.issuedAt,
    due_at: invoice.dueAt,
    closed_at: invoice.paidAt,
    line_items: invoice.lines.map((line) => ({
      description: line.description,
      plan_code: line.plan,
      quantity: line.quantity,
      amount_in_cents: cents(line.amount),
      discount_in_cents: cents(line.discount),
      start_date: line.servicePeriod.start,
      end_date: line.servicePeriod.end,
    })),
  };
}
