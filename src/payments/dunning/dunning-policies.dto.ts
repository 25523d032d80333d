import { ApiProperty, ApiPropertyOptional, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsKey, KEY_PATTERN, NullIsAbsent } from '../../common/http/field-rules.js';
import {
  DUNNING_TEMPLATES,
  type DunningEnd,
  type DunningMail,
  type DunningPolicy,
  type DunningTemplate,
  END_INVOICE,
  END_SUBSCRIPTIONS,
  MAIL_MOMENTS,
  type RetryLimit,
  type Wait,
  WAIT_UNITS,
} from '../../domain/dunning/policy.js';

const WAIT_COUNT_MAX = 366;

export class WaitDto implements Wait {
  @ApiProperty({ description: 'A day is 24 hours.', enum: WAIT_UNITS })
  @IsIn(WAIT_UNITS)
  unit!: Wait['unit'];

  @ApiProperty({ description: 'How many of them.', type: 'integer', minimum: 1, maximum: WAIT_COUNT_MAX, example: 3 })
  @IsInt()
  @Min(1)
  @Max(WAIT_COUNT_MAX)
  count!: number;
}

export class PatienceDto {
  @ApiProperty({ description: 'How long after the failed attempt the policy ends.', type: WaitDto })
  @IsDefined()
  @ValidateNested()
  @Type(() => WaitDto)
  endAfter!: WaitDto;
}

export class SoftDeclineDto extends PatienceDto {
  @ApiProperty({
    description: 'How long after each failed attempt the same payment method is tried again: as many retries as there are waits.',
    type: [WaitDto],
    maxItems: 15,
  })
  @IsArray()
  @ArrayMaxSize(15)
  @ValidateNested({ each: true })
  @Type(() => WaitDto)
  retryAfter!: WaitDto[];
}

export class RetryLimitDto implements RetryLimit {
  @ApiProperty({ description: 'At most so many attempts by one payment method.', type: 'integer', minimum: 1, maximum: 100, example: 15 })
  @IsInt()
  @Min(1)
  @Max(100)
  attempts!: number;

  @ApiProperty({ description: 'Within any stretch of that length.', type: WaitDto })
  @IsDefined()
  @ValidateNested()
  @Type(() => WaitDto)
  within!: WaitDto;
}

export class DunningMailDto implements DunningMail {
  @ApiProperty({ description: 'When it is sent.', enum: MAIL_MOMENTS })
  @IsIn(MAIL_MOMENTS)
  on!: DunningMail['on'];

  @ApiProperty({ description: 'What it says.', enum: DUNNING_TEMPLATES })
  @IsIn(DUNNING_TEMPLATES)
  template!: DunningTemplate;

  @ApiPropertyOptional({ description: '`before_end`: how long before the end.', type: WaitDto })
  @IsOptional()
  @NullIsAbsent()
  @ValidateNested()
  @Type(() => WaitDto)
  before?: WaitDto;
}

export class DunningEndDto implements DunningEnd {
  @ApiProperty({
    description: 'What becomes of the subscriptions that the invoice bills. A pause ends when the invoice is paid; the others stay.',
    enum: END_SUBSCRIPTIONS,
  })
  @IsIn(END_SUBSCRIPTIONS)
  subscriptions!: DunningEnd['subscriptions'];

  @ApiPropertyOptional({ description: '`change_plan`: key of the plan that they are moved to.', pattern: KEY_PATTERN, example: 'free' })
  @IsOptional()
  @NullIsAbsent()
  @IsKey()
  plan?: string;

  @ApiProperty({ description: 'Whether what is left to pay is written off.', enum: END_INVOICE })
  @IsIn(END_INVOICE)
  invoice!: DunningEnd['invoice'];
}

/** A policy's fields, described once. Which of them go together is the domain's to say. */
class DunningPolicyFields implements DunningPolicy {
  @ApiProperty({ description: 'The key chosen by the caller; in a request it may be left out.', pattern: KEY_PATTERN, example: 'patient' })
  @IsKey()
  key!: string;

  @ApiProperty({ description: 'As shown to people; the key if left out.', minLength: 1, maxLength: 100, example: 'Patient' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ description: 'Whether accounts that name no policy have this one. Exactly one is it: true takes it from the one before.' })
  @IsBoolean()
  default!: boolean;

  @ApiProperty({
    description: 'Declines after which the same payment method may be tried again, such as insufficient funds.',
    type: SoftDeclineDto,
  })
  @IsDefined()
  @ValidateNested()
  @Type(() => SoftDeclineDto)
  soft!: SoftDeclineDto;

  @ApiProperty({
    description: 'Declines after which the same payment method is not tried again: another one is waited for.',
    type: PatienceDto,
  })
  @IsDefined()
  @ValidateNested()
  @Type(() => PatienceDto)
  hard!: PatienceDto;

  @ApiProperty({ description: 'The payment method has expired or is wrong: another one is waited for.', type: PatienceDto })
  @IsDefined()
  @ValidateNested()
  @Type(() => PatienceDto)
  newMethodNeeded!: PatienceDto;

  @ApiProperty({ description: 'The bank asks the customer to confirm the payment, which is waited for.', type: PatienceDto })
  @IsDefined()
  @ValidateNested()
  @Type(() => PatienceDto)
  authentication!: PatienceDto;

  @ApiProperty({
    description: 'However often new failures put the end off, it comes at the latest so long after the first.',
    type: WaitDto,
  })
  @IsDefined()
  @ValidateNested()
  @Type(() => WaitDto)
  endsWithin!: WaitDto;

  @ApiProperty({
    description: 'What card networks allow: a retry waits until it keeps all of them. Attempts for other invoices of the account count.',
    type: [RetryLimitDto],
    maxItems: 5,
  })
  @IsArray()
  @ArrayMaxSize(5)
  @ValidateNested({ each: true })
  @Type(() => RetryLimitDto)
  retryLimits!: RetryLimitDto[];

  @ApiProperty({
    description: 'Which mail is sent when; one at most at each moment.',
    type: [DunningMailDto],
    maxItems: MAIL_MOMENTS.length,
  })
  @IsArray()
  @ArrayMaxSize(MAIL_MOMENTS.length)
  @ValidateNested({ each: true })
  @Type(() => DunningMailDto)
  mails!: DunningMailDto[];

  @ApiProperty({ description: 'What is done when the policy has run its course and nothing was paid.', type: DunningEndDto })
  @IsDefined()
  @ValidateNested()
  @Type(() => DunningEndDto)
  atEnd!: DunningEndDto;
}

const OPTIONAL = ['key', 'name', 'default'] as const;

export class PutDunningPolicyDto extends IntersectionType(
  OmitType(DunningPolicyFields, OPTIONAL),
  PartialType(PickType(DunningPolicyFields, OPTIONAL)),
) {}

export class DunningPolicyView extends DunningPolicyFields {
  @ApiProperty({
    description: 'Rises with each change of its rules. A case goes by the version with which it began.',
    type: 'integer',
    minimum: 1,
  })
  version!: number;

  @ApiProperty({ description: 'When the policy was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}
