import { IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { PutAccountDto } from '../../accounts/accounts.dto.js';
import { IsDecimalString, IsInstant, IsKey, IsQuantities } from '../../common/http/field-rules.js';

/** An account as PUT /v2/accounts takes it, and what it brings along. */
export class ImportAccountDto extends PutAccountDto {
  @IsKey()
  declare key: string;

  /** Credit that it holds, in major units of its currency. */
  @IsOptional()
  @IsDecimalString()
  openingBalance?: string;

  /** The account at its payment provider. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  providerCustomer?: string;

  /** The payment method there. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  providerMethod?: string;
}

/** A subscription as it runs in another system. */
export class ImportSubscriptionDto {
  @IsString()
  @Length(1, 200)
  reference!: string;

  @IsKey()
  account!: string;

  @IsKey()
  plan!: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  planVersion?: number;

  @IsInstant()
  anchorAt!: string;

  @IsInstant()
  paidThrough!: string;

  @IsOptional()
  @IsQuantities()
  quantities?: Record<string, number>;

  @IsOptional()
  @IsInstant()
  endsAt?: string;
}
