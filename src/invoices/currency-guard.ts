import { Injectable, type OnModuleInit } from '@nestjs/common';
import { accountCurrencyChanging } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import { Hooks } from '../common/hooks.js';
import { Refusal } from '../domain/refusal.js';
import { claimOne } from './billing-state.js';

/** Both walk primary keys that begin with the account. */
const HOLDS = `
  select exists (select 1 from invoice where account_id = $1) as billed,
    exists (select 1 from balance_entry where account_id = $1) as credited`;

/**
 * What was billed, and what stands on the balance, is money of the account's currency. So the first invoice, or the first entry of the
 * balance, fixes it: nothing else has to be noted, nor the account's row be locked by who bills it.
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
    const [held] = await tx.query<{ billed: boolean; credited: boolean }[]>(HOLDS, [accountId]);
    const what = held?.billed
      ? 'Something was billed to the account'
      : held?.credited
        ? 'Something was put on the balance of the account'
        : undefined;
    if (what !== undefined)
      throw new Refusal(
        'conflict',
        'currency_fixed',
        `${what} in ${before}, which fixes its currency: use another account for ${currency}.`,
      );
  }
}
