import { ApiProperty, ApiPropertyOptional, PartialType, PickType, IntersectionType, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBIC,
  IsBoolean,
  IsEmail,
  IsIBAN,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { AddressDto, PAYMENT_TERMS_DAYS_MAX, TaxIdDto } from '../../accounts/accounts.dto.js';
import { IsTimeZoneName } from '../../common/http/field-rules.js';
import { PREFIX_PATTERN } from '../../domain/document-number.js';

const PREFIX = new RegExp(PREFIX_PATTERN);

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

  @ApiProperty({
    description: 'Its number in a register of companies, as printed on invoices.',
    type: String,
    nullable: true,
    maxLength: 100,
    example: 'HRB 12345 B',
  })
  @IsString()
  @Length(1, 100)
  registrationNumber!: string | null;

  @ApiProperty({
    description: 'Where it is written to about invoices; on e-invoices its electronic address.',
    type: String,
    nullable: true,
    format: 'email',
    example: 'billing@wharfage.example',
  })
  @IsEmail()
  email!: string | null;

  @ApiProperty({
    description: 'The account to pay to, without spaces. With it e-invoices say how to pay.',
    type: String,
    nullable: true,
    example: 'DE89370400440532013000',
  })
  @IsIBAN()
  @Matches(/^[A-Z0-9]+$/)
  iban!: string | null;

  @ApiProperty({ description: 'The BIC of its bank.', type: String, nullable: true, example: 'COBADEFFXXX' })
  @IsBIC()
  bic!: string | null;

  @ApiProperty({ description: 'Terms of payment, as printed on invoices.', type: String, nullable: true, maxLength: 1000 })
  @IsString()
  @Length(1, 1000)
  paymentTerms!: string | null;

  @ApiProperty({ description: 'Where to pay to, as printed on invoices.', type: String, nullable: true, maxLength: 1000 })
  @IsString()
  @Length(0, 1000)
  bankDetails!: string | null;

  @ApiProperty({ description: 'Days from issue until an invoice is due.', type: 'integer', minimum: 0, maximum: PAYMENT_TERMS_DAYS_MAX })
  @IsInt()
  @Min(0)
  @Max(PAYMENT_TERMS_DAYS_MAX)
  paymentTermsDays!: number;

  @ApiProperty({ description: 'IANA time zone in which the year of its numbers is counted; UTC by default.', example: 'Europe/Berlin' })
  @IsTimeZoneName()
  timeZone!: string;

  @ApiProperty({
    description:
      'What the numbers of its invoices begin with. `{year}` stands for the calendar year of issue: each year is a series of its own that begins at 1. Left out it stays; by default it is made of the key.',
    pattern: PREFIX_PATTERN,
    example: 'ACME-{year}-',
  })
  @Matches(PREFIX)
  invoicePrefix!: string;

  @ApiProperty({ description: 'The same for its credit notes.', pattern: PREFIX_PATTERN, example: 'ACME-CN-{year}-' })
  @Matches(PREFIX)
  creditNotePrefix!: string;

  @ApiProperty({
    description: 'Whether it sells where an account names nobody. True takes that from the one that does; left out it stays.',
  })
  @IsBoolean()
  isDefault!: boolean;
}

const OPTIONAL = [
  'address',
  'taxIds',
  'registrationNumber',
  'email',
  'iban',
  'bic',
  'paymentTerms',
  'bankDetails',
  'paymentTermsDays',
  'timeZone',
  'invoicePrefix',
  'creditNotePrefix',
  'isDefault',
] as const;

export class PutSellerDto extends IntersectionType(OmitType(SellerFields, OPTIONAL), PartialType(PickType(SellerFields, OPTIONAL))) {
  @ApiPropertyOptional({ description: 'The key; may be left out.' })
  @IsOptional()
  @IsString()
  key?: string;
}

export class SellerView extends SellerFields {
  @ApiProperty({ description: 'Names the seller.' })
  key!: string;
}
