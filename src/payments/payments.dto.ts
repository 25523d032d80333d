import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import { IsAboveZero, IsDay, IsDecimalString, IsKey, NullIsAbsent } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';

const STATES = ['pending', 'succeeded', 'failed'] as const;
const METHODS = ['wire', 'cheque', 'cash', 'other'] as const;
const ID = /^[a-z]{2,6}_[0-9a-z]{1,60}$/;

export class PaymentsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only payments of this account (its key).' })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Only payments of this invoice (its id).' })
  @IsOptional()
  @Matches(ID)
  invoice?: string;

  @ApiPropertyOptional({ description: 'Only payments in this state.', enum: STATES })
  @IsOptional()
  @IsIn(STATES)
  state?: (typeof STATES)[number];
}

export class RecordPaymentDto {
  @ApiProperty({ description: 'The id or number of the invoice that it pays.' })
  @IsString()
  @Length(1, 100)
  invoice!: string;

  @ApiProperty({ description: 'What came in, in the currency of the invoice; not more than is left to pay.', example: '120.00' })
  @IsDecimalString()
  @IsAboveZero()
  amount!: string;

  @ApiProperty({ description: 'How it came.', enum: METHODS })
  @IsIn(METHODS)
  method!: (typeof METHODS)[number];

  @ApiPropertyOptional({ description: 'The reference on the statement.', maxLength: 200 })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  reference?: string;

  @ApiPropertyOptional({ description: 'The day it came in; not one that lies ahead.', format: 'date' })
  @IsOptional()
  @NullIsAbsent()
  @IsDay()
  receivedOn?: string;
}

export class CreateRefundDto {
  @ApiPropertyOptional({ description: 'What to give back; all that is left of the payment, where absent.', example: '5.00' })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  @IsAboveZero()
  amount?: string;

  @ApiProperty({ description: 'Why.', minLength: 1, maxLength: 500 })
  @IsString()
  @Length(1, 500)
  reason!: string;
}

export class RefundView {
  @ApiProperty({ description: 'Names the refund.' })
  id!: string;

  @ApiProperty({ description: 'The payment that is given back.' })
  payment!: string;

  @ApiProperty({ description: 'How far it is.', enum: STATES })
  state!: string;

  @ApiProperty({ description: 'What is given back.' })
  amount!: string;

  @ApiProperty({ description: 'The currency.' })
  currency!: string;

  @ApiProperty({ description: 'Why.' })
  reason!: string;

  @ApiProperty({
    description: 'The credit note that it settles; what cannot be refunded of it goes to the balance.',
    type: String,
    nullable: true,
  })
  creditNote!: string | null;

  @ApiProperty({ description: 'Why it failed.', type: String, nullable: true })
  failure!: string | null;

  @ApiProperty({ description: 'When it was asked for.', format: 'date-time' })
  createdAt!: string;
}

export class CarriedInvoiceView {
  @ApiProperty({ description: 'The invoice.' })
  invoice!: string;

  @ApiProperty({ description: 'How much of it.' })
  amount!: string;
}

export class PaymentView {
  @ApiProperty({ description: 'Names the payment.' })
  id!: string;

  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'The invoice that it pays.' })
  invoice!: string;

  @ApiProperty({ description: 'Who moved the money.', example: 'sandbox' })
  provider!: string;

  @ApiProperty({ description: 'How far it is. Pending: the outcome is not known yet.', enum: STATES })
  state!: string;

  @ApiProperty({ description: 'How much.' })
  amount!: string;

  @ApiProperty({
    description:
      'Smaller invoices that are charged with it, because the provider does not charge so little. Once it succeeds there is a payment of each, with the same reference.',
    type: [CarriedInvoiceView],
  })
  carried!: CarriedInvoiceView[];

  @ApiProperty({ description: 'The currency.' })
  currency!: string;

  @ApiProperty({ description: 'How it was paid.' })
  method!: string;

  @ApiProperty({ description: "The provider's or the statement's reference.", type: String, nullable: true })
  reference!: string | null;

  @ApiProperty({ description: 'The day it came in, where it was recorded by hand.', type: String, nullable: true, format: 'date' })
  receivedOn!: string | null;

  @ApiProperty({ description: 'Why it failed, or what it waits for.', type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ description: 'When it was begun.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When its outcome was known.', type: String, nullable: true, format: 'date-time' })
  settledAt!: string | null;

  @ApiProperty({ description: 'What was given back of it.', type: [RefundView] })
  refunds!: RefundView[];
}

export class AddPaymentMethodDto {
  @ApiProperty({
    description:
      "A token that the provider's page or library made. The sandbox knows sandbox_ok, sandbox_declined_soft, sandbox_declined_hard, sandbox_expired and others.",
    minLength: 1,
    maxLength: 500,
    example: 'sandbox_ok',
  })
  @IsString()
  @Length(1, 500)
  token!: string;
}

export class PaymentMethodView {
  @ApiProperty({ description: 'Names the payment method.' })
  id!: string;

  @ApiProperty({ description: 'Who holds it.' })
  provider!: string;

  @ApiProperty({ description: 'For people.' })
  label!: string;

  @ApiProperty({ description: 'When it was first added.', format: 'date-time' })
  createdAt!: string;
}

export class PaymentMethodsView {
  @ApiProperty({
    description: "The one added last comes first; of those that the account's provider holds, the first one is charged.",
    type: [PaymentMethodView],
  })
  data!: PaymentMethodView[];
}

export class MethodSetupView {
  @ApiProperty({ description: 'What the customer needs.', enum: ['page', 'client_secret'] })
  kind!: string;

  @ApiPropertyOptional({ description: 'The page to send the customer to.' })
  url?: string;

  @ApiPropertyOptional({ description: "The secret for the provider's library." })
  secret?: string;
}
