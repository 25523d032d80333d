import { ApiProperty, type ApiPropertyOptions, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { IsIn, IsString, Length } from 'class-validator';
import { IsCodes, IsKey, IsTimeZoneName, KEY_PATTERN } from '../../common/http/field-rules.js';
import { type Codes, DATE_FORMATS, type MappingContent } from './mapping-content.js';

const codes = (description: string, example: Codes): ApiPropertyOptions => ({
  description,
  type: 'object',
  additionalProperties: { type: 'string' },
  example,
});

/** A mapping's fields, described once: all of them in an answer, only the name required in a request. */
class AccountingMappingFields implements MappingContent {
  @ApiProperty({ description: 'The key chosen by the caller; in a request it may be left out.', pattern: KEY_PATTERN, example: 'xero' })
  @IsKey()
  key!: string;

  @ApiProperty({ description: 'For people.', minLength: 1, maxLength: 100, example: 'Xero UK' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty(codes('What lines of a product are booked to: the account (Xero) or item (QuickBooks, NetSuite).', { cloud: '200' }))
  @IsCodes()
  products!: Codes;

  @ApiProperty(codes('The same for a plan; it goes before its product.', { 'cloud-pro': '201' }))
  @IsCodes()
  plans!: Codes;

  @ApiProperty(codes('The same for one price, as `plan/price`; it goes before its plan.', { 'cloud-pro/support': '210' }))
  @IsCodes()
  prices!: Codes;

  @ApiProperty(
    codes('The tax code of a tax rate; of several on one line together, in their order, with a blank in between.', {
      'gb-vat': '20% (VAT on Income)',
    }),
  )
  @IsCodes()
  taxes!: Codes;

  @ApiProperty({ description: 'The tax code of lines without tax.', type: String, nullable: true, maxLength: 200, example: 'No VAT' })
  @IsString()
  @Length(1, 200)
  untaxed!: string | null;

  @ApiProperty(codes("The account of the books for each of the ledger's accounts.", { accounts_receivable: '610', revenue: '200' }))
  @IsCodes()
  ledgerAccounts!: Codes;

  @ApiProperty({
    description: 'How days are written; as is usual for the layout, where absent.',
    type: String,
    enum: DATE_FORMATS,
    nullable: true,
  })
  @IsIn(DATE_FORMATS)
  dateFormat!: (typeof DATE_FORMATS)[number] | null;

  @ApiProperty({
    description:
      'Where the books are kept, which says what day an invoice is of; UTC if left out. Journal entries are of days of UTC, as their months are.',
    example: 'Europe/London',
  })
  @IsTimeZoneName()
  timeZone!: string;
}

const REQUIRED = ['name'] as const;

export class PutAccountingMappingDto extends IntersectionType(
  PickType(AccountingMappingFields, REQUIRED),
  PartialType(OmitType(AccountingMappingFields, REQUIRED)),
) {}

export class AccountingMappingView extends AccountingMappingFields {
  @ApiProperty({ description: 'When the mapping was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}
