import { ApiProperty, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsString, Length, Matches } from 'class-validator';
import { IsKey, KEY_PATTERN } from '../../common/http/field-rules.js';

const MEASURES = ['quantity', 'cost'] as const;
const THRESHOLDS_MAX = 20;
const THRESHOLD_PATTERN = '^(0|[1-9]\\d{0,19})(\\.\\d{1,12})?$';

/** An alert's fields, described once. */
class AlertFields {
  @ApiProperty({ description: 'The key chosen by the caller; in a request it may be left out.', pattern: KEY_PATTERN, example: 'spend' })
  @IsKey()
  key!: string;

  @ApiProperty({ description: 'As people read it; the key if left out. May be changed.', minLength: 1, maxLength: 200 })
  @IsString()
  @Length(1, 200)
  name!: string;

  @ApiProperty({
    description: 'Key of the account that it is about. Either this or `plan`.',
    type: String,
    nullable: true,
    example: 'acme',
  })
  @IsKey()
  account!: string | null;

  @ApiProperty({ description: 'Key of a plan: about every account that holds it.', type: String, nullable: true, example: 'cloud' })
  @IsKey()
  plan!: string | null;

  @ApiProperty({ description: 'Key of the meter.', example: 'node-hours' })
  @IsKey()
  meter!: string;

  @ApiProperty({
    description: 'How much of the meter was used, or what that costs, before discount and tax, and without a minimum.',
    enum: MEASURES,
  })
  @IsIn(MEASURES)
  on!: (typeof MEASURES)[number];

  @ApiProperty({
    description:
      "Above zero: of `cost` money in the account's currency (of `plan` in the plan's). Each fires once an account and billing period, when it is reached. May be changed.",
    type: [String],
    minItems: 1,
    maxItems: THRESHOLDS_MAX,
    example: ['100', '500'],
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(THRESHOLDS_MAX)
  @Matches(new RegExp(THRESHOLD_PATTERN), { each: true })
  thresholds!: string[];

  @ApiProperty({ description: 'An archived alert does not fire; false if left out. May be changed.' })
  @IsBoolean()
  archived!: boolean;
}

const REQUIRED = ['meter', 'on', 'thresholds'] as const;

export class PutAlertDto extends IntersectionType(PickType(AlertFields, REQUIRED), PartialType(OmitType(AlertFields, REQUIRED))) {}

export class AlertView extends AlertFields {
  @ApiProperty({ description: 'When it was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}
