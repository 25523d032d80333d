import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  getSchemaPath,
  IntersectionType,
  OmitType,
  PartialType,
  PickType,
} from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
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
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { DECIMAL_PATTERN, IsCurrency, IsDecimalString, IsInstant, IsKey, KEY_PATTERN } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';
import { ACCOUNT_KINDS, type AccountKind, type Entitlement, type Price, type ProrationBasis } from '../domain/catalog.js';
import { ENTITLEMENTS_SCHEMA, IsEntitlements } from './entitlement-rules.js';
import { asPrices, IntervalDto, MeteredPriceDto, OneTimePriceDto, PRICE_CLASSES, RecurringPriceDto } from './prices.dto.js';

const BASES = ['second', 'day'] as const satisfies readonly ProrationBasis[];

/** What a plan version says, described once: all of it in an answer, some of it optional in a request. */
@ApiExtraModels(OneTimePriceDto, RecurringPriceDto, MeteredPriceDto)
class PlanFields {
  @ApiProperty({ description: 'The key chosen by the caller; in a request it may be left out.', pattern: KEY_PATTERN, example: 'cloud' })
  @IsKey()
  key!: string;

  @ApiProperty({ description: 'As printed on invoices.', minLength: 1, maxLength: 200, example: 'Cloud nodes' })
  @IsString()
  @Length(1, 200)
  name!: string;

  @ApiProperty({ description: 'Key of the product that it sells.', pattern: KEY_PATTERN, example: 'cloud' })
  @IsKey()
  product!: string;

  @ApiProperty({ description: 'ISO 4217 code of all its prices; the same in all versions.', pattern: '^[A-Z]{3}$', example: 'USD' })
  @IsCurrency()
  currency!: string;

  @ApiProperty({ description: 'How long a billing period is.', type: IntervalDto })
  @ValidateNested()
  @Type(() => IntervalDto)
  interval!: IntervalDto;

  @ApiProperty({ description: 'Days without charge at the start; 0 if left out.', type: 'integer', minimum: 0, maximum: 730, example: 0 })
  @IsInt()
  @Min(0)
  @Max(730)
  trialDays!: number;

  @ApiProperty({ description: 'Whether shares of a period count seconds or local days; `second` if left out.', enum: BASES })
  @IsIn(BASES)
  prorationBasis!: ProrationBasis;

  @ApiProperty({
    description: 'What the metered prices of a period come to at least, together.',
    type: String,
    nullable: true,
    pattern: DECIMAL_PATTERN,
    example: '10.00',
  })
  @IsDecimalString()
  minimumCommitment!: string | null;

  @ApiProperty({
    description: 'What it lets an account do, by feature key: a limit (null is unlimited), or a flag.',
    ...ENTITLEMENTS_SCHEMA,
  })
  @IsEntitlements()
  entitlements!: Readonly<Record<string, Entitlement>>;

  @ApiProperty({
    description:
      'The kinds of account that hold it without a subscription, unbilled: one plan at the most for each kind of account and product.',
    enum: ACCOUNT_KINDS,
    isArray: true,
    uniqueItems: true,
    example: [],
  })
  @IsArray()
  @ArrayMaxSize(ACCOUNT_KINDS.length)
  @ArrayUnique()
  @IsIn(ACCOUNT_KINDS, { each: true })
  defaultFor!: readonly AccountKind[];

  @ApiProperty({
    description: "Keys of the tax rates that its prices bear in the place of the account's; null where the account's apply.",
    type: [String],
    nullable: true,
    minItems: 1,
    maxItems: 10,
    uniqueItems: true,
    example: null,
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @ArrayUnique()
  @IsKey({ each: true })
  taxRates!: readonly string[] | null;

  @ApiProperty({
    description: 'What it charges.',
    type: 'array',
    maxItems: 100,
    items: {
      oneOf: [...PRICE_CLASSES.values()].map((PriceClass) => ({ $ref: getSchemaPath(PriceClass) })),
      discriminator: {
        propertyName: 'kind',
        mapping: Object.fromEntries([...PRICE_CLASSES].map(([kind, PriceClass]) => [kind, getSchemaPath(PriceClass)])),
      },
    },
  })
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Transform(({ value }: { value: unknown }) => asPrices(value))
  prices!: readonly Price[];
}

const REQUIRED = ['name', 'product', 'currency', 'interval', 'prices'] as const;

export class PutPlanDto extends IntersectionType(PickType(PlanFields, REQUIRED), PartialType(OmitType(PlanFields, REQUIRED))) {
  @ApiPropertyOptional({
    description:
      'When the next version takes effect; now if left out. Not in the past. A first version is in force from the beginning of time.',
    format: 'date-time',
  })
  @IsOptional()
  @IsInstant()
  effectiveAt?: string;
}

export class PlanVersionView extends PlanFields {
  @ApiProperty({ description: 'The number of the version whose content this is.', type: 'integer', minimum: 1 })
  version!: number;

  @ApiProperty({
    description: 'When it took or takes effect; null in the first, which always was.',
    type: String,
    nullable: true,
    format: 'date-time',
  })
  effectiveAt!: string | null;

  @ApiProperty({ description: 'When it was created.', format: 'date-time' })
  createdAt!: string;
}

export class PlanView extends PlanVersionView {
  @ApiProperty({
    description: 'The newest version: greater than `version` while that one has not taken effect.',
    type: 'integer',
    minimum: 1,
  })
  newestVersion!: number;

  @ApiProperty({ description: 'Since when it is sold to nobody any more.', type: String, nullable: true, format: 'date-time' })
  archivedAt!: string | null;

  @ApiProperty({ description: 'When the plan was last changed.', format: 'date-time' })
  updatedAt!: string;
}

export class PlansQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only plans of this product.', pattern: KEY_PATTERN, example: 'hub' })
  @IsOptional()
  @IsKey()
  product?: string;
}
