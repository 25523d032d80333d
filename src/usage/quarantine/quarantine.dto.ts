import { ApiProperty, ApiPropertyOptional, IntersectionType, PickType } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsOptional, IsString, Length } from 'class-validator';
import { IsKey } from '../../common/http/field-rules.js';
import { PageQuery } from '../../common/http/page.js';
import { ReportDto, UsageEventDto } from '../usage.dto.js';

const IDS_MAX = 1_000;
const CURSOR_LENGTH_MAX = 1_000;

/** Which rejected events. */
export class RejectedFilter {
  @ApiPropertyOptional({ description: 'Key of the account that they name, whether there is one or not.', example: 'acme' })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Who reported them.' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  source?: string;

  @ApiPropertyOptional({ description: 'What happened.' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  type?: string;

  @ApiPropertyOptional({ description: 'Why they were rejected.', example: 'unknown_account' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  code?: string;
}

export class RejectedQuery extends IntersectionType(PageQuery, RejectedFilter) {}

export class ReplayDto extends RejectedFilter {
  @ApiPropertyOptional({ description: 'Their ids here.', type: [String], minItems: 1, maxItems: IDS_MAX })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(IDS_MAX)
  @IsString({ each: true })
  @Length(1, 100, { each: true })
  ids?: string[];

  @ApiPropertyOptional({ description: 'The `nextCursor` of the answer before.', type: String, maxLength: CURSOR_LENGTH_MAX })
  @IsOptional()
  @IsString()
  @Length(1, CURSOR_LENGTH_MAX)
  cursor?: string;
}

export class RejectedEventView {
  @ApiProperty({ description: 'Names it here.', example: 'rej_01kdvn0000abcdefgh' })
  id!: string;

  @ApiProperty({ description: 'When it came last.', format: 'date-time' })
  receivedAt!: string;

  @ApiProperty({ description: 'When it is forgotten.', format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ description: 'Why it was rejected.', example: 'unknown_account' })
  code!: string;

  @ApiProperty({ description: 'Where in the event, as a JSON pointer.', example: '/subject' })
  pointer!: string;

  @ApiProperty({ description: 'The API key that sent it.', type: String, nullable: true })
  apiKey!: string | null;

  @ApiProperty({ description: 'Whether that key had the scope `usage:backfill`.' })
  mayBackfill!: boolean;

  @ApiProperty({ description: 'The event, without attributes that mean nothing here.', type: UsageEventDto })
  event!: UsageEventDto;
}

export class ReplayView extends PickType(ReportDto, ['accepted', 'duplicates', 'conflicts'] as const) {
  @ApiProperty({ description: 'How many were judged again.', type: 'integer' })
  replayed!: number;

  @ApiProperty({ description: 'Rejected again, and still kept.', type: 'integer' })
  rejected!: number;

  @ApiProperty({ description: 'Where to go on, as there are more; null where there are not.', type: String, nullable: true })
  nextCursor!: string | null;
}
