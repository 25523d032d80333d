import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsInstant, IsKey, IsMonth } from '../common/http/field-rules.js';
import { TableQuery } from '../common/http/table.js';

/** What every report of the books may be narrowed to. */
export class ReportQuery extends TableQuery {
  @ApiPropertyOptional({ description: 'As of when; now, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  asOf?: string;

  @ApiPropertyOptional({ description: 'Only the books of this seller (its key).' })
  @IsOptional()
  @IsKey()
  seller?: string;
}

export class MonthsQuery extends ReportQuery {
  @ApiPropertyOptional({ description: 'The first month; eleven before the last, where absent.', example: '2026-01' })
  @IsOptional()
  @IsMonth()
  from?: string;

  @ApiPropertyOptional({ description: 'The last month; that of `asOf`, where absent.', example: '2026-12' })
  @IsOptional()
  @IsMonth()
  to?: string;
}

class RowOfBooks {
  @ApiProperty({ description: 'In whose books: the key of the seller.' })
  seller!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;
}

class RowOfMonth extends RowOfBooks {
  @ApiProperty({ description: 'The month, in UTC.', example: '2026-01' })
  month!: string;
}

export class RevenueRow extends RowOfMonth {
  @ApiProperty({ description: 'What was paid in advance and is earned.', example: '310.00' })
  fromDeferred!: string;

  @ApiProperty({ description: 'Usage, and what is charged after its service.', example: '20.00' })
  onUse!: string;

  @ApiProperty({
    description: 'Everything else: one-time prices, less what credit notes took of revenue that was earned.',
    example: '5.00',
  })
  atOnce!: string;

  @ApiProperty({ description: 'All revenue of the month: what the ledger account `revenue` moved by.', example: '335.00' })
  recognized!: string;
}

export class RevenueReportView {
  @ApiProperty({ description: 'As of when.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({ description: 'By month, seller and currency; nothing for months without revenue.', type: [RevenueRow] })
  data!: RevenueRow[];
}

export class DeferredRow extends RowOfMonth {
  @ApiProperty({
    description: '`actual` up to `asOf`; `scheduled` is what is left of that month, and later ones, if nothing more is billed.',
    enum: ['actual', 'scheduled'],
  })
  status!: 'actual' | 'scheduled';

  @ApiProperty({ description: 'Deferred when the month began, or as of `asOf`.', example: '100.00' })
  opening!: string;

  @ApiProperty({ description: 'Billed ahead of its service, less what was credited of it.', example: '310.00' })
  billed!: string;

  @ApiProperty({ description: 'Became revenue.', example: '310.00' })
  recognized!: string;

  @ApiProperty({
    description: 'opening + billed - recognized: the balance of the ledger account `deferred_revenue` then.',
    example: '100.00',
  })
  closing!: string;
}

export class DeferredReportView {
  @ApiProperty({ description: 'As of when.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({ description: 'By month, seller and currency; nothing for months in which nothing was deferred.', type: [DeferredRow] })
  data!: DeferredRow[];
}
