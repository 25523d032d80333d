import { ApiProperty, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsKey, IsUsageFilter, KEY_PATTERN, PROPERTY_PATTERN } from '../common/http/field-rules.js';
import type { Aggregation, Duration, Meter, UsageFilter } from '../domain/catalog.js';

const AGGREGATIONS = [
  'count',
  'sum',
  'max',
  'min',
  'latest',
  'average',
  'unique',
  'percentile',
  'time_weighted',
] as const satisfies readonly Aggregation[];
const MODES = ['level', 'delta'] as const;
const UNITS = ['second', 'minute', 'hour', 'day'] as const;
const DURATION_UNITS = ['minute', 'hour', 'day'] as const;
const RUN_UNITS = ['minute', 'hour'] as const;
const PROPERTY = new RegExp(PROPERTY_PATTERN, 'u');

class DurationDto implements Duration {
  @ApiProperty({ description: 'The unit of time; a day has 24 hours.', enum: DURATION_UNITS })
  @IsIn(DURATION_UNITS)
  unit!: Duration['unit'];

  @ApiProperty({ description: 'How many of them.', type: 'integer', minimum: 1, maximum: 10_000, example: 2 })
  @IsInt()
  @Min(1)
  @Max(10_000)
  count!: number;
}

/** A meter's fields, described once. Which of them an aggregation takes is the domain's to say. */
class MeterFields {
  @ApiProperty({
    description: 'The key chosen by the caller; in a request it may be left out.',
    pattern: KEY_PATTERN,
    example: 'node-hours',
  })
  @IsKey()
  key!: string;

  @ApiProperty({ description: 'As shown to people. May always be changed.', minLength: 1, maxLength: 100, example: 'Node hours' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ description: 'The CloudEvents `type` of the events that count.', minLength: 1, maxLength: 200, example: 'node.state' })
  @IsString()
  @Length(1, 200)
  eventType!: string;

  @ApiProperty({ description: 'How events become a quantity.', enum: AGGREGATIONS })
  @IsIn(AGGREGATIONS)
  aggregation!: Aggregation;

  @ApiProperty({ description: 'The property of `data` that is aggregated; none for `count`.', pattern: PROPERTY_PATTERN, example: 'nodes' })
  @Matches(PROPERTY)
  value!: string;

  @ApiProperty({
    description:
      '`time_weighted`: the property of `data` that names the resource whose level is tracked; without it the account is one resource.',
    pattern: PROPERTY_PATTERN,
    example: 'node',
  })
  @Matches(PROPERTY)
  resource!: string;

  @ApiProperty({
    description: '`time_weighted`: whether the value is the level from then on (`level`), or is added to it (`delta`).',
    enum: MODES,
  })
  @IsIn(MODES)
  mode!: 'level' | 'delta';

  @ApiProperty({ description: '`time_weighted`: what one unit of time is.', enum: UNITS })
  @IsIn(UNITS)
  unit!: 'second' | 'minute' | 'hour' | 'day';

  @ApiProperty({ description: '`percentile`: which one, above 0 (nearest rank).', maximum: 100, example: 95 })
  @IsNumber({ allowNaN: false, allowInfinity: false })
  percentile!: number;

  @ApiProperty({
    description: 'The properties of `data` by which usage may be told apart.',
    type: [String],
    maxItems: 10,
    uniqueItems: true,
  })
  @IsArray()
  @ArrayMaxSize(10)
  @ArrayUnique()
  @Matches(PROPERTY, { each: true })
  groupBy!: readonly string[];

  @ApiProperty({
    description: 'Only events whose properties have one of these values count; every property named must match.',
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 100 },
    example: { region: ['eu', 'us'] },
  })
  @IsUsageFilter()
  filter!: UsageFilter;

  @ApiProperty({
    description: 'Mode `level`: a resource without an event for that long is at zero from then on, until its next event.',
    type: DurationDto,
  })
  @IsObject()
  @ValidateNested()
  @Type(() => DurationDto)
  staleAfter!: DurationDto;

  @ApiProperty({
    description:
      'Mode `level`: the `type` of events that, with `"snapshot": true` in `data`, list under the resource property all that runs. Every resource that is not listed is at zero from then on.',
    minLength: 1,
    maxLength: 200,
    example: 'node.snapshot',
  })
  @IsString()
  @Length(1, 200)
  snapshotType!: string;

  @ApiProperty({ description: 'Mode `level`: each run of a resource is drawn out to whole units.', enum: RUN_UNITS })
  @IsIn(RUN_UNITS)
  roundRunsUpTo!: 'minute' | 'hour';
}

const REQUIRED = ['name', 'eventType', 'aggregation'] as const;
const ALWAYS = ['key', ...REQUIRED] as const;

export class PutMeterDto extends IntersectionType(PickType(MeterFields, REQUIRED), PartialType(OmitType(MeterFields, REQUIRED))) {}

export class MeterView
  extends IntersectionType(PickType(MeterFields, ALWAYS), PartialType(OmitType(MeterFields, ALWAYS)))
  implements Meter
{
  @ApiProperty({ description: 'Whether an event matched it or a price names it; then only its name may change.' })
  inUse!: boolean;

  @ApiProperty({ description: 'Whether events that were there before the meter are still being added to it.' })
  filling!: boolean;

  @ApiProperty({ description: 'When the meter was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}
