import { ApiProperty, ApiPropertyOptional, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsISO31661Alpha2,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsCurrency, IsKey, IsMetadata, IsTimeZoneName, KEY_PATTERN } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';
import { ACCOUNT_KINDS, type AccountKind } from '../domain/catalog.js';
import { type Address, type Grace, type ProviderName, PROVIDERS, type TaxId } from './account-profile.js';

export const PAYMENT_TERMS_DAYS_MAX = 365;

export class AddressDto implements Address {
  @ApiProperty({ description: 'Street and number, or a post box.', maxLength: 200, example: 'Kaiserstraße 1' })
  @IsString()
  @Length(1, 200)
  line1!: string;

  @ApiPropertyOptional({ description: 'More of the street address.', maxLength: 200 })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  line2?: string;

  @ApiProperty({ description: 'The city.', maxLength: 100, example: 'Berlin' })
  @IsString()
  @Length(1, 100)
  city!: string;

  @ApiPropertyOptional({ description: 'State, province or county.', maxLength: 100 })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  region?: string;

  @ApiPropertyOptional({ description: 'The postal code.', maxLength: 20, example: '10117' })
  @IsOptional()
  @IsString()
  @Length(1, 20)
  postalCode?: string;

  @ApiProperty({ description: 'ISO 3166-1 alpha-2 code of the country.', pattern: '^[A-Z]{2}$', example: 'DE' })
  @IsISO31661Alpha2()
  @Matches(/^[A-Z]{2}$/)
  country!: string;
}

export class TaxIdDto implements TaxId {
  @ApiProperty({ description: 'Country or union and kind of number.', pattern: '^[a-z]{2}_[a-z]{2,20}$', example: 'eu_vat' })
  @Matches(/^[a-z]{2}_[a-z]{2,20}$/)
  type!: string;

  @ApiProperty({ description: 'The number as it is written on invoices.', maxLength: 40, example: 'DE123456789' })
  @Matches(/^[A-Z0-9][A-Z0-9 ./-]{1,39}$/)
  value!: string;
}

const GRACE_UNITS = ['minute', 'hour', 'day'] as const;

export class GraceDto implements Grace {
  @ApiProperty({ description: 'The unit of time; a day has 24 hours.', enum: GRACE_UNITS })
  @IsIn(GRACE_UNITS)
  unit!: Grace['unit'];

  @ApiProperty({ description: 'How many of them; 0 for no grace.', type: 'integer', minimum: 0, maximum: 4_320, example: 1 })
  @IsInt()
  @Min(0)
  @Max(4_320)
  count!: number;
}

/** An account's fields, described once: all of them in an answer, most of them optional in a request. */
class AccountFields {
  @ApiProperty({ description: 'The key chosen by the caller; in a request it may be left out.', pattern: KEY_PATTERN, example: 'acme' })
  @IsKey()
  key!: string;

  @ApiProperty({ description: 'A person, or an organization. A user becomes an organization by /convert.', enum: ACCOUNT_KINDS })
  @IsIn(ACCOUNT_KINDS)
  kind!: AccountKind;

  @ApiProperty({ description: 'Who is billed, as printed on invoices.', minLength: 1, maxLength: 200, example: 'Acme GmbH' })
  @IsString()
  @Length(1, 200)
  name!: string;

  @ApiProperty({ description: 'Where invoices are sent.', type: String, nullable: true, format: 'email', example: 'billing@acme.example' })
  @IsEmail()
  email!: string | null;

  @ApiProperty({ description: 'ISO 4217 code. Fixed once something is billed.', pattern: '^[A-Z]{3}$', example: 'USD' })
  @IsCurrency()
  currency!: string;

  @ApiProperty({
    description: 'IANA time zone in which billing periods are counted, UTC if left out. A subscription keeps the one it started in.',
    example: 'Europe/Berlin',
  })
  @IsTimeZoneName()
  timeZone!: string;

  @ApiProperty({ description: 'The billing address.', type: AddressDto, nullable: true })
  @ValidateNested()
  @Type(() => AddressDto)
  address!: Address | null;

  @ApiProperty({ description: 'Tax identification numbers, printed on invoices.', type: [TaxIdDto], maxItems: 10 })
  @IsArray()
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => TaxIdDto)
  taxIds!: readonly TaxId[];

  @ApiProperty({ description: 'Keys of the tax rates that apply.', type: [String], maxItems: 10, uniqueItems: true })
  @IsArray()
  @ArrayMaxSize(10)
  @ArrayUnique()
  @IsKey({ each: true })
  taxRates!: readonly string[];

  @ApiProperty({
    description:
      'Who collects: `manual` (wire or cheque, the default), `stripe` or `recurly` where the service has their keys, or `sandbox` (for trying out).',
    enum: PROVIDERS,
  })
  @IsIn(PROVIDERS)
  provider!: ProviderName;

  @ApiProperty({ description: 'Key of who sells to it; null for the default seller.', type: String, nullable: true, pattern: KEY_PATTERN })
  @IsKey()
  seller!: string | null;

  @ApiProperty({
    description: "Days from issue until its invoices are due; null for the seller's.",
    type: 'integer',
    nullable: true,
    minimum: 0,
    maximum: PAYMENT_TERMS_DAYS_MAX,
  })
  @IsInt()
  @Min(0)
  @Max(PAYMENT_TERMS_DAYS_MAX)
  paymentTermsDays!: number | null;

  @ApiProperty({
    description:
      'How long after the end of the period an invoice with metered lines is a draft, and takes usage that comes late: at most 72 hours; null for what the service is set to.',
    type: GraceDto,
    nullable: true,
  })
  @ValidateNested()
  @Type(() => GraceDto)
  usageGrace!: Grace | null;

  @ApiProperty({
    description: 'Key of the dunning policy by which its invoices are collected again; the default one if left out.',
    type: String,
    nullable: true,
    pattern: KEY_PATTERN,
    example: 'patient',
  })
  @IsKey()
  dunningPolicy!: string | null;

  @ApiProperty({
    description: 'Text values of the caller: up to 50, with names of up to 40 and values of up to 500 characters.',
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 500 },
    example: { crm: '0815' },
  })
  @IsMetadata()
  metadata!: Readonly<Record<string, string>>;
}

const REQUIRED = ['kind', 'name', 'currency'] as const;

export class PutAccountDto extends IntersectionType(PickType(AccountFields, REQUIRED), PartialType(OmitType(AccountFields, REQUIRED))) {}

export class ConvertAccountDto {
  @ApiPropertyOptional({ description: 'Converts though more is used than an organization may.', default: false })
  @IsOptional()
  @IsBoolean()
  force?: boolean;
}

export class AccountView extends AccountFields {
  @ApiProperty({ description: 'When the account was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}

export class AccountsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only accounts of this kind.', enum: ACCOUNT_KINDS })
  @IsOptional()
  @IsIn(ACCOUNT_KINDS)
  kind?: AccountKind;

  @ApiPropertyOptional({ description: 'Only accounts billed in this currency.', pattern: '^[A-Z]{3}$', example: 'USD' })
  @IsOptional()
  @IsCurrency()
  currency?: string;
}
