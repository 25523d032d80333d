import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
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
} from 'class-validator';
import { IsWhen } from '../../common/http/field-rules.js';
import { WAIT_SECONDS } from '../invoices.dto.js';

const VERSION_MAX = 2_147_483_647;
const WAIT_SECONDS_MAX = 300;

export class MigratePlanDto {
  @ApiPropertyOptional({
    description: 'Only holders of these versions; of all others if left out.',
    type: [Number],
    minItems: 1,
    maxItems: 1000,
    example: [1],
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ArrayUnique()
  @IsInt({ each: true })
  @Min(1, { each: true })
  @Max(VERSION_MAX, { each: true })
  fromVersions?: number[];

  @ApiProperty({ description: 'The version that they are moved to.', type: 'integer', minimum: 1, example: 2 })
  @IsInt()
  @Min(1)
  @Max(VERSION_MAX)
  toVersion!: number;

  @ApiProperty({
    description: "`now` (prorated), `period_end` (each holder's), or an instant (RFC 3339).",
    type: String,
    example: 'period_end',
  })
  @IsWhen()
  when!: string;

  @ApiPropertyOptional({ description: 'Only says how many it concerns and what it changes in money.', default: false })
  @IsOptional()
  @IsBoolean()
  dryRun?: boolean;

  @ApiPropertyOptional({ description: "Why; kept in the accounts' timelines.", minLength: 1, maxLength: 500 })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;

  @ApiPropertyOptional({
    description: 'How long to wait for its end before answering.',
    type: 'integer',
    minimum: 0,
    maximum: WAIT_SECONDS_MAX,
    default: WAIT_SECONDS,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(WAIT_SECONDS_MAX)
  waitSeconds?: number;
}

export class RefusedHolderView {
  @ApiProperty({ description: 'The subscription that was not moved.' })
  subscription!: string;

  @ApiProperty({ description: 'Why: a code.', example: 'plan_not_held' })
  code!: string;

  @ApiProperty({ description: 'Why, and what to do.' })
  detail!: string;
}

export class RecurringChangeView {
  @ApiProperty({ description: 'A month of the recurring prices of the holders, as they are.', example: '120.00' })
  before!: string;

  @ApiProperty({ description: 'The same after the migration.', example: '150.00' })
  after!: string;
}

export class PlanMigrationView {
  @ApiProperty({ description: 'Names the migration.', example: 'mig_0a1b2c3d4e' })
  id!: string;

  @ApiProperty({ description: 'Key of the plan.' })
  plan!: string;

  @ApiProperty({ description: 'The versions whose holders it concerns; null for all others.', type: [Number], nullable: true })
  fromVersions!: number[] | null;

  @ApiProperty({ description: 'The version that they are moved to.', type: 'integer' })
  toVersion!: number;

  @ApiProperty({ description: '`now`, `period_end` or an instant.' })
  when!: string;

  @ApiProperty({ description: 'Whether nothing is changed.' })
  dryRun!: boolean;

  @ApiProperty({ description: 'Why.', type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ description: 'How far it is.', enum: ['queued', 'running', 'finished'] })
  status!: string;

  @ApiProperty({ description: 'When it was asked for.', format: 'date-time' })
  requestedAt!: string;

  @ApiProperty({ description: 'When it finished.', type: String, nullable: true, format: 'date-time' })
  finishedAt!: string | null;

  @ApiProperty({ description: 'How many subscriptions it concerns, so far.', type: 'integer' })
  holders!: number;

  @ApiProperty({ description: 'How many were moved.', type: 'integer' })
  moved!: number;

  @ApiProperty({ description: 'Those that could not be: the first thousand.', type: [RefusedHolderView] })
  refused!: RefusedHolderView[];

  @ApiProperty({
    description: 'Only of a dry run: what would be billed at once, less what would be credited.',
    type: String,
    nullable: true,
  })
  dueNow!: string | null;

  @ApiProperty({ description: 'What it changes from month to month.', type: RecurringChangeView })
  recurringPerMonth!: RecurringChangeView;
}
