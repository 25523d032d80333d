import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { GRANTABLE_SCOPES } from '../actor.js';
import { IsInstant, NullIsAbsent } from '../http/field-rules.js';

const OVERLAP_SECONDS_MAX = 30 * 86_400;

export class CreateApiKeyDto {
  @ApiProperty({ description: 'What the key is for.', minLength: 1, maxLength: 100, example: 'Hub production' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ description: 'What it may do.', enum: GRANTABLE_SCOPES, isArray: true, example: ['usage:write'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ArrayUnique()
  @IsIn(GRANTABLE_SCOPES, { each: true })
  scopes!: string[];

  @ApiPropertyOptional({ description: 'When it stops to work; never, where absent.', format: 'date-time' })
  @IsOptional()
  @NullIsAbsent()
  @IsInstant()
  expiresAt?: string;
}

export class RotateApiKeyDto {
  @ApiPropertyOptional({
    description: 'For how long the old key goes on working beside the new one.',
    type: 'integer',
    minimum: 0,
    maximum: OVERLAP_SECONDS_MAX,
    default: 86_400,
  })
  @IsOptional()
  @NullIsAbsent()
  @IsInt()
  @Min(0)
  @Max(OVERLAP_SECONDS_MAX)
  overlapSeconds?: number;
}

export class ApiKeyView {
  @ApiProperty({ description: 'The third part of the key.' })
  id!: string;

  @ApiProperty({ description: 'What the key is for.' })
  name!: string;

  @ApiProperty({ description: 'What it may do.', type: [String] })
  scopes!: string[];

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it stops to work.', type: String, format: 'date-time', nullable: true })
  expiresAt!: string | null;

  @ApiProperty({ description: 'When it was revoked.', type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;
}

export class NewApiKeyView extends ApiKeyView {
  @ApiProperty({ description: 'The key itself: shown this once.', example: 'whf_local_7k2m9x4q_…' })
  key!: string;
}
