import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { IsKey, KEY_PATTERN } from '../../common/http/field-rules.js';
import { PageQuery } from '../../common/http/page.js';
import { CASE_STATES, type CaseState, NEXT_STEPS, type NextStep } from './case-records.js';

const DID = ['paused', 'canceled', 'plan_changed', 'resumed', 'marked_uncollectible', 'refused'] as const;

export class DunningCasesQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only cases of this account.', pattern: KEY_PATTERN })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Only cases in this state.', enum: CASE_STATES })
  @IsOptional()
  @IsIn(CASE_STATES)
  state?: CaseState;
}

export class StopDunningDto {
  @ApiProperty({ description: 'Why.', minLength: 1, maxLength: 500 })
  @IsString()
  @Length(1, 500)
  reason!: string;
}

export class DunningDoneView {
  @ApiProperty({ description: 'What was done, or that it was refused.', enum: DID })
  did!: (typeof DID)[number];

  @ApiPropertyOptional({ description: 'To which subscription.' })
  subscription?: string;

  @ApiPropertyOptional({ description: 'The plan that it was moved to.' })
  plan?: string;

  @ApiPropertyOptional({ description: 'Why it was refused: a code of the errors.' })
  code?: string;

  @ApiPropertyOptional({ description: 'The same, for people.' })
  detail?: string;
}

export class DunningCaseView {
  @ApiProperty({ description: 'Names the case.', example: 'dun_0a1b2c3d4e' })
  id!: string;

  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'Id of the invoice that could not be collected.' })
  invoice!: string;

  @ApiProperty({ description: 'Key of the policy by which it goes.' })
  policy!: string;

  @ApiProperty({ description: 'The version of the policy with which it began.', type: 'integer', minimum: 1 })
  policyVersion!: number;

  @ApiProperty({
    description:
      '`open`: something comes next. `ending`: the end has come, and a charge that waits for the customer is being given up. `ended`: the policy has run its course, and the invoice is unpaid. `recovered`: nothing is left to pay. `closed`: stopped, void or written off.',
    enum: CASE_STATES,
  })
  state!: CaseState;

  @ApiProperty({
    description: 'What comes next; `wait`: the outcome of a payment. Null where nothing does.',
    type: String,
    enum: NEXT_STEPS,
    nullable: true,
  })
  nextStep!: NextStep | null;

  @ApiProperty({ description: 'When that is, or when it is looked at again.', type: String, format: 'date-time', nullable: true })
  nextAt!: string | null;

  @ApiProperty({ description: 'What was done at the end, and taken back since.', type: [DunningDoneView] })
  done!: DunningDoneView[];

  @ApiProperty({ description: 'When the first attempt failed.', format: 'date-time' })
  openedAt!: string;

  @ApiProperty({ description: 'When it was recovered or closed.', type: String, format: 'date-time', nullable: true })
  closedAt!: string | null;
}
