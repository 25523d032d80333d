import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min, ValidateNested } from 'class-validator';
import { IsInstant, IsKey, IsQuantities, KEY_PATTERN } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';
import type { Alignment, Overrides } from '../domain/subscription/facts.js';
import { STATUSES } from '../domain/subscription/lifecycle.js';
import { QUANTITIES } from './actions.dto.js';
import { OverridesDto } from './overrides.dto.js';

const ALIGNMENTS = ['anniversary', 'calendar'] as const satisfies readonly Alignment[];
const SHOWN_STATUSES = [...STATUSES, 'past_due'] as const;
type ShownStatus = (typeof SHOWN_STATUSES)[number];
const CHANGES = ['plan_changed', 'quantity_changed', 'paused', 'resumed', 'ended'] as const;
const SUBSCRIPTION_ID = '^sub_[0-9a-z]+$';

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

  @ApiPropertyOptional(QUANTITIES)
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

  @ApiPropertyOptional({ description: 'What is granted beyond the plan, to this subscription alone.', type: OverridesDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => OverridesDto)
  overrides?: OverridesDto;

  @ApiPropertyOptional({
    description: 'Makes it an add-on to this subscription of the account: it shares its periods, trial and pauses, and ends with it.',
    pattern: SUBSCRIPTION_ID,
  })
  @IsOptional()
  @Matches(new RegExp(SUBSCRIPTION_ID))
  addOnTo?: string;
}

export class SubscriptionsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only subscriptions of this account.', pattern: KEY_PATTERN })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Only subscriptions that are in this state now.', enum: SHOWN_STATUSES })
  @IsOptional()
  @IsIn(SHOWN_STATUSES)
  status?: ShownStatus;

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

export class PauseView {
  @ApiProperty({ description: 'When the pause began.', format: 'date-time' })
  start!: string;

  @ApiProperty({ description: 'When it ends; null while nobody has said so.', type: String, nullable: true, format: 'date-time' })
  end!: string | null;
}

export class ScheduledChangeView {
  @ApiProperty({ description: 'What will happen.', enum: CHANGES })
  kind!: string;

  @ApiProperty({ description: 'When it will.', format: 'date-time' })
  effectiveAt!: string;

  @ApiProperty({ description: 'The plan that will be held.', type: String, nullable: true })
  plan!: string | null;

  @ApiProperty({ description: 'Its version.', type: 'integer', nullable: true })
  planVersion!: number | null;

  @ApiProperty({ description: 'The price whose quantity will change.', type: String, nullable: true })
  price!: string | null;

  @ApiProperty({ description: 'Its new quantity.', type: 'integer', nullable: true })
  quantity!: number | null;
}

export class SubscriptionView {
  @ApiProperty({ description: 'Its id.', example: 'sub_0a1b2c3d4e' })
  id!: string;

  @ApiProperty({ description: 'Key of the account that pays.', example: 'acme' })
  account!: string;

  @ApiProperty({ description: 'The state that it is in now.', enum: SHOWN_STATUSES })
  status!: ShownStatus;

  @ApiProperty({
    description: 'Key of the plan that it holds now: the first one before its start, the last one after its end.',
    example: 'cloud',
  })
  plan!: string;

  @ApiProperty({ description: 'The version of that plan.', type: 'integer', minimum: 1 })
  planVersion!: number;

  @ApiProperty(QUANTITIES)
  quantities!: Record<string, number>;

  @ApiProperty({ description: 'What it was granted beyond the plan.', type: OverridesDto, nullable: true })
  overrides!: Overrides | null;

  @ApiProperty({ description: 'The subscription that it is an add-on to.', type: String, nullable: true })
  addOnTo!: string | null;

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
    description: 'Up to here it was paid for in the system that it came from.',
    type: String,
    nullable: true,
    format: 'date-time',
  })
  paidThrough!: string | null;

  @ApiProperty({ description: 'The pause that it is in now.', type: () => PauseView, nullable: true })
  pause!: PauseView | null;

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
