import { ApiExtraModels, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsOptional, ValidateNested } from 'class-validator';
import { DECIMAL_PATTERN, IsDecimalString } from '../common/http/field-rules.js';
import type { Entitlement, Price } from '../domain/catalog.js';
import { ENTITLEMENTS_SCHEMA, IsEntitlements } from '../plans/entitlement-rules.js';
import { asPrices, MeteredPriceDto, OneTimePriceDto, PRICE_CLASSES, RecurringPriceDto } from '../plans/prices.dto.js';

/** What one subscription is granted beyond its plan. */
@ApiExtraModels(OneTimePriceDto, RecurringPriceDto, MeteredPriceDto)
export class OverridesDto {
  @ApiPropertyOptional({
    description: "Prices in the place of the plan's prices of the same keys and kinds.",
    type: 'array',
    maxItems: 100,
    items: { oneOf: [...PRICE_CLASSES.values()].map((PriceClass) => ({ $ref: getSchemaPath(PriceClass) })) },
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Transform(({ value }: { value: unknown }) => asPrices(value))
  prices?: readonly Price[];

  @ApiPropertyOptional({ description: "In the place of the plan's.", type: String, pattern: DECIMAL_PATTERN, example: '10.00' })
  @IsOptional()
  @IsDecimalString()
  minimumCommitment?: string;

  @ApiPropertyOptional({ ...ENTITLEMENTS_SCHEMA, description: "Besides the plan's: the higher of both holds." })
  @IsOptional()
  @IsEntitlements()
  entitlements?: Readonly<Record<string, Entitlement>>;
}
