import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { type Page, pageOf } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { accountIdOf } from '../common/ids.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { Collect } from './collect.js';
import { Collection } from './collection.js';
import { CreateRefundDto, PaymentsQuery, PaymentView, RecordPaymentDto, RefundView } from './payments.dto.js';
import { PaymentsService, refundView } from './payments.service.js';
import { Refunds } from './refunds.js';

@ApiTags('payments')
@Controller({ version: '2' })
export class PaymentsController {
  constructor(
    private readonly payments: PaymentsService,
    private readonly invoices: InvoicesService,
    private readonly collection: Collection,
    private readonly collect: Collect,
    private readonly refunds: Refunds,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Get('payments')
  @Scopes('payments:read')
  @ApiOperation({ operationId: 'listPayments', summary: 'Payments, newest first' })
  @ApiOkResponse({ type: pageOf(PaymentView), description: 'Payments with their refunds.' })
  @ApiProblems()
  list(@Query() query: PaymentsQuery): Promise<Page<PaymentView>> {
    return this.database.transaction((tx) => this.payments.list(tx, query));
  }

  @Get('payments/:id')
  @Scopes('payments:read')
  @ApiOperation({ operationId: 'getPayment', summary: 'One payment' })
  @ApiOkResponse({ type: PaymentView, description: 'The payment.' })
  @ApiProblems(404)
  read(@Param('id') id: string): Promise<PaymentView> {
    return this.database.transaction((tx) => this.payments.one(tx, id));
  }

  @Post('payments')
  @Scopes('payments:write')
  @ApiOperation({ operationId: 'recordPayment', summary: 'Record a wire or cheque that came in' })
  @ApiCreatedResponse({ type: PaymentView, description: 'The payment.' })
  @ApiProblems(404, 409, 422)
  record(@CurrentCall() call: Call, @Body() body: RecordPaymentDto): Promise<PaymentView> {
    return this.writes.once(call, (tx) => this.payments.record(tx, call, body));
  }

  @Post('payments/:id/refunds')
  @Scopes('payments:write')
  @ApiOperation({ operationId: 'createRefund', summary: 'Give a payment back, in whole or in part' })
  @ApiCreatedResponse({ type: RefundView, description: 'The refund as it is now.' })
  @ApiProblems(404, 409, 422)
  async refund(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: CreateRefundDto): Promise<RefundView> {
    const noted = await this.writes.once(call, async (tx) => ({ id: (await this.refunds.request(tx, call, id, body)).id }));
    return refundView(await this.refunds.send(noted.id));
  }

  @Post('invoices/:idOrNumber/pay')
  @HttpCode(200)
  @Scopes('payments:write')
  @ApiOperation({ operationId: 'payInvoice', summary: 'Collect an invoice now, by the payment method of its account' })
  @ApiOkResponse({ type: PaymentView, description: 'The payment as it is now.' })
  @ApiProblems(404, 409, 422)
  async pay(@CurrentCall() call: Call, @Param('idOrNumber') idOrNumber: string): Promise<PaymentView> {
    const begun = await this.writes.once(call, async (tx) => {
      const invoice = await this.invoices.one(tx, idOrNumber);
      return { id: await this.collection.payNow(tx, accountIdOf(invoice.id) ?? '', invoice.id) };
    });
    await this.collect.run(begun.id);
    return this.database.transaction((tx) => this.payments.one(tx, begun.id));
  }
}
