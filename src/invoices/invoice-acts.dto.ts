import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, Length } from 'class-validator';
import { NullIsAbsent } from '../common/http/field-rules.js';

export class CloseInvoiceDto {
  @ApiProperty({ description: 'Why.', minLength: 1, maxLength: 500 })
  @IsString()
  @Length(1, 500)
  reason!: string;
}

export class VoidInvoiceDto extends CloseInvoiceDto {
  @ApiPropertyOptional({
    description: 'Whether its lines are billed again, by the next bill run. Where not, they are waived: they count as billed.',
    default: true,
  })
  @IsOptional()
  @NullIsAbsent()
  @IsBoolean()
  rebill?: boolean;
}

export class InvoiceSendingView {
  @ApiProperty({ description: 'Names the sending.' })
  id!: string;

  @ApiProperty({ description: 'The invoice.' })
  invoice!: string;

  @ApiProperty({ description: 'Its number.' })
  number!: string;

  @ApiProperty({ description: 'The e-mail of the account as it is now.', format: 'email' })
  to!: string;

  @ApiProperty({ description: 'When the event was told.', format: 'date-time' })
  sentAt!: string;
}
