import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsInstant, IsMonth } from '../../common/http/field-rules.js';
import { TableQuery } from '../../common/http/table.js';

export class MrrQuery extends TableQuery {
  @ApiPropertyOptional({ description: 'By what was known then; now, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  asOf?: string;

  @ApiPropertyOptional({ description: 'The first month, of UTC; 11 months before the last, where absent.', example: '2026-01' })
  @IsOptional()
  @IsMonth()
  from?: string;

  @ApiPropertyOptional({ description: 'The last month; the one of `asOf`, where absent or later.', example: '2026-03' })
  @IsOptional()
  @IsMonth()
  to?: string;
}

export class MrrRowView {
  @ApiProperty({ description: 'The month, of UTC.', example: '2026-01' })
  month!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'At the start of the month.', example: '39.00' })
  opening!: string;

  @ApiProperty({ description: 'Of accounts that never had any.', example: '9.00' })
  new!: string;

  @ApiProperty({ description: 'Of accounts that have more than at the start.', example: '0.00' })
  expansion!: string;

  @ApiProperty({ description: 'Of accounts that have less: below zero.', example: '-2.00' })
  contraction!: string;

  @ApiProperty({ description: 'Of accounts that have none any more: below zero.', example: '0.00' })
  churn!: string;

  @ApiProperty({ description: 'Of accounts that had some once, but none at the start.', example: '0.00' })
  reactivation!: string;

  @ApiProperty({ description: 'At the end of the month: opening and all movements.', example: '46.00' })
  closing!: string;

  @ApiProperty({ description: 'Accounts with recurring revenue at the end.', type: 'integer' })
  accounts!: number;
}

export class MrrView {
  @ApiProperty({ description: 'As of when.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({ description: 'By month and currency.', type: [MrrRowView] })
  data!: MrrRowView[];
}
