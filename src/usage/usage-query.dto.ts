import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayUnique, IsArray, IsIn, IsOptional, Matches } from 'class-validator';
import { IsTimeZoneName, PROPERTY_PATTERN } from '../common/http/field-rules.js';
import { WINDOW_UNITS, type WindowUnit } from '../domain/metering/windows.js';
import { MeterRangeDto } from './usage.dto.js';

const GROUP_BY_MAX = 10;
const FILTERS_MAX = 100;
const FILTER_PATTERN = `${PROPERTY_PATTERN.slice(0, -1)}:[^]{0,200}$`;

/** A parameter given once or several times, as a list. */
const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

export class UsageQuery extends MeterRangeDto {
  @ApiPropertyOptional({ description: 'Answers a series, too: one entry for each of these, cut to the range.', enum: WINDOW_UNITS })
  @IsOptional()
  @IsIn(WINDOW_UNITS)
  window?: WindowUnit;

  @ApiPropertyOptional({
    description: "Whose hours, days and months they are (IANA); the account's time zone if left out.",
    example: 'Europe/Berlin',
  })
  @IsOptional()
  @IsTimeZoneName()
  timeZone?: string;

  @ApiPropertyOptional({
    description: 'Properties to tell apart: given several times, or separated by commas.',
    type: [String],
    maxItems: GROUP_BY_MAX,
    example: ['region'],
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => listed(value).flatMap((item) => (typeof item === 'string' ? item.split(',') : [item])))
  @IsArray()
  @ArrayMaxSize(GROUP_BY_MAX)
  @ArrayUnique()
  @Matches(new RegExp(PROPERTY_PATTERN), { each: true })
  groupBy?: string[];

  @ApiPropertyOptional({
    description: 'Only usage with this value of a property, as `property:value`. Several values of one property admit any of them.',
    type: [String],
    maxItems: FILTERS_MAX,
    example: ['region:eu'],
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => listed(value))
  @IsArray()
  @ArrayMaxSize(FILTERS_MAX)
  @Matches(new RegExp(FILTER_PATTERN), { each: true })
  filter?: string[];
}

export class UsageGroupView {
  @ApiProperty({ description: 'The values of the properties told apart.', type: 'object', additionalProperties: { type: 'string' } })
  group!: Record<string, string>;

  @ApiProperty({
    description: "In the meter's unit, with at most 6 decimals; null where there is none.",
    type: String,
    nullable: true,
    example: '372',
  })
  quantity!: string | null;

  @ApiProperty({ description: 'Events within the range.', type: 'integer' })
  events!: number;
}

export class UsageWindowView {
  @ApiProperty({ description: 'From.', format: 'date-time' })
  start!: string;

  @ApiProperty({ description: 'To (not included).', format: 'date-time' })
  end!: string;

  @ApiProperty({ description: 'One for each group of the whole range, also where it has nothing here.', type: [UsageGroupView] })
  data!: UsageGroupView[];
}

export class UsageView {
  @ApiProperty({ description: 'Key of the meter.' })
  meter!: string;

  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'From.', format: 'date-time' })
  from!: string;

  @ApiProperty({ description: 'To (not included).', format: 'date-time' })
  to!: string;

  @ApiProperty({ description: 'The totals: one without `groupBy`.', type: [UsageGroupView] })
  data!: UsageGroupView[];

  @ApiPropertyOptional({ description: 'What the series goes by, where one was asked for.', enum: WINDOW_UNITS })
  window?: WindowUnit;

  @ApiPropertyOptional({ description: 'Whose hours, days or months they are.', example: 'Europe/Berlin' })
  timeZone?: string;

  @ApiPropertyOptional({ description: 'In order, without a gap, windows without usage included.', type: [UsageWindowView] })
  series?: UsageWindowView[];
}
