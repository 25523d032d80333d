import { ApiProperty, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsBoolean, IsIn, IsInt, IsString, Length, Max, Min } from 'class-validator';
import { DECIMAL_PATTERN, IsCurrency, IsDecimalString, IsInstant, IsKey, KEY_PATTERN } from '../common/http/field-rules.js';
import type { CouponDuration } from '../domain/catalog.js';

const DURATIONS = ['once', 'repeating', 'forever'] as const satisfies readonly CouponDuration[];

/** A coupon's fields, described once. Which of them go together is the domain's to say. */
class CouponFields {
  @ApiProperty({ description: 'The key chosen by the caller; in a request it may be left out.', pattern: KEY_PATTERN, example: 'spring' })
  @IsKey()
  key!: string;

  @ApiProperty({
    description: 'As shown to people; the key if left out. May be changed.',
    minLength: 1,
    maxLength: 100,
    example: 'Spring sale',
  })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ description: 'A percentage: "15" is 15 %. Either this or amountOff.', pattern: DECIMAL_PATTERN, example: '15' })
  @IsDecimalString()
  percentOff!: string;

  @ApiProperty({ description: 'Money in `currency`, taken off once in each billing period.', pattern: DECIMAL_PATTERN, example: '5.00' })
  @IsDecimalString()
  amountOff!: string;

  @ApiProperty({ description: 'ISO 4217 code of amountOff.', pattern: '^[A-Z]{3}$', example: 'USD' })
  @IsCurrency()
  currency!: string;

  @ApiProperty({ description: 'For one billing period, for `periods` of them, or for all.', enum: DURATIONS })
  @IsIn(DURATIONS)
  duration!: CouponDuration;

  @ApiProperty({ description: '`repeating`: for how many billing periods.', type: 'integer', minimum: 1, maximum: 1200 })
  @IsInt()
  @Min(1)
  @Max(1200)
  periods!: number;

  @ApiProperty({
    description: 'Keys of the plans it is for; all if left out.',
    type: [String],
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsKey({ each: true })
  plans!: readonly string[];

  @ApiProperty({
    description: 'Keys of the prices it is for; all if left out.',
    type: [String],
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsKey({ each: true })
  prices!: readonly string[];

  @ApiProperty({ description: 'It can be redeemed before this instant.', format: 'date-time', example: '2027-01-01T00:00:00Z' })
  @IsInstant()
  redeemBy!: string;

  @ApiProperty({ description: 'How often it can be redeemed, over all accounts.', type: 'integer', minimum: 1, maximum: 1_000_000_000 })
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  maxRedemptions!: number;

  @ApiProperty({ description: 'An archived coupon stays where it was redeemed and cannot be redeemed any more. May be changed.' })
  @IsBoolean()
  archived!: boolean;
}

const REQUIRED = ['duration'] as const;
const ALWAYS = ['key', 'name', 'duration', 'archived'] as const;

export class PutCouponDto extends IntersectionType(PickType(CouponFields, REQUIRED), PartialType(OmitType(CouponFields, REQUIRED))) {}

export class CouponView extends IntersectionType(PickType(CouponFields, ALWAYS), PartialType(OmitType(CouponFields, ALWAYS))) {
  @ApiProperty({ description: 'How often it was redeemed.', type: 'integer' })
  redemptions!: number;

  @ApiProperty({ description: 'When the coupon was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}
