import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { plainToInstance, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { DECIMAL_PATTERN, IsDecimalString, IsKey, IsUsageFilter, KEY_PATTERN, PROPERTY_PATTERN } from '../common/http/field-rules.js';
import type { Interval, IntervalUnit, PriceModel, Tier, UsageFilter } from '../domain/catalog.js';

const KINDS = ['one_time', 'recurring', 'metered'] as const;
const BILLINGS = ['in_advance', 'in_arrears'] as const;
const UNITS = ['day', 'week', 'month', 'year'] as const satisfies readonly IntervalUnit[];
const MODELS = [
  'flat',
  'per_unit',
  'graduated',
  'volume',
  'stairstep',
  'package',
  'percentage',
  'graduated_percentage',
] as const satisfies readonly PriceModel['model'][];

export class IntervalDto implements Interval {
  @ApiProperty({ description: 'The unit of time.', enum: UNITS })
  @IsIn(UNITS)
  unit!: IntervalUnit;

  @ApiProperty({ description: 'How many of them.', type: 'integer', minimum: 1, maximum: 1200, example: 1 })
  @IsInt()
  @Min(1)
  @Max(1200)
  count!: number;
}

export class TierDto implements Tier {
  @ApiProperty({
    description: 'The last unit of the tier (inclusive); null in the last tier.',
    type: String,
    nullable: true,
    pattern: DECIMAL_PATTERN,
    example: '100',
  })
  @ValidateIf((tier: TierDto) => tier.upTo !== null)
  @IsDecimalString()
  upTo!: string | null;

  @ApiPropertyOptional({ description: 'Per unit, in major units, up to 12 decimals.', pattern: DECIMAL_PATTERN, example: '0.05' })
  @IsOptional()
  @IsDecimalString()
  unitPrice?: string;

  @ApiPropertyOptional({ description: 'Once, when some unit falls in the tier.', pattern: DECIMAL_PATTERN, example: '1.00' })
  @IsOptional()
  @IsDecimalString()
  flatPrice?: string;

  @ApiPropertyOptional({
    description: '`graduated_percentage`: a decimal fraction of the amount in the tier.',
    pattern: DECIMAL_PATTERN,
    example: '0.029',
  })
  @IsOptional()
  @IsDecimalString()
  rate?: string;
}

class PriceDto {
  @ApiProperty({
    description: 'The key of the price, unique in its plan, by which its history is told over versions.',
    pattern: KEY_PATTERN,
    example: 'base',
  })
  @IsKey()
  key!: string;

  @ApiPropertyOptional({ description: 'As printed on invoices.', minLength: 1, maxLength: 200, example: 'Base fee' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;

  @ApiPropertyOptional({
    description: "Keys of the tax rates that it bears, in the place of its plan's and of the account's.",
    type: [String],
    minItems: 1,
    maxItems: 10,
    uniqueItems: true,
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @ArrayUnique()
  @IsKey({ each: true })
  taxRates?: readonly string[];

  @IsIn(KINDS)
  kind!: (typeof KINDS)[number];
}

export class OneTimePriceDto extends PriceDto {
  @ApiProperty({ description: 'Charged once.', enum: ['one_time'] })
  declare kind: 'one_time';

  @ApiProperty({ description: 'Charged once, at the start.', pattern: DECIMAL_PATTERN, example: '25.00' })
  @IsDecimalString()
  amount!: string;
}

/** The fields of all price models; which model takes which is the domain's to say. */
abstract class ModelDto extends PriceDto {
  @ApiProperty({ description: 'How a quantity becomes money.', enum: MODELS })
  @IsIn(MODELS)
  model!: PriceModel['model'];

  @ApiPropertyOptional({ description: '`flat`: the amount.', pattern: DECIMAL_PATTERN, example: '9.00' })
  @IsOptional()
  @IsDecimalString()
  amount?: string;

  @ApiPropertyOptional({ description: '`per_unit`: the price of one unit, up to 12 decimals.', pattern: DECIMAL_PATTERN, example: '4.00' })
  @IsOptional()
  @IsDecimalString()
  unitPrice?: string;

  @ApiPropertyOptional({
    description: '`graduated`, `volume`, `stairstep`, `graduated_percentage`: the tiers, ascending.',
    type: [TierDto],
    minItems: 1,
    maxItems: 100,
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => TierDto)
  tiers?: TierDto[];

  @ApiPropertyOptional({ description: '`package`: units in one package.', pattern: DECIMAL_PATTERN, example: '1000' })
  @IsOptional()
  @IsDecimalString()
  packageSize?: string;

  @ApiPropertyOptional({ description: '`package`: the price of one started package.', pattern: DECIMAL_PATTERN, example: '2.00' })
  @IsOptional()
  @IsDecimalString()
  packagePrice?: string;
}

export class RecurringPriceDto extends ModelDto {
  @ApiProperty({ description: 'Charged each period.', enum: ['recurring'] })
  declare kind: 'recurring';

  @ApiPropertyOptional({ description: 'At the beginning of a period or at its end.', enum: BILLINGS, default: 'in_advance' })
  @IsOptional()
  @IsIn(BILLINGS)
  billing?: (typeof BILLINGS)[number];
}

export class MeteredPriceDto extends ModelDto {
  @ApiProperty({ description: 'Charged by usage.', enum: ['metered'] })
  declare kind: 'metered';

  @ApiProperty({ description: 'Key of the meter whose quantity is charged.', pattern: KEY_PATTERN, example: 'node-hours' })
  @IsKey()
  meter!: string;

  @ApiPropertyOptional({
    description: '`percentage`: a decimal fraction of the metered amount.',
    pattern: DECIMAL_PATTERN,
    example: '0.029',
  })
  @IsOptional()
  @IsDecimalString()
  rate?: string;

  @ApiPropertyOptional({ description: '`percentage`: in addition, for each event.', pattern: DECIMAL_PATTERN, example: '0.30' })
  @IsOptional()
  @IsDecimalString()
  fixedPerEvent?: string;

  @ApiPropertyOptional({ description: 'Units taken off the quantity first.', pattern: DECIMAL_PATTERN, example: '100' })
  @IsOptional()
  @IsDecimalString()
  freeUnits?: string;

  @ApiPropertyOptional({
    description: '`time_weighted` meters: units of level that are not charged at any moment.',
    pattern: DECIMAL_PATTERN,
    example: '1',
  })
  @IsOptional()
  @IsDecimalString()
  freeConcurrent?: string;

  @ApiPropertyOptional({ description: 'Charged at least, for a whole period.', pattern: DECIMAL_PATTERN, example: '5.00' })
  @IsOptional()
  @IsDecimalString()
  minimum?: string;

  @ApiPropertyOptional({ description: 'Charged at most, for a whole period.', pattern: DECIMAL_PATTERN, example: '500.00' })
  @IsOptional()
  @IsDecimalString()
  maximum?: string;

  @ApiPropertyOptional({
    description: 'Properties by which usage is told apart: one line for each group.',
    type: [String],
    maxItems: 10,
    uniqueItems: true,
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10)
  @ArrayUnique()
  @Matches(new RegExp(PROPERTY_PATTERN), { each: true })
  groupBy?: string[];

  @ApiPropertyOptional({
    description: 'Only usage whose properties have one of these values is charged.',
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'string' } },
    example: { region: ['eu'] },
  })
  @IsOptional()
  @IsUsageFilter()
  filter?: UsageFilter;

  @ApiPropertyOptional({ description: "Charged in periods shorter than the plan's, which they divide.", type: IntervalDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => IntervalDto)
  interval?: IntervalDto;
}

export const PRICE_CLASSES: ReadonlyMap<string, typeof OneTimePriceDto | typeof RecurringPriceDto | typeof MeteredPriceDto> = new Map<
  (typeof KINDS)[number],
  typeof OneTimePriceDto | typeof RecurringPriceDto | typeof MeteredPriceDto
>([
  ['one_time', OneTimePriceDto],
  ['recurring', RecurringPriceDto],
  ['metered', MeteredPriceDto],
]);

/** Each price as its kind's class, so that it is checked as one; what is no price at all is left for validation to refuse. */
export function asPrices(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return plainToInstance(PRICE_CLASSES.get(String((item as { kind?: unknown }).kind)) ?? PriceDto, item);
  });
}
