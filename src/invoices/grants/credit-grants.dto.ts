import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { IsAboveZero, IsDecimalString, IsInstant, NullIsAbsent } from '../../common/http/field-rules.js';
import { GRANT_KINDS, GRANT_PRIORITY } from '../../domain/billing/grants.js';
import { ENTRY_KINDS } from './grant-entries.js';

const STATUSES = ['active', 'used', 'expired', 'voided'] as const;

export class CreateCreditGrantDto {
  @ApiProperty({ description: "In major units of the account's currency, above zero. It pays amounts that include tax.", example: '39.00' })
  @IsDecimalString()
  @IsAboveZero()
  amount!: string;

  @ApiProperty({
    description:
      '`paid`: the customer paid for it, so it is a liability. `promotional`: given away, so it lessens what was earned where it pays.',
    enum: GRANT_KINDS,
  })
  @IsIn(GRANT_KINDS)
  kind!: (typeof GRANT_KINDS)[number];

  @ApiPropertyOptional({
    description: 'Lower numbers are burnt down first.',
    type: 'integer',
    minimum: GRANT_PRIORITY.min,
    maximum: GRANT_PRIORITY.max,
    default: GRANT_PRIORITY.standard,
  })
  @IsOptional()
  @NullIsAbsent()
  @IsInt()
  @Min(GRANT_PRIORITY.min)
  @Max(GRANT_PRIORITY.max)
  priority?: number;

  @ApiPropertyOptional({ description: 'From this instant on it pays for nothing; never, where absent.', format: 'date-time' })
  @IsOptional()
  @NullIsAbsent()
  @IsInstant()
  expiresAt?: string;

  @ApiPropertyOptional({ description: 'What it was given for.', minLength: 1, maxLength: 200, example: 'Welcome credit' })
  @IsOptional()
  @NullIsAbsent()
  @IsString()
  @Length(1, 200)
  description?: string;
}

export class EndCreditGrantDto {
  @ApiProperty({ description: 'Why.', minLength: 1, maxLength: 500 })
  @IsString()
  @Length(1, 500)
  reason!: string;
}

/** A credit grant: amount = applied + remaining + expired + voided. */
export class CreditGrantView {
  @ApiProperty({ description: 'Names the grant.', example: 'grant_...' })
  id!: string;

  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: "The account's currency.", example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'What was granted: applied + remaining + expired + voided.', example: '39.00' })
  amount!: string;

  @ApiProperty({ description: 'Paid for, or given away.', enum: GRANT_KINDS })
  kind!: (typeof GRANT_KINDS)[number];

  @ApiProperty({ description: 'Lower numbers are burnt down first.', type: 'integer' })
  priority!: number;

  @ApiProperty({ description: 'From then on it pays for nothing; null for never.', type: String, format: 'date-time', nullable: true })
  expiresAt!: string | null;

  @ApiProperty({ description: 'What it was given for.', type: String, nullable: true })
  description!: string | null;

  @ApiProperty({ description: 'Active while something is left; else how the last of it went.', enum: STATUSES })
  status!: (typeof STATUSES)[number];

  @ApiProperty({ description: 'What it paid of invoices.', example: '17.72' })
  applied!: string;

  @ApiProperty({ description: 'What it can still pay.', example: '21.28' })
  remaining!: string;

  @ApiProperty({ description: 'What it lost by expiring.', example: '0.00' })
  expired!: string;

  @ApiProperty({ description: 'What was taken back.', example: '0.00' })
  voided!: string;

  @ApiProperty({ description: 'When it was given.', format: 'date-time' })
  createdAt!: string;
}

/** One movement of what is left of a grant. */
export class CreditGrantEntryView {
  @ApiProperty({ description: 'Names the entry.', example: 'gre_...' })
  id!: string;

  @ApiProperty({ description: 'When.', format: 'date-time' })
  at!: string;

  @ApiProperty({
    description: '`applied` to an invoice; `released`, because that invoice no longer stands; `expired`; `voided`.',
    enum: ENTRY_KINDS,
  })
  kind!: (typeof ENTRY_KINDS)[number];

  @ApiProperty({ description: 'Below zero what was used or lost, above zero what came back.', example: '-17.72' })
  amount!: string;

  @ApiProperty({ description: 'The invoice; null where it is about none.', type: String, nullable: true })
  invoice!: string | null;

  @ApiProperty({ description: 'Its number.', type: String, nullable: true })
  number!: string | null;

  @ApiProperty({ description: 'Why, where somebody said so.', type: String, nullable: true })
  reason!: string | null;
}
