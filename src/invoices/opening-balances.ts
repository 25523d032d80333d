import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { formatMoney } from '../domain/currency.js';
import { openingBalanceEntry } from '../domain/ledger.js';
import { Refusal } from '../domain/refusal.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { insertBalanceChanges } from './balances.js';

const CAUSE = { causeKind: 'import', causeId: 'opening balance' } as const;

export interface OpeningBalance {
  readonly accountId: string;
  /** The account's. */
  readonly key: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** Credit that accounts bring along from another system: once for each account. */
@Injectable()
export class OpeningBalances {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly ledger: LedgerService,
  ) {}

  /** The same amount again changes nothing. @throws Refusal `opening_balance_fixed` */
  async set(tx: Tx, actor: Actor, { accountId, key, amountMinor, currency }: OpeningBalance): Promise<void> {
    const [known] = await tx.query<{ amount: bigint }[]>(
      'select amount_minor as amount from balance_entry where account_id = $1 and cause_kind = $2 and cause_id = $3',
      [accountId, CAUSE.causeKind, CAUSE.causeId],
    );
    if (known?.amount === amountMinor || (known === undefined && amountMinor === 0n)) return;
    if (known)
      throw new Refusal(
        'conflict',
        'opening_balance_fixed',
        `The account brought along ${formatMoney(known.amount, currency)} ${currency} already: that amount is not changed.`,
      );
    const at = this.clock.now();
    await insertBalanceChanges(tx, [{ accountId, at, amountMinor, ...CAUSE }]);
    await this.ledger.post(tx, [{ accountId, at, ...CAUSE, entry: openingBalanceEntry(amountMinor, currency) }]);
    await this.audit.record(tx, {
      actor,
      action: 'account.balance_opened',
      accountId,
      subjectType: 'account',
      subjectId: key,
      after: { amount: formatMoney(amountMinor, currency), currency },
    });
  }
}
