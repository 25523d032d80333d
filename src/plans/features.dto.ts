import { ApiProperty, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { IsIn, IsString, Length } from 'class-validator';
import { IsKey, KEY_PATTERN } from '../common/http/field-rules.js';
import type { FeatureKind } from '../domain/catalog.js';

const KINDS = ['limit', 'flag'] as const satisfies readonly FeatureKind[];

class FeatureFields {
  @ApiProperty({
    description: 'The key chosen by the caller; in a request it may be left out.',
    pattern: KEY_PATTERN,
    example: 'private_repos',
  })
  @IsKey()
  key!: string;

  @ApiProperty({ description: 'As people read it.', minLength: 1, maxLength: 200, example: 'Private repositories' })
  @IsString()
  @Length(1, 200)
  name!: string;

  @ApiProperty({ description: 'A number up to which something may be had, or a yes or no. It never changes.', enum: KINDS })
  @IsIn(KINDS)
  kind!: FeatureKind;

  @ApiProperty({
    description:
      'Key of the meter that tells how much of a limit is used: its level now (`time_weighted`), or its quantity in the current billing period. Null where the use is reported.',
    type: String,
    nullable: true,
    example: 'nodes',
  })
  @IsKey()
  meter!: string | null;
}

const REQUIRED = ['name', 'kind'] as const;

export class PutFeatureDto extends IntersectionType(PickType(FeatureFields, REQUIRED), PartialType(OmitType(FeatureFields, REQUIRED))) {}

export class FeatureView extends FeatureFields {
  @ApiProperty({ description: 'When it was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}
