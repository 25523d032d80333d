import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsInstant, IsKey, IsQuantities, IsWhen, KEY_PATTERN } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';
import type { Alignment, Proration } from '../domain/subscription/facts.js';
import type { SubscriptionStatus } from '../domain/subscription/history.js';

const ALIGNMENTS = ['anniversary', 'calendar'] as const satisfies readonly Alignment[];
const PRORATIONS = ['prorate', 'none'] as const satisfies readonly Proration[];
const ANCHORS = ['keep', 'reset'] as const;
const STATUSES = ['scheduled', 'trialing', 'active', 'canceled'] as const satisfies readonly SubscriptionStatus[];

const quantities = {
  description: 'Units of recurring prices, by price key: whole numbers from 0. A price that is not named is held once.',
  type: 'object',
  additionalProperties: { type: 'integer', minimum: 0, maximum: 1_000_000_000 },
  example: { seat: 3 },
} as const;

export class StartSubscriptionDto {
  @ApiProperty({ description: 'Key of the account that pays.', pattern: KEY_PATTERN, example: 'acme' })
  @IsKey()
  account!: string;

  @ApiProperty({ description: 'Key of the plan.', pattern: KEY_PATTERN, example: 'cloud' })
  @IsKey()
  plan!: string;

  @ApiPropertyOptional({ description: 'The plan version; the one in force at startsAt if left out.', type: 'integer', minimum: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  planVersion?: number;

  @ApiPropertyOptional({
    description:
      'When it starts; now if left out. In the past as far back as its current billing period would have begun; further back with the scope subscriptions:backdate.',
    format: 'date-time',
  })
  @IsOptional()
  @IsInstant()
  startsAt?: string;

  @ApiPropertyOptional({
    description:
      'Whether billing periods are counted from the start (or the end of the trial), or begin with the calendar month, year, week or day.',
    enum: ALIGNMENTS,
    default: 'anniversary',
  })
  @IsOptional()
  @IsIn(ALIGNMENTS)
  alignment?: Alignment;

  @ApiPropertyOptional({ description: 'Counts billing periods from this instant instead; only with `anniversary`.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  anchorAt?: string;

  @ApiPropertyOptional(quantities)
  @IsOptional()
  @IsQuantities()
  quantities?: Record<string, number>;

  @ApiPropertyOptional({ description: "Days without charge, instead of the plan's.", type: 'integer', minimum: 0, maximum: 730 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(730)
  trialDays?: number;

  @ApiPropertyOptional({ description: 'When it ends by itself; what is charged in advance is prorated to it.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  endsAt?: string;

  @ApiPropertyOptional({ description: 'Key of a coupon to redeem.', pattern: KEY_PATTERN, example: 'spring' })
  @IsOptional()
  @IsKey()
  coupon?: string;
}

export class CancelSubscriptionDto {
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

export class ChangePlanDto {
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
    description: '`now`, `period_end`, or an instant (RFC 3339).',
    type: String,
    default: 'now',
    example: 'period_end',
  })
  @IsOptional()
  @IsWhen()
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

  @ApiPropertyOptional({ ...quantities, description: `${quantities.description} Carried over by price key if left out.` })
  @IsOptional()
  @IsQuantities()
  quantities?: Record<string, number>;
}

export class SubscriptionsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only subscriptions of this account.', pattern: KEY_PATTERN })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Only subscriptions that are in this state now.', enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  status?: SubscriptionStatus;

  @ApiPropertyOptional({ description: 'Only subscriptions that hold this plan now.', pattern: KEY_PATTERN })
  @IsOptional()
  @IsKey()
  plan?: string;
}

export class PeriodView {
  @ApiProperty({ description: 'When the period begins.', format: 'date-time' })
  start!: string;

  @ApiProperty({ description: 'When it ends; this instant belongs to the next one.', format: 'date-time' })
  end!: string;
}

export class ScheduledChangeView {
  @ApiProperty({ description: 'What will happen.', enum: ['plan_changed', 'ended'] })
  kind!: string;

  @ApiProperty({ description: 'When it will.', format: 'date-time' })
  effectiveAt!: string;

  @ApiProperty({ description: 'The plan that will be held.', type: String, nullable: true })
  plan!: string | null;

  @ApiProperty({ description: 'Its version.', type: 'integer', nullable: true })
  planVersion!: number | null;
}

export class SubscriptionView {
  @ApiProperty({ description: 'Its id.', example: 'sub_0a1b2c3d4e' })
  id!: string;

  @ApiProperty({ description: 'Key of the account that pays.', example: 'acme' })
  account!: string;

  @ApiProperty({ description: 'The state that it is in now.', enum: STATUSES })
  status!: SubscriptionStatus;

  @ApiProperty({
    description: 'Key of the plan that it holds now: the first one before its start, the last one after its end.',
    example: 'cloud',
  })
  plan!: string;

  @ApiProperty({ description: 'The version of that plan.', type: 'integer', minimum: 1 })
  planVersion!: number;

  @ApiProperty(quantities)
  quantities!: Record<string, number>;

  @ApiProperty({ description: 'When it starts, or started.', format: 'date-time' })
  startsAt!: string;

  @ApiProperty({ description: 'When its trial ends, or ended.', type: String, nullable: true, format: 'date-time' })
  trialEndsAt!: string | null;

  @ApiProperty({ description: 'When it ends, or ended; null while it renews.', type: String, nullable: true, format: 'date-time' })
  endsAt!: string | null;

  @ApiProperty({ description: 'How its billing periods lie.', enum: ALIGNMENTS })
  alignment!: Alignment;

  @ApiProperty({ description: 'The instant from which its billing periods are counted.', format: 'date-time' })
  anchorAt!: string;

  @ApiProperty({
    description: "The account's time zone at the start, in which its periods are counted for good.",
    example: 'Europe/Berlin',
  })
  timeZone!: string;

  @ApiProperty({ description: 'Key of the coupon that was redeemed.', type: String, nullable: true })
  coupon!: string | null;

  @ApiProperty({
    description: 'The billing period (or trial) that it is in now; null before its start and after its end.',
    type: PeriodView,
    nullable: true,
  })
  currentPeriod!: PeriodView | null;

  @ApiProperty({ description: 'What was decided and has not taken effect yet, in order.', type: [ScheduledChangeView] })
  scheduledChanges!: ScheduledChangeView[];

  @ApiProperty({ description: 'When it was created.', format: 'date-time' })
  createdAt!: string;
}
