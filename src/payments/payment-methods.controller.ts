import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { Key } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { PaymentMethods } from './payment-methods.js';
import { AddPaymentMethodDto, MethodSetupView, PaymentMethodsView, PaymentMethodView } from './payments.dto.js';

@ApiTags('payments')
@Controller({ path: 'accounts/:key/payment-methods', version: '2' })
export class PaymentMethodsController {
  constructor(
    private readonly methods: PaymentMethods,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post('setup')
  @Scopes('payments:write')
  @ApiOperation({ operationId: 'setUpPaymentMethod', summary: 'Where the customer adds a payment method: card numbers never pass here' })
  @ApiCreatedResponse({ type: MethodSetupView, description: 'A page, or a secret for the library of the provider.' })
  @ApiProblems(404, 409, 422)
  setUp(@CurrentCall() call: Call, @Key() key: string): Promise<MethodSetupView> {
    return this.writes.once(call, (tx) => this.methods.setUp(tx, key), { keyRequired: false });
  }

  @Post()
  @Scopes('payments:write')
  @ApiOperation({
    operationId: 'addPaymentMethod',
    summary: 'Add a payment method by its token; what is unpaid is collected with it at once',
  })
  @ApiCreatedResponse({ type: PaymentMethodView, description: 'The payment method.' })
  @ApiProblems(404, 409, 422)
  add(@CurrentCall() call: Call, @Key() key: string, @Body() { token }: AddPaymentMethodDto): Promise<PaymentMethodView> {
    return this.writes.once(call, (tx) => this.methods.add(tx, call, key, token));
  }

  @Get()
  @Scopes('payments:read')
  @ApiOperation({ operationId: 'listPaymentMethods', summary: 'The payment methods of an account' })
  @ApiOkResponse({ type: PaymentMethodsView, description: 'Newest first.' })
  @ApiProblems(404)
  list(@Key() key: string): Promise<PaymentMethodsView> {
    return this.database.transaction((tx) => this.methods.list(tx, key));
  }
}
