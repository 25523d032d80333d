import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import { Providers } from '../providers/providers.js';
import { METHOD_COLUMNS, METHOD_ORDER, type PaymentMethod } from './payment-records.js';

/** Which payment method an account would be charged by now. */
@Injectable()
export class CurrentMethods {
  constructor(
    private readonly accounts: AccountsService,
    private readonly providers: Providers,
  ) {}

  /** By account: the one added last of those that its provider holds; none where the provider does not collect. Methods of other providers do not count. */
  async of(tx: Tx, accountIds: readonly string[]): Promise<Map<string, PaymentMethod>> {
    const profiles = [...(await this.accounts.profiles(tx, [...new Set(accountIds)])).values()];
    const rows = await tx.query<PaymentMethod[]>(
      `select distinct on (account_id) ${METHOD_COLUMNS} from payment_method
       where (account_id, provider) in (select * from unnest($1::uuid[], $2::text[])) order by account_id, ${METHOD_ORDER}`,
      [profiles.map(({ id }) => id), profiles.map(({ provider }) => provider)],
    );
    return new Map(rows.filter(({ provider }) => this.providers.collects(provider)).map((row) => [row.accountId, row]));
  }
}
