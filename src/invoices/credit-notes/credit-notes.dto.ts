import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsOptional, IsString, Length, Matches, ValidateNested } from 'class-validator';
import { IsAboveZero, IsDecimalString, IsInstant, IsKey, NullIsAbsent } from '../../common/http/field-rules.js';
import { PageQuery } from '../../common/http/page.js';
import { InvoiceTaxView } from '../invoices.dto.js';

const SETTLES = ['refund', 'balance', 'none'] as const;
const LINES_MAX = 1_000;
const ID = /^[a-z]{2,6}_[0-9a-z]{1,60}$/;

export class CreditLineDto {
  @ApiProperty({ description: 'The id of a line of the invoice that charges something.' })
  @IsString()
  @Length(1, 100)
  line!: string;

  @ApiPropertyOptional({
    description: 'What to take off it, after discount and before tax; all that is left of it, where absent.',
    example: '5.00',
  })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  @IsAboveZero()
  amount?: string;
}

export class CreateCreditNoteDto {
  @ApiPropertyOptional({
    description: 'What to credit, line by line. Not together with an amount.',
    type: [CreditLineDto],
    maxItems: LINES_MAX,
  })
  @IsOptional()
  @NullIsAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LINES_MAX)
  @ValidateNested({ each: true })
  @Type(() => CreditLineDto)
  lines?: CreditLineDto[];

  @ApiPropertyOptional({
    description:
      'The total of the credit note, tax included, spread over what is left of the lines. Without lines and amount, all that is left.',
    example: '12.00',
  })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  @IsAboveZero()
  amount?: string;

  @ApiProperty({ description: 'Why; it stands on the credit note.', minLength: 1, maxLength: 500 })
  @IsString()
  @Length(1, 500)
  reason!: string;

  @ApiProperty({
    description:
      'A credit note takes off what is unpaid first. The rest is refunded to its payments, or stands on the balance of the account; `none`: there is no rest, but for what was refunded before.',
    enum: SETTLES,
  })
  @IsIn(SETTLES)
  settle!: (typeof SETTLES)[number];
}

export class CreditNotesQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only credit notes of this account (its key).' })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Only credit notes of this invoice (its id).' })
  @IsOptional()
  @Matches(ID)
  invoice?: string;

  @ApiPropertyOptional({ description: 'Issued at this instant or later.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ description: 'Issued before this instant.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  to?: string;
}

export class CreditNoteLineView {
  @ApiProperty({ description: 'The line of the invoice.' })
  line!: string;

  @ApiProperty({ description: 'For people.' })
  description!: string;

  @ApiProperty({ description: 'What is taken off it, after discount and before tax.', example: '5.00' })
  amount!: string;
}

/** A credit note is final: nothing of it ever changes. Its refunds stand with the payments. */
export class CreditNoteView {
  @ApiProperty({ description: 'Names the credit note.' })
  id!: string;

  @ApiProperty({ description: 'Its number: in each series without a gap.', example: 'CN-000007' })
  number!: string;

  @ApiProperty({ description: 'The invoice that it credits.' })
  invoice!: string;

  @ApiProperty({ description: 'The number of that invoice.', example: 'INV-000042' })
  invoiceNumber!: string;

  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'When it was issued.', format: 'date-time' })
  issuedAt!: string;

  @ApiProperty({ description: 'Why.' })
  reason!: string;

  @ApiProperty({ description: 'How what had been paid is given back.', enum: SETTLES })
  settle!: string;

  @ApiProperty({ description: 'What is credited.', type: [CreditNoteLineView] })
  lines!: CreditNoteLineView[];

  @ApiProperty({ description: 'The sum of the lines.' })
  subtotal!: string;

  @ApiProperty({ description: 'Tax per rate. All credit notes of an invoice take one rounded share of each.', type: [InvoiceTaxView] })
  taxes!: InvoiceTaxView[];

  @ApiProperty({ description: 'The sum of the taxes.' })
  tax!: string;

  @ApiProperty({ description: 'total = amountReduced + amountRecovered + refundedBefore + balanceCredited + amountRefunded.' })
  total!: string;

  @ApiProperty({ description: 'Taken off what was left to pay.' })
  amountReduced!: string;

  @ApiProperty({ description: 'Taken off what had been written off.' })
  amountRecovered!: string;

  @ApiProperty({ description: 'For what had been refunded without a credit note.' })
  refundedBefore!: string;

  @ApiProperty({ description: "Put on the account's balance." })
  balanceCredited!: string;

  @ApiProperty({ description: 'To be refunded; what the provider cannot refund goes to the balance.' })
  amountRefunded!: string;

  @ApiProperty({ description: 'Who sold, as it was then.', type: 'object', additionalProperties: true })
  seller!: Record<string, unknown>;

  @ApiProperty({ description: 'Who bought, as it was then.', type: 'object', additionalProperties: true })
  buyer!: Record<string, unknown>;
}
