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
  @ApiOperation({
    operationId: 'setUpPaymentMethod',
    summary: 'Where the customer adds a payment method: card numbers never pass here',
    description:
      'The answer may hold a secret, so it is not stored: an Idempotency-Key is not needed and has no effect, and asking again is safe.',
  })
  @ApiCreatedResponse({ type: MethodSetupView, description: 'A page, or a secret for the library of the provider.' })
  @ApiProblems(404, 409, 422, 503)
  async setUp(@CurrentCall() call: Call, @Key() key: string): Promise<MethodSetupView> {
    const holder = await this.writes.run(call, (tx) => this.methods.holder(tx, key)); // the answer holds a secret, so it is not stored
    return this.methods.setUp(holder);
  }

  @Post()
  @Scopes('payments:write')
  @ApiOperation({
    operationId: 'addPaymentMethod',
    summary: 'Add a payment method by its token; what is unpaid is collected with it at once',
    description:
      'One that the account has already stays the same, and is the one that is charged from now on. A payment that waits for the customer to confirm it is given up and charged to the new payment method, where the provider can give it up.',
  })
  @ApiCreatedResponse({ type: PaymentMethodView, description: 'The payment method.' })
  @ApiProblems(404, 409, 422, 503)
  async add(@CurrentCall() call: Call, @Key() key: string, @Body() { token }: AddPaymentMethodDto): Promise<PaymentMethodView> {
    const stored = this.methods.store(key, token);
    await Promise.allSettled([stored]); // before the transaction; what it refuses is refused within, where answers are stored
    return this.writes.once(call, async (tx) => this.methods.keep(tx, call, await stored));
  }

  @Get()
  @Scopes('payments:read')
  @ApiOperation({ operationId: 'listPaymentMethods', summary: 'The payment methods of an account' })
  @ApiOkResponse({ type: PaymentMethodsView, description: 'The one added last comes first.' })
  @ApiProblems(404)
  list(@Key() key: string): Promise<PaymentMethodsView> {
    return this.database.transaction((tx) => this.methods.list(tx, key));
  }
}
