import { ApiProperty, ApiPropertyOptional, PartialType, PickType, IntersectionType, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { AddressDto, TaxIdDto } from '../../accounts/accounts.dto.js';

class SellerFields {
  @ApiProperty({ description: 'The name of the legal entity.', minLength: 1, maxLength: 200, example: 'Wharfage Ltd' })
  @IsString()
  @Length(1, 200)
  name!: string;

  @ApiProperty({ description: 'Where it is.', type: AddressDto, nullable: true })
  @ValidateNested()
  @Type(() => AddressDto)
  address!: AddressDto | null;

  @ApiProperty({ description: 'Its tax numbers.', type: [TaxIdDto], maxItems: 20 })
  @IsArray()
  @ArrayMaxSize(20)
  @ValidateNested({ each: true })
  @Type(() => TaxIdDto)
  taxIds!: TaxIdDto[];

  @ApiProperty({ description: 'Where to pay to, as printed on invoices.', type: String, nullable: true, maxLength: 1000 })
  @IsString()
  @Length(0, 1000)
  bankDetails!: string | null;

  @ApiProperty({ description: 'Days from issue until an invoice is due.', type: 'integer', minimum: 0, maximum: 365 })
  @IsInt()
  @Min(0)
  @Max(365)
  paymentTermsDays!: number;
}

const OPTIONAL = ['address', 'taxIds', 'bankDetails', 'paymentTermsDays'] as const;

export class PutSellerDto extends IntersectionType(OmitType(SellerFields, OPTIONAL), PartialType(PickType(SellerFields, OPTIONAL))) {
  @ApiPropertyOptional({ description: 'The key; may be left out.' })
  @IsOptional()
  @IsString()
  key?: string;
}

export class SellerView extends SellerFields {
  @ApiProperty({ description: 'Names the seller.' })
  key!: string;

  @ApiProperty({ description: 'The number series of its invoices.' })
  series!: string;

  @ApiProperty({ description: 'The number series of its credit notes.' })
  creditNoteSeries!: string;

  @ApiProperty({ description: 'Whether it sells where nothing else is said.' })
  isDefault!: boolean;
}
