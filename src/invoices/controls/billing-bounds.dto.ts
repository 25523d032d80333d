import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { DECIMAL_PATTERN, IsAboveZero, IsDecimalString, NullIsAbsent } from '../../common/http/field-rules.js';

export class PutBillingBoundsDto {
  @ApiPropertyOptional({
    description: 'An account is parked where its invoice would come to more than this, in major units. No bound, where absent.',
    type: String,
    nullable: true,
    pattern: DECIMAL_PATTERN,
    example: '100000.00',
  })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  @IsAboveZero()
  totalMax?: string;

  @ApiPropertyOptional({
    description:
      'An account is parked where its invoice would come to more than this many times the greatest of its last 12 invoices; at least 1. No bound, where absent.',
    type: String,
    nullable: true,
    pattern: DECIMAL_PATTERN,
    example: '20',
  })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  @IsAboveZero()
  growthMax?: string;

  @ApiPropertyOptional({
    description: 'Up to this total, in major units, growth is not looked at.',
    type: String,
    pattern: DECIMAL_PATTERN,
    default: '0',
    example: '500.00',
  })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  growthFrom?: string;
}

export class BillingBoundsView {
  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'The greatest total that is billed unseen; null for no bound.', type: String, nullable: true })
  totalMax!: string | null;

  @ApiProperty({
    description: 'How many times the greatest of the last 12 invoices a total may be; null for no bound.',
    type: String,
    nullable: true,
  })
  growthMax!: string | null;

  @ApiProperty({ description: 'Up to this total growth is not looked at.', example: '500.00' })
  growthFrom!: string;
}
