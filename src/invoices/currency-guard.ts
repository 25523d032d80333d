import { Injectable, type OnModuleInit } from '@nestjs/common';
import { accountCurrencyChanging } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import { Hooks } from '../common/hooks.js';
import { Refusal } from '../domain/refusal.js';
import { claimOne } from './billing-state.js';

/** All walk primary keys that begin with the account. */
const HOLDS = `
  select exists (select 1 from invoice where account_id = $1 union all select 1 from invoice_draft where account_id = $1) as billed,
    exists (select 1 from balance_entry where account_id = $1) as credited,
    exists (select 1 from credit_grant where account_id = $1) as granted`;

/**
 * What was billed, what stands on the balance, and what was granted, is money of the account's currency. So the first invoice, entry of the
 * balance or credit grant fixes it: nothing else has to be noted, nor the account's row be locked by who bills it.
 */
@Injectable()
export class CurrencyGuard implements OnModuleInit {
  constructor(private readonly hooks: Hooks) {}

  onModuleInit(): void {
    this.hooks.on(accountCurrencyChanging, (tx, change) => this.refuse(tx, change));
  }

  /** @throws Refusal `currency_fixed` */
  private async refuse(tx: Tx, { accountId, before, currency }: { accountId: string; before: string; currency: string }): Promise<void> {
    await claimOne(tx, accountId); // whoever bills the account read its currency under this lock
    const [held] = await tx.query<{ billed: boolean; credited: boolean; granted: boolean }[]>(HOLDS, [accountId]);
    const what = held?.billed
      ? 'Something was billed to the account'
      : held?.credited
        ? 'Something was put on the balance of the account'
        : held?.granted
          ? 'Credit was granted to the account'
          : undefined;
    if (what !== undefined)
      throw new Refusal(
        'conflict',
        'currency_fixed',
        `${what} in ${before}, which fixes its currency: use another account for ${currency}.`,
      );
  }
}
