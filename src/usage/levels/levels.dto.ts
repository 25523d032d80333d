import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsKey } from '../../common/http/field-rules.js';
import { PageQuery } from '../../common/http/page.js';

export class LevelsQuery extends PageQuery {
  @ApiProperty({ description: 'Key of the account.', example: 'acme' })
  @IsKey()
  account!: string;

  @ApiPropertyOptional({ description: 'Key of a meter; without it all that have levels.', example: 'node-hours' })
  @IsOptional()
  @IsKey()
  meter?: string;
}

export class LevelView {
  @ApiProperty({ description: 'Key of the meter.' })
  meter!: string;

  @ApiProperty({ description: 'The resource; null where the meter has none, or adds changes up.', type: String, nullable: true })
  resource!: string | null;

  @ApiProperty({
    description: "The values of the meter's groupBy properties; an absent one is the empty text.",
    type: 'object',
    additionalProperties: { type: 'string' },
  })
  group!: Record<string, string>;

  @ApiProperty({ description: 'The level that counts now.', example: '2' })
  level!: string;

  @ApiProperty({ description: 'The level that was reported last; `level`, unless it is stale.', example: '2' })
  reported!: string;

  @ApiProperty({
    description: 'When it was reported last; null where the meter adds changes up.',
    type: String,
    format: 'date-time',
    nullable: true,
  })
  since!: string | null;

  @ApiProperty({
    description: "When it ends, or ended, by the meter's staleAfter, where nothing more comes; null where it does not.",
    type: String,
    format: 'date-time',
    nullable: true,
  })
  endsAt!: string | null;

  @ApiProperty({ description: 'Whether it has ended so: a stop may have been lost.' })
  stale!: boolean;
}

export class LevelsView {
  @ApiProperty({ description: 'In the order of meters and names.', type: [LevelView] })
  data!: LevelView[];

  @ApiProperty({ description: 'Where the next page begins; null on the last one.', type: String, nullable: true })
  nextCursor!: string | null;
}
