import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsOptional, IsString, Length } from 'class-validator';
import { IsKey } from '../../common/http/field-rules.js';
import { PageQuery } from '../../common/http/page.js';
import { formatInstant } from '../../domain/instant.js';
import { MeterRangeDto, UsageEventDto } from '../usage.dto.js';
import type { BackfillRecord } from './backfill-records.js';
import { BACKFILL_EVENTS_MAX } from './backfills.js';
import { ActorView, VoidEventDto } from './corrections.dto.js';

const MODES = ['add', 'replace'] as const;

export class BackfillDto extends MeterRangeDto {
  @ApiProperty({
    description: '`add`: beside what is there. `replace`: every event that the meter counts in the range is voided, then these are added.',
    enum: MODES,
  })
  @IsIn(MODES)
  mode!: (typeof MODES)[number];

  @ApiProperty({
    description: "Events of the account and of the meter's event type, within the range. All of them are stored, or none.",
    type: [UsageEventDto],
    maxItems: BACKFILL_EVENTS_MAX,
  })
  @IsArray()
  @ArrayMaxSize(BACKFILL_EVENTS_MAX)
  events!: unknown[];

  @ApiProperty({ description: 'Why.', minLength: 1, maxLength: 500 })
  @IsString()
  @Length(1, 500)
  reason!: string;

  @ApiPropertyOptional({ description: 'Whether to say what it would come to, and to do nothing.', default: false })
  @IsOptional()
  @IsBoolean()
  dryRun?: boolean;
}

export class RevertBackfillDto extends VoidEventDto {}

export class BackfillsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only those of this account (its key).' })
  @IsOptional()
  @IsKey()
  account?: string;
}

export class BackfillReversalView {
  @ApiProperty({ description: 'When.', format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'By whom.', type: ActorView })
  by!: ActorView;

  @ApiProperty({ description: 'Why.' })
  reason!: string;
}

export class BackfillView {
  @ApiProperty({ description: 'Names the back-fill.', example: 'bkf_...' })
  id!: string;

  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'Key of the meter.' })
  meter!: string;

  @ApiProperty({ description: 'From.', format: 'date-time' })
  from!: string;

  @ApiProperty({ description: 'To (not included).', format: 'date-time' })
  to!: string;

  @ApiProperty({ description: 'Beside what was there, or in its place.', enum: MODES })
  mode!: (typeof MODES)[number];

  @ApiProperty({ description: 'Events that it added.', type: 'integer' })
  added!: number;

  @ApiProperty({ description: 'Events that it voided.', type: 'integer' })
  voided!: number;

  @ApiProperty({ description: 'When it was done.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'By whom.', type: ActorView })
  by!: ActorView;

  @ApiProperty({ description: 'Why.' })
  reason!: string;

  @ApiProperty({ description: 'Since when it holds no more; null while it does.', type: BackfillReversalView, nullable: true })
  reverted!: BackfillReversalView | null;
}

export const backfillView = (record: BackfillRecord, account: string): BackfillView => ({
  id: record.id,
  account,
  meter: record.meter,
  from: formatInstant(record.from),
  to: formatInstant(record.to),
  mode: record.mode,
  added: record.added,
  voided: record.voided,
  createdAt: formatInstant(record.createdAt),
  by: { kind: record.actorKind, id: record.actorId },
  reason: record.reason,
  reverted:
    record.revertedAt === null
      ? null
      : {
          at: formatInstant(record.revertedAt),
          by: { kind: record.revertedByKind ?? '', id: record.revertedById ?? '' },
          reason: record.revertReason ?? '',
        },
});
