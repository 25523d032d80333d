import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { IsInstant, IsKey, IsQuantities, IsWhen, IsWhenOrAuto, KEY_PATTERN } from '../common/http/field-rules.js';
import type { Proration } from '../domain/subscription/facts.js';
import { OverridesDto } from './overrides.dto.js';

const PRORATIONS = ['prorate', 'none'] as const satisfies readonly Proration[];
const ANCHORS = ['keep', 'reset'] as const;

export const QUANTITIES = {
  description: 'Units of recurring prices, by price key: whole numbers from 0. A price that is not named is held once.',
  type: 'object',
  additionalProperties: { type: 'integer', minimum: 0, maximum: 1_000_000_000 },
  example: { seat: 3 },
} as const;

/** Why, for the account's timeline. */
class ActionDto {
  @ApiPropertyOptional({ description: "Why; kept in the account's timeline.", minLength: 1, maxLength: 500 })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

export class UncancelDto extends ActionDto {}
export class DiscardScheduledDto extends ActionDto {}

export class ResumeDto extends ActionDto {
  @ApiPropertyOptional({
    description: '`now`, `period_end`, or an instant (RFC 3339).',
    type: String,
    default: 'now',
    example: 'period_end',
  })
  @IsOptional()
  @IsWhen()
  when?: string;
}

export class PauseDto extends ResumeDto {
  @ApiPropertyOptional({ description: 'When it ends by itself; open if left out.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  resumesAt?: string;
}

export class ExtendTrialDto extends ActionDto {
  @ApiProperty({ description: "The trial's new end: later, or earlier, but not in the past.", format: 'date-time' })
  @IsInstant()
  trialEndsAt!: string;
}

export class ChangeQuantityDto extends ResumeDto {
  @ApiProperty({ description: 'Key of a recurring price of the plan.', pattern: KEY_PATTERN, example: 'seat' })
  @IsKey()
  price!: string;

  @ApiProperty({ description: 'How many units are held from then on.', type: 'integer', minimum: 0, maximum: 1_000_000_000, example: 5 })
  @IsInt()
  @Min(0)
  @Max(1_000_000_000)
  quantity!: number;
}

export class CancelDto extends ActionDto {
  @ApiPropertyOptional({
    description: '`period_end`, `now`, or an instant (RFC 3339).',
    type: String,
    default: 'period_end',
    example: 'now',
  })
  @IsOptional()
  @IsWhen()
  when?: string;

  @ApiPropertyOptional({
    description: 'Whether the unused rest of what was paid in advance is credited.',
    enum: PRORATIONS,
    default: 'none',
  })
  @IsOptional()
  @IsIn(PRORATIONS)
  proration?: Proration;

  @ApiPropertyOptional({ description: 'False waives the metered usage of the period that the end cuts short.', default: true })
  @IsOptional()
  @IsBoolean()
  invoiceUsage?: boolean;
}

export class ChangePlanDto extends ActionDto {
  @ApiProperty({ description: 'Key of the plan to move to.', pattern: KEY_PATTERN, example: 'cloud-pro' })
  @IsKey()
  plan!: string;

  @ApiPropertyOptional({
    description: 'Its version; the one in force when the change takes effect if left out.',
    type: 'integer',
    minimum: 1,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  planVersion?: number;

  @ApiPropertyOptional({
    description:
      '`now`, `period_end`, an instant (RFC 3339), or `auto`: a plan that is cheaper a month, or has another interval, at the end of the period, any other now.',
    type: String,
    default: 'now',
    example: 'period_end',
  })
  @IsOptional()
  @IsWhenOrAuto()
  when?: string;

  @ApiPropertyOptional({
    description: 'Whether the rest of the period is credited and charged anew (`prorate`), or keeps what was paid for it (`none`).',
    enum: PRORATIONS,
    default: 'prorate',
  })
  @IsOptional()
  @IsIn(PRORATIONS)
  proration?: Proration;

  @ApiPropertyOptional({
    description: 'Whether billing periods go on (`keep`), or begin anew at the change (`reset`): always so when the interval differs.',
    enum: ANCHORS,
  })
  @IsOptional()
  @IsIn(ANCHORS)
  anchor?: 'keep' | 'reset';

  @ApiPropertyOptional({ ...QUANTITIES, description: `${QUANTITIES.description} Carried over by price key if left out.` })
  @IsOptional()
  @IsQuantities()
  quantities?: Record<string, number>;

  @ApiPropertyOptional({
    description: 'What is granted beyond the plan. If left out, it is kept over versions of one plan, and dropped with the plan.',
    type: OverridesDto,
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => OverridesDto)
  overrides?: OverridesDto;

  @ApiPropertyOptional({
    description: 'Refuses a plan whose lower limits are exceeded by what is used now (409, with the numbers).',
    default: false,
  })
  @IsOptional()
  @IsBoolean()
  enforceLimits?: boolean;
}
