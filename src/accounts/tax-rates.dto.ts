import { ApiProperty, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, Length } from 'class-validator';
import { DECIMAL_PATTERN, IsDecimalString, IsKey, KEY_PATTERN } from '../common/http/field-rules.js';
import type { TaxCategory, TaxRate } from '../domain/catalog.js';

const CATEGORIES = ['S', 'AE', 'Z', 'E', 'G', 'K', 'O'] as const satisfies readonly TaxCategory[];

/** A tax rate's fields, described once: all of them in an answer, most of them required in a request. */
class TaxRateFields implements TaxRate {
  @ApiProperty({ description: 'The key chosen by the caller; in a request it may be left out.', pattern: KEY_PATTERN, example: 'de-vat' })
  @IsKey()
  key!: string;

  @ApiProperty({ description: 'As printed on invoices. May be changed.', minLength: 1, maxLength: 100, example: 'USt. 19 %' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ description: 'A decimal fraction: "0.19" is 19 %.', pattern: DECIMAL_PATTERN, example: '0.19' })
  @IsDecimalString()
  rate!: string;

  @ApiProperty({
    description:
      'Tax category of UNCL 5305: S standard, Z zero rated, E exempt, AE reverse charge, K intra-community supply, G export, O outside the scope of tax. S if left out.',
    enum: CATEGORIES,
  })
  @IsIn(CATEGORIES)
  category!: TaxCategory;

  @ApiProperty({ description: 'Whether amounts contain the tax already; false if left out.' })
  @IsBoolean()
  inclusive!: boolean;

  @ApiProperty({
    description:
      'Why no tax is charged, as printed on invoices; a remark by category if left out. Not for S and Z, which are no exemptions.',
    type: String,
    nullable: true,
    maxLength: 200,
  })
  @IsString()
  @Length(1, 200)
  exemptionReason!: string | null;

  @ApiProperty({ description: 'An archived tax rate stays on the accounts that have it and is given to no other. May be changed.' })
  @IsBoolean()
  archived!: boolean;
}

const REQUIRED = ['name', 'rate'] as const;

export class PutTaxRateDto extends IntersectionType(PickType(TaxRateFields, REQUIRED), PartialType(OmitType(TaxRateFields, REQUIRED))) {}

export class TaxRateView extends TaxRateFields {
  @ApiProperty({ description: 'When the tax rate was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}
