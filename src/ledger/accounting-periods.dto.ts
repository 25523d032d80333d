import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { IsKey } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';

export const PERIOD_STATUSES = ['closed', 'open'] as const;
export type PeriodStatus = (typeof PERIOD_STATUSES)[number];

export class BooksQuery {
  @ApiPropertyOptional({ description: 'The key of the seller whose books they are; the standard one where left out.' })
  @IsOptional()
  @IsKey()
  seller?: string;
}

export class PeriodsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'The key of the seller whose books they are; the standard one where left out.' })
  @IsOptional()
  @IsKey()
  seller?: string;
}

export class PutAccountingPeriodDto {
  @ApiProperty({ description: '`closed`, or `open` again.', enum: PERIOD_STATUSES })
  @IsIn(PERIOD_STATUSES)
  status!: PeriodStatus;

  @ApiPropertyOptional({ description: 'The key of the seller whose books they are; the standard one where left out.' })
  @IsOptional()
  @IsKey()
  seller?: string;

  @ApiPropertyOptional({ description: 'Why; to open a month again it must be given.', minLength: 1, maxLength: 500 })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

export class AccountingPeriodView {
  @ApiProperty({ description: 'The key of the seller whose books they are.' })
  seller!: string;

  @ApiProperty({ description: 'The month, in UTC.', example: '2026-01' })
  month!: string;

  @ApiProperty({ description: 'Its first instant.', format: 'date-time' })
  startsAt!: string;

  @ApiProperty({ description: 'The first instant after it.', format: 'date-time' })
  endsAt!: string;

  @ApiProperty({ description: 'Whether anything may be posted into it. With a month, all before it are closed.', enum: PERIOD_STATUSES })
  status!: PeriodStatus;

  @ApiProperty({
    description: 'When it was closed or opened again; null for one that never was.',
    type: String,
    format: 'date-time',
    nullable: true,
  })
  changedAt!: string | null;

  @ApiProperty({ description: 'Why.', type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ description: 'How many entries the books had up to its end when it was closed.', type: String, nullable: true })
  entries!: string | null;

  @ApiProperty({ description: 'How many entries were sealed when it was closed: all of that time.', type: String, nullable: true })
  chainEntries!: string | null;

  @ApiProperty({ description: 'The hash of the last of them.', type: String, nullable: true })
  chainHash!: string | null;
}
