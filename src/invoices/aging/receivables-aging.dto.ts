import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsInstant, IsKey } from '../../common/http/field-rules.js';
import { TableQuery } from '../../common/http/table.js';

const BY = ['currency', 'account'] as const;

export class AgingQuery extends TableQuery {
  @ApiPropertyOptional({ description: 'As of when; now, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  asOf?: string;

  @ApiPropertyOptional({ description: 'Only the books of this seller (its key).' })
  @IsOptional()
  @IsKey()
  seller?: string;

  @ApiPropertyOptional({ description: 'Only what this account (its key) owes.' })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'One row for each currency, or for each account and currency.', enum: BY, default: 'currency' })
  @IsOptional()
  @IsIn(BY)
  by: (typeof BY)[number] = 'currency';
}

export class AgingRowView {
  @ApiProperty({ description: 'In whose books: the key of the seller.' })
  seller!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'Who owes it: the key of the account; null in the sum over all.', type: String, nullable: true })
  account!: string | null;

  @ApiProperty({ description: 'Not due yet.', example: '12.00' })
  current!: string;

  @ApiProperty({ description: 'Up to 30 days overdue.', example: '0.00' })
  days1To30!: string;

  @ApiProperty({ description: 'More than 30 and up to 60 days.', example: '0.00' })
  days31To60!: string;

  @ApiProperty({ description: 'More than 60 and up to 90 days.', example: '0.00' })
  days61To90!: string;

  @ApiProperty({ description: 'More than 90 days.', example: '0.00' })
  days91AndMore!: string;

  @ApiProperty({
    description: 'All that is owed: over all accounts the balance of the ledger account `accounts_receivable`.',
    example: '12.00',
  })
  total!: string;
}

export class AgingView {
  @ApiProperty({ description: 'As of when.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({ description: 'By seller, currency and, where asked for, account; nothing where nothing is owed.', type: [AgingRowView] })
  data!: AgingRowView[];
}
