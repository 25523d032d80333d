import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { IsKey } from '../http/field-rules.js';
import { PageQuery } from '../http/page.js';

export class AuditQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only what concerns this account (its key).' })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Only this action.', example: 'plan.created' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  action?: string;

  @ApiPropertyOptional({ description: 'Only things of this type.', example: 'plan' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  subjectType?: string;

  @ApiPropertyOptional({ description: 'Only this thing.' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  subjectId?: string;
}

export class AuditEntryView {
  @ApiProperty({ description: 'Names the entry.' })
  id!: string;

  @ApiProperty({ description: 'When.', format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'Who: an API key, the operator of the machine, or the service itself.', enum: ['api_key', 'cli', 'system'] })
  actorKind!: string;

  @ApiProperty({ description: 'Which one.' })
  actorId!: string;

  @ApiProperty({ description: 'What was done.', example: 'plan.created' })
  action!: string;

  @ApiProperty({ description: 'The type of what was changed.', example: 'plan' })
  subjectType!: string;

  @ApiProperty({ description: 'What was changed.' })
  subjectId!: string;

  @ApiProperty({ description: 'From what.', nullable: true, type: 'object', additionalProperties: true })
  before!: unknown;

  @ApiProperty({ description: 'To what.', nullable: true, type: 'object', additionalProperties: true })
  after!: unknown;

  @ApiProperty({ description: 'Why, where it was said.', type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ description: 'The request.', type: String, nullable: true })
  requestId!: string | null;
}
