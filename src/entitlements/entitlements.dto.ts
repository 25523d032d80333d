import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { CHECK_REASONS, type CheckReason, type Entitlements } from '../domain/entitlements.js';
import { ENTITLEMENTS_SCHEMA } from '../plans/entitlement-rules.js';

export const QUANTITY_MAX = 1_000_000_000_000;

export class PastDueView {
  @ApiProperty({ description: 'Since when an invoice could not be collected.', format: 'date-time' })
  since!: string;

  @ApiProperty({ description: 'What becomes of the entitlements meanwhile: they are kept.', enum: ['keep'] })
  policy!: 'keep';
}

export class EntitlementsView {
  @ApiProperty({ description: 'Key of the account.', example: 'acme' })
  account!: string;

  @ApiProperty({ description: 'Rises with each change; the ETag.', type: 'integer', minimum: 1 })
  revision!: number;

  @ApiProperty({
    ...ENTITLEMENTS_SCHEMA,
    description: 'By feature key: a limit (null is unlimited), or a flag. What is not named is not included.',
  })
  features!: Entitlements;

  @ApiProperty({ description: 'Keys of the plans that grant it, default plans among them.', type: [String], example: ['hub-small'] })
  plans!: string[];

  @ApiProperty({ description: 'Set while the account is past due.', type: PastDueView, nullable: true })
  pastDue!: PastDueView | null;
}

export class CheckView {
  @ApiProperty({ description: 'Key of the feature.', example: 'private_repos' })
  feature!: string;

  @ApiProperty({ description: 'Whether the account may have so much of it.' })
  allowed!: boolean;

  @ApiProperty({ description: 'How much it may have; null is unlimited, and means nothing for a flag.', type: 'integer', nullable: true })
  limit!: number | null;

  @ApiProperty({ description: 'How much it uses, in whole units: as reported, or by the meter.', type: 'integer', minimum: 0 })
  used!: number;

  @ApiProperty({ description: 'What is left; null where there is no limit.', type: 'integer', minimum: 0, nullable: true })
  remaining!: number | null;

  @ApiProperty({ description: 'Why.', enum: CHECK_REASONS })
  reason!: CheckReason;
}

export class ReportUseDto {
  @ApiProperty({
    description: 'How much of the feature the account uses now.',
    type: 'integer',
    minimum: 0,
    maximum: QUANTITY_MAX,
    example: 7,
  })
  @IsInt()
  @Min(0)
  @Max(QUANTITY_MAX)
  used!: number;
}
