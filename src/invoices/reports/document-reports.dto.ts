import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsInstant, IsKey } from '../../common/http/field-rules.js';
import { TableQuery } from '../../common/http/table.js';

const BY = ['meter', 'price', 'account', 'month'] as const;

/** Which documents a report is of. */
export class DocumentsQuery extends TableQuery {
  @ApiPropertyOptional({ description: 'Documents issued at this instant or later; all of them, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ description: 'Documents issued before this instant; up to now, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  to?: string;

  @ApiPropertyOptional({ description: 'Only the books of this seller (its key).' })
  @IsOptional()
  @IsKey()
  seller?: string;
}

export class TaxReportQuery extends DocumentsQuery {}

export class UsageReportQuery extends DocumentsQuery {
  @ApiPropertyOptional({ description: 'Only usage of this meter (its key).' })
  @IsOptional()
  @IsKey()
  meter?: string;

  @ApiPropertyOptional({ description: 'Only usage of this account (its key).' })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'What is told apart besides seller, currency and meter.', enum: BY, default: 'meter' })
  @IsOptional()
  @IsIn(BY)
  by: (typeof BY)[number] = 'meter';
}

class RowOfDocuments {
  @ApiProperty({ description: 'In whose books: the key of the seller.' })
  seller!: string;

  @ApiProperty({ description: 'The currency.', example: 'EUR' })
  currency!: string;
}

export class TaxRow extends RowOfDocuments {
  @ApiProperty({ description: 'Key of the tax rate.', example: 'de-vat' })
  taxRate!: string;

  @ApiProperty({ description: 'The category of EN 16931.', example: 'S' })
  category!: string;

  @ApiProperty({ description: 'A decimal fraction.', example: '0.19' })
  rate!: string;

  @ApiProperty({ description: 'What the rate was applied to on invoices.', example: '1200.00' })
  taxableInvoiced!: string;

  @ApiProperty({ description: 'The tax on invoices.', example: '228.00' })
  taxInvoiced!: string;

  @ApiProperty({ description: 'What of that credit notes took back, and invoices that are void.', example: '100.00' })
  taxableCredited!: string;

  @ApiProperty({ description: 'The tax that they took back.', example: '19.00' })
  taxCredited!: string;

  @ApiProperty({ description: 'taxableInvoiced - taxableCredited.', example: '1100.00' })
  taxable!: string;

  @ApiProperty({
    description: 'taxInvoiced - taxCredited: over all rates what the ledger account `tax_payable` moved by.',
    example: '209.00',
  })
  tax!: string;
}

class DocumentsView {
  @ApiProperty({ description: 'From.', type: String, nullable: true, format: 'date-time' })
  from!: string | null;

  @ApiProperty({ description: 'To (not included).', format: 'date-time' })
  to!: string;
}

export class TaxReportView extends DocumentsView {
  @ApiProperty({ description: 'By seller, currency, category and rate.', type: [TaxRow] })
  data!: TaxRow[];
}

export class UsageRow extends RowOfDocuments {
  @ApiProperty({ description: 'Key of the meter.' })
  meter!: string;

  @ApiProperty({ description: 'Key of the plan, by price; else null.', type: String, nullable: true })
  plan!: string | null;

  @ApiProperty({ description: 'Key of the price, by price; else null.', type: String, nullable: true })
  price!: string | null;

  @ApiProperty({ description: 'Key of the account, by account; else null.', type: String, nullable: true })
  account!: string | null;

  @ApiProperty({ description: 'The month (UTC) of the documents, by month; else null.', type: String, nullable: true, example: '2026-01' })
  month!: string | null;

  @ApiProperty({ description: 'What was metered, before free units, with at most 6 decimals a line.', example: '372' })
  quantity!: string;

  @ApiProperty({ description: 'What it was invoiced at, before discount and tax.', example: '18.60' })
  amount!: string;

  @ApiProperty({ description: 'What coupons took off.', example: '0.00' })
  discount!: string;

  @ApiProperty({ description: 'What credit notes took back of it, without tax.', example: '0.00' })
  credited!: string;

  @ApiProperty({
    description: 'What is left without discount and tax: the revenue of these lines, as the ledger has it.',
    example: '18.60',
  })
  revenue!: string;
}

export class UsageReportView extends DocumentsView {
  @ApiProperty({ description: 'By seller, currency, meter and what was asked for.', type: [UsageRow] })
  data!: UsageRow[];
}
