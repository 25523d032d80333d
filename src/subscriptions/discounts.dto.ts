import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { IsKey, KEY_PATTERN } from '../common/http/field-rules.js';

const STATUSES = ['running', 'ended', 'over'] as const;

export class DiscountTargetQuery {
  @ApiPropertyOptional({ description: 'Only of this subscription (its id); of all of the account, where absent.', maxLength: 100 })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  subscription?: string;
}

export class RedeemCouponDto {
  @ApiProperty({ description: 'Key of the coupon.', pattern: KEY_PATTERN, example: 'spring' })
  @IsKey()
  coupon!: string;

  @ApiPropertyOptional({
    description: 'For this subscription (its id); for all of the account that run and that the coupon is for, where absent.',
    maxLength: 100,
  })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  subscription?: string;
}

export class DiscountView {
  @ApiProperty({ description: 'Key of the coupon.' })
  coupon!: string;

  @ApiProperty({ description: 'The subscription that it reduces.' })
  subscription!: string;

  @ApiProperty({
    description:
      '`running`; `ended`: by request, with the billing period in which that was; `over`: its billing periods are, or its subscription is.',
    enum: STATUSES,
  })
  status!: (typeof STATUSES)[number];

  @ApiProperty({ description: 'When it was redeemed: it counts from the billing period in which that was.', format: 'date-time' })
  redeemedAt!: string;

  @ApiProperty({ description: 'When it was ended.', type: String, nullable: true, format: 'date-time' })
  endedAt!: string | null;
}

export class DiscountsView {
  @ApiProperty({ description: 'Newest first.', type: [DiscountView] })
  data!: DiscountView[];
}
