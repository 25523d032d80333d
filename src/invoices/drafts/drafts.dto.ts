import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { PAYMENT_TERMS_DAYS_MAX } from '../../accounts/accounts.dto.js';
import { IsCurrency, IsDecimalString, IsInstant, IsKey, NullIsAbsent } from '../../common/http/field-rules.js';

const LINES_MAX = 200;

export class ServicePeriodDto {
  @ApiProperty({ description: 'When the service begins.', format: 'date-time' })
  @IsInstant()
  start!: string;

  @ApiProperty({ description: 'When it ends, after the start.', format: 'date-time' })
  @IsInstant()
  end!: string;
}

export class ManualLineDto {
  @ApiProperty({ description: 'For people.', minLength: 1, maxLength: 500, example: 'Consulting' })
  @IsString()
  @Length(1, 500)
  description!: string;

  @ApiPropertyOptional({ description: 'How many, above zero, with at most 6 decimals; 1 by default. Not with an amount.', example: '2.5' })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  quantity?: string;

  @ApiPropertyOptional({
    description: "In major units of the account's currency. Either this or an amount; below zero it takes something off.",
    example: '120.00',
  })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  unitPrice?: string;

  @ApiPropertyOptional({ description: 'What the line comes to, before tax that is added.', example: '300.00' })
  @IsOptional()
  @NullIsAbsent()
  @IsDecimalString()
  amount?: string;

  @ApiPropertyOptional({
    description: 'Keys of its tax rates; none for no tax. Those of the account, where absent.',
    type: [String],
    maxItems: 10,
  })
  @IsOptional()
  @NullIsAbsent()
  @IsArray()
  @ArrayMaxSize(10)
  @ArrayUnique()
  @IsKey({ each: true })
  taxRates?: string[];

  @ApiPropertyOptional({
    description: 'What is paid for over time: it becomes revenue over these days. Without it, when it is billed.',
    type: ServicePeriodDto,
  })
  @IsOptional()
  @NullIsAbsent()
  @ValidateNested()
  @Type(() => ServicePeriodDto)
  servicePeriod?: ServicePeriodDto;

  @ApiPropertyOptional({
    description: 'Absent, or null: what a subscription is charged is computed, and not edited.',
    type: String,
    nullable: true,
  })
  @IsOptional()
  @IsString()
  subscription?: string | null;
}

class InvoiceTermsDto {
  @ApiPropertyOptional({ description: 'A note to the buyer; null for none.', type: String, nullable: true, minLength: 1, maxLength: 2_000 })
  @IsOptional()
  @IsString()
  @Length(1, 2_000)
  memo?: string | null;

  @ApiPropertyOptional({
    description: "Number of the buyer's purchase order; null for none.",
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: 100,
    example: 'PO-4711',
  })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  purchaseOrder?: string | null;

  @ApiPropertyOptional({
    description: "Days from issue until it is due; null for the account's, or else the seller's.",
    type: 'integer',
    nullable: true,
    minimum: 0,
    maximum: PAYMENT_TERMS_DAYS_MAX,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(PAYMENT_TERMS_DAYS_MAX)
  paymentTermsDays?: number | null;
}

export class CreateInvoiceDto extends InvoiceTermsDto {
  @ApiProperty({ description: 'Key of the account that is charged.' })
  @IsKey()
  account!: string;

  @ApiPropertyOptional({ description: "Refused unless it is the account's: send it to be sure.", example: 'USD' })
  @IsOptional()
  @NullIsAbsent()
  @IsCurrency()
  currency?: string;

  @ApiProperty({ description: 'What is charged.', type: [ManualLineDto], minItems: 1, maxItems: LINES_MAX })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LINES_MAX)
  @ValidateNested({ each: true })
  @Type(() => ManualLineDto)
  lines!: ManualLineDto[];

  @ApiPropertyOptional({ description: 'Whether it waits as a draft until it is finalized by hand.', default: false })
  @IsOptional()
  @IsBoolean()
  draft?: boolean;
}

export class ChangeDraftDto extends InvoiceTermsDto {
  @ApiPropertyOptional({
    description: 'All lines that are added by hand, in the place of those before. What subscriptions come to stays as it is computed.',
    type: [ManualLineDto],
    maxItems: LINES_MAX,
  })
  @IsOptional()
  @NullIsAbsent()
  @IsArray()
  @ArrayMaxSize(LINES_MAX)
  @ValidateNested({ each: true })
  @Type(() => ManualLineDto)
  lines?: ManualLineDto[];
}
