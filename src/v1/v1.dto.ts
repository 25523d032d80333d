import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsEmail, IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { IsKey, KEY_PATTERN } from '../common/http/field-rules.js';
import { ACCOUNT_KINDS, type AccountKind } from '../domain/catalog.js';

/* v1 is kept as it is for good: fields may be added, and none is renamed or removed. Amounts are whole minor units. */

const CURSOR_LENGTH_MAX = 1000;
const limit = (of: string) => ({ description: `How many ${of}; null is unlimited.`, type: 'integer', minimum: 0, nullable: true }) as const;

export class V1PlanView {
  @ApiProperty({ description: 'Names the plan.', example: 'index_personal_small' })
  plan_code!: string;

  @ApiProperty({ description: 'The same for addresses.', example: 'index-personal-small' })
  slug!: string;

  @ApiProperty({ description: 'For people.', example: 'Small: 10 private repositories' })
  name!: string;

  @ApiProperty({ description: 'What a period costs, in minor units.', type: 'integer', example: 1200 })
  price_in_cents!: number;

  @ApiProperty({ description: 'ISO 4217 code.', example: 'USD' })
  currency!: string;

  @ApiProperty(limit('private repositories'))
  num_private_repos!: number | null;

  @ApiProperty(limit('parallel builds'))
  num_parallel_builds!: number | null;

  @ApiProperty({ description: 'The unit of a period.', enum: ['months', 'years'] })
  plan_interval_unit!: 'months' | 'years';

  @ApiProperty({ description: 'How many of them a period has.', type: 'integer', minimum: 1, example: 1 })
  plan_interval_length!: number;

  @ApiProperty({ description: 'Whether it is sold.' })
  is_active!: boolean;
}

export class V1PutAccountDto {
  @ApiPropertyOptional({ description: 'The account code of the path, or nothing.', pattern: KEY_PATTERN })
  @IsOptional()
  @IsKey()
  account_code?: string;

  @ApiProperty({ description: 'A person, or an organization; changed by /convert_to_organization alone.', enum: ACCOUNT_KINDS })
  @IsIn(ACCOUNT_KINDS)
  type!: AccountKind;

  @ApiPropertyOptional({ description: 'Where invoices are sent.', format: 'email' })
  @IsOptional()
  @IsEmail()
  email?: string | null;

  @ApiPropertyOptional({ description: 'Who is billed; the account code if left out.', minLength: 1, maxLength: 200 })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  company_name?: string | null;
}

export class V1AccountView {
  @ApiProperty({ description: 'Names the account.', example: 'acme' })
  account_code!: string;

  @ApiProperty({ description: 'A person, or an organization.', enum: ACCOUNT_KINDS })
  type!: AccountKind;

  @ApiProperty({ description: 'Where invoices are sent.', type: String, nullable: true })
  email!: string | null;

  @ApiProperty({ description: 'Who is billed.' })
  company_name!: string;

  @ApiProperty({ description: 'ISO 4217 code.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'When it was created.', format: 'date-time' })
  created_at!: string;
}

export class V1ForceQuery {
  @ApiPropertyOptional({ description: 'true: though more is used than would be allowed.', type: Boolean, default: false })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  force?: boolean;
}

export class V1BillingInfoDto {
  @ApiProperty({ description: "The payment provider's token of a payment method.", example: 'sandbox_ok' })
  @IsString()
  @Length(1, 500)
  token!: string;
}

export class V1BillingInfoView {
  @ApiProperty({ description: 'Names the account.' })
  account_code!: string;

  @ApiProperty({ description: 'Who collects.', example: 'sandbox' })
  provider!: string;

  @ApiProperty({ description: 'The payment method, for people.', example: 'Sandbox card that pays' })
  description!: string;
}

export class V1EntitlementsView {
  @ApiProperty({ description: 'Names the account.' })
  account_code!: string;

  @ApiProperty(limit('private repositories'))
  num_private_repos!: number | null;

  @ApiProperty(limit('parallel builds'))
  num_parallel_builds!: number | null;

  @ApiProperty({ description: 'Whether an invoice could not be collected. The entitlements are kept meanwhile.' })
  is_past_due!: boolean;
}

export class V1SubscribeDto {
  @ApiProperty({ description: 'The plan to hold.', pattern: KEY_PATTERN, example: 'index_personal_small' })
  @IsKey()
  plan_code!: string;
}

export class V1SubscriptionView {
  @ApiProperty({ description: 'Names the subscription.' })
  uuid!: string;

  @ApiProperty({ description: 'Who holds it.' })
  account_code!: string;

  @ApiProperty({ description: 'The plan that is held.' })
  plan_code!: string;

  @ApiProperty({
    description: 'Its state; `canceled` while it is to end with its period.',
    enum: ['scheduled', 'trialing', 'active', 'past_due', 'paused', 'canceled', 'expired'],
  })
  state!: string;

  @ApiProperty({ description: 'What a period of the plan costs, in minor units.', type: 'integer', example: 1200 })
  price_in_cents!: number;

  @ApiProperty({ description: 'ISO 4217 code.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'When it started.', format: 'date-time' })
  activated_at!: string;

  @ApiProperty({ description: 'When its period began.', type: String, nullable: true, format: 'date-time' })
  current_period_started_at!: string | null;

  @ApiProperty({ description: 'When its period ends.', type: String, nullable: true, format: 'date-time' })
  current_period_ends_at!: string | null;

  @ApiProperty({ description: 'When it ends; null while it renews.', type: String, nullable: true, format: 'date-time' })
  expires_at!: string | null;

  @ApiProperty({ description: 'The plan that it changes to at the end of the period.', type: String, nullable: true })
  pending_plan_code!: string | null;
}

export class V1InvoicesQuery {
  @ApiPropertyOptional({ description: 'How many to answer at the most.', type: 'integer', minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;

  @ApiPropertyOptional({ description: 'From the Link header of the page before.', type: String, maxLength: CURSOR_LENGTH_MAX })
  @IsOptional()
  @IsString()
  @Length(1, CURSOR_LENGTH_MAX)
  cursor?: string;
}

export class V1LineView {
  @ApiProperty({ description: 'For people.' })
  description!: string;

  @ApiProperty({ description: 'The plan that is charged for.' })
  plan_code!: string;

  @ApiProperty({ description: 'The quantity.', example: '1' })
  quantity!: string;

  @ApiProperty({ description: 'Before discount and tax, in minor units.', type: 'integer', example: 1200 })
  amount_in_cents!: number;

  @ApiProperty({ description: 'What coupons took off, in minor units.', type: 'integer', example: 0 })
  discount_in_cents!: number;

  @ApiProperty({ description: 'When the service begins.', format: 'date-time' })
  start_date!: string;

  @ApiProperty({ description: 'When it ends.', format: 'date-time' })
  end_date!: string;
}

export class V1InvoiceView {
  @ApiProperty({ description: 'Its number.', example: 'INV-000001' })
  invoice_number!: string;

  @ApiProperty({ description: 'Who is billed.' })
  account_code!: string;

  @ApiProperty({ description: 'Whether it is paid.', enum: ['open', 'paid'] })
  state!: string;

  @ApiProperty({ description: 'ISO 4217 code.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'Sum of the lines, in minor units.', type: 'integer' })
  subtotal_in_cents!: number;

  @ApiProperty({ description: 'What coupons took off.', type: 'integer' })
  discount_in_cents!: number;

  @ApiProperty({ description: 'Tax.', type: 'integer' })
  tax_in_cents!: number;

  @ApiProperty({ description: 'The total.', type: 'integer' })
  total_in_cents!: number;

  @ApiProperty({ description: 'What is left to pay.', type: 'integer' })
  balance_in_cents!: number;

  @ApiProperty({ description: 'When it was issued.', format: 'date-time' })
  created_at!: string;

  @ApiProperty({ description: 'When it is to be paid.', format: 'date-time' })
  due_at!: string;

  @ApiProperty({ description: 'When it was paid.', type: String, nullable: true, format: 'date-time' })
  closed_at!: string | null;

  @ApiProperty({ description: 'Its lines.', type: [V1LineView] })
  line_items!: V1LineView[];
}
