import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { type Page, pageOf } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { CancelPayment } from './cancel-payment.js';
import { Collect } from './collect.js';
import { PayInvoice } from './pay-invoice.js';
import { CreateRefundDto, PaymentsQuery, PaymentView, RecordPaymentDto, RefundView } from './payments.dto.js';
import { PaymentsService, refundView } from './payments.service.js';
import { RecordPayment } from './record-payment.js';
import { Refunds } from './refunds.js';
import { RequestRefunds } from './request-refunds.js';

@ApiTags('payments')
@Controller({ version: '2' })
export class PaymentsController {
  constructor(
    private readonly payments: PaymentsService,
    private readonly recording: RecordPayment,
    private readonly paying: PayInvoice,
    private readonly canceling: CancelPayment,
    private readonly collect: Collect,
    private readonly requesting: RequestRefunds,
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
  @ApiOperation({
    operationId: 'recordPayment',
    summary: 'Record a wire or cheque that came in',
    description:
      'Refused (409 payment_in_progress) while a provider is collecting the invoice: wait for the outcome, or cancel that payment first.',
  })
  @ApiCreatedResponse({ type: PaymentView, description: 'The payment.' })
  @ApiProblems(404, 409, 422)
  record(@CurrentCall() call: Call, @Body() body: RecordPaymentDto): Promise<PaymentView> {
    return this.writes.once(call, async (tx) => this.payments.one(tx, await this.recording.run(tx, call, body)));
  }

  @Post('payments/:id/refunds')
  @Scopes('payments:write')
  @ApiOperation({ operationId: 'createRefund', summary: 'Give a payment back, in whole or in part' })
  @ApiCreatedResponse({ type: RefundView, description: 'The refund as it is now.' })
  @ApiProblems(404, 409, 422)
  async refund(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: CreateRefundDto): Promise<RefundView> {
    const noted = await this.writes.once(call, async (tx) => ({ id: await this.requesting.ofPayment(tx, call, id, body) }));
    return refundView(await this.refunds.send(noted.id));
  }

  @Post('payments/:id/cancel')
  @HttpCode(200)
  @Scopes('payments:write')
  @ApiOperation({
    operationId: 'cancelPayment',
    summary: 'Give up a payment that is pending',
    description:
      'For a charge that the customer was asked to confirm, or that was never sent. Refused (409 payment_in_progress) where the provider cannot be sure that nothing comes of it any more. The invoice stays to be paid. The same request again changes nothing.',
  })
  @ApiOkResponse({ type: PaymentView, description: 'The payment as it is now: it may have succeeded meanwhile.' })
  @ApiProblems(404, 409, 422)
  async cancel(@CurrentCall() call: Call, @Param('id') id: string): Promise<PaymentView> {
    await this.writes.once(call, (tx) => this.canceling.request(tx, call, id), { keyRequired: false });
    await this.collect.cancel(id);
    return this.database.transaction((tx) => this.payments.one(tx, id));
  }

  @Post('invoices/:idOrNumber/pay')
  @HttpCode(200)
  @Scopes('payments:write')
  @ApiOperation({
    operationId: 'payInvoice',
    summary: 'Collect an invoice now, by the payment method of its account',
    description:
      'Where a payment of the invoice is pending, it goes on. One that waits for the customer to confirm it is given up if another payment method was added since, and charged to that one; 409 payment_in_progress where the provider cannot give it up.',
  })
  @ApiOkResponse({ type: PaymentView, description: 'The payment as it is now.' })
  @ApiProblems(404, 409, 422)
  async pay(@CurrentCall() call: Call, @Param('idOrNumber') idOrNumber: string): Promise<PaymentView> {
    const begun = await this.writes.once(call, async (tx) => ({ id: await this.paying.run(tx, call, idOrNumber) }));
    await this.collect.run(begun.id);
    return this.database.transaction((tx) => this.payments.one(tx, begun.id));
  }
}
